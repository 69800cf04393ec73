"""The whole loop over a labelled history, by the pure core alone: no Prefect, no MLflow.

What `monitor`, `retrain` and `shadow` do with doors to the outside is done here in memory, with
every fit kept, so that a policy can be tried on years of data in seconds.
"""

import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from benchmarks.histories import LabelledHistory
from incumbent.decision import decide, plainly_broken, resumes
from incumbent.digest import text_digest
from incumbent.gain import closer, measure_gain, shown
from incumbent.harm import INVERSION, UNRELATED, judge_harm
from incumbent.intake import blocks_of, ids_of
from incumbent.labels import Labelled
from incumbent.metrics import METRIC_NAMES, row_losses, truth_of
from incumbent.params import ModelSpec, Trigger
from incumbent.promotion import distance_failure
from incumbent.records import (
    Action,
    Burden,
    ColumnProfile,
    Decision,
    DecisionInputs,
    FittedModel,
    GainReport,
    HarmReport,
    Judged,
    ModelCard,
    Outcome,
    PairedBlock,
    Past,
    Predictions,
    Profile,
    Ruling,
    TrainingSet,
)
from incumbent.scoring import predict
from incumbent.shadow import Losses, compare, judge, pair
from incumbent.slope import calibration_slope
from incumbent.training import classes_of, fit, halves, recency, split
from incumbent.training import judge as judge_model


@dataclass(frozen=True)
class Key:
    """A model: the rows up to a batch, newer ones counting more or all alike, half of the next."""

    through: int
    recent: bool
    half: bool = False


@dataclass(frozen=True)
class Tried:
    """What a policy brought on a history, and a line on each decision that was not `none`."""

    loss: float
    trainings: int
    fits: int
    promotions: int
    said: tuple[str, ...] = ()


class Fits:
    """Every model of a history, fitted at most once; kept in a folder where one is given."""

    def __init__(
        self, history: LabelledHistory, spec: ModelSpec, folder: Path | None = None
    ) -> None:
        self.history, self.spec, self.folder = history, spec, folder
        self._models: dict[Key, Pipeline] = {}
        self._losses: dict[tuple[int, Key], tuple[NDArray[np.float64], Losses]] = {}

    def model(self, key: Key) -> Pipeline:
        """The recipe fitted on the rows that the key names."""
        if key not in self._models:
            self._models[key] = self._load(key)
        return self._models[key]

    def rows(self, key: Key) -> pd.DataFrame:
        """The rows that a model was fitted on."""
        rows = self.history.through(key.through)
        if not key.half:
            return rows
        cut = halves(self.history.batch(key.through + 1), self.spec)
        return rows if cut is None else pd.concat([rows, cut[0]], ignore_index=True)

    def losses(self, batch: int, key: Key) -> tuple[NDArray[np.float64], Losses]:
        """Predictions of a batch, shape (n, k), and the losses of its rows by metric."""
        if (batch, key) not in self._losses:
            self._losses[batch, key] = self._score(self.history.batch(batch), self.model(key))
        return self._losses[batch, key]

    def on(self, rows: pd.DataFrame, key: Key) -> tuple[NDArray[np.float64], Losses]:
        """Predictions of any rows, and their losses by metric."""
        return self._score(rows, self.model(key))

    def _score(self, rows: pd.DataFrame, model: Pipeline) -> tuple[NDArray[np.float64], Losses]:
        task = self.spec.task
        values = predict(model, rows[list(self.history.kinds)], task)
        truth = truth_of(rows[self.spec.target], task, classes_of(model, task))
        return values, row_losses(values, truth, task)

    def _load(self, key: Key) -> Pipeline:
        if self.folder is None:
            return self._fit(key)
        recipe = {k: v for k, v in self.spec.model_dump().items() if k.startswith("training_")}
        name = text_digest([self.history.name, str(len(self.history)), str(key), str(recipe)])
        path = self.folder / f"{name}.pickle"
        if path.exists():
            return pickle.loads(path.read_bytes())  # noqa: S301 - written by the lines below
        path.write_bytes(pickle.dumps(model := self._fit(key)))
        return model

    def _fit(self, key: Key) -> Pipeline:
        rows = self.rows(key)
        weights = recency(rows, self.spec) if key.recent else None
        return fit(rows, self.spec, self.history.kinds, weights)


@dataclass
class State:
    """Where the loop stands: the champion and what it promised, and what is remembered."""

    champion: Key
    card: ModelCard
    version: int = 1
    looks: int = 0
    past: tuple[Past, ...] = ()
    waiting: tuple[Key, tuple[PairedBlock, ...]] | None = None
    fits: int = 0
    promotions: int = 0
    said: list[str] = field(default_factory=list)


def ours(fits: Fits) -> Tried:
    """The spec's own policy over a history; every batch is scored before its labels come."""
    state, losses, name = _first(fits), [], METRIC_NAMES[fits.spec.task]
    for batch in range(len(fits.history)):
        losses.append(fits.losses(batch, state.champion)[1][name].sum())
        _step(fits, state, batch)
    rows = sum(len(fits.history.batch(b)) for b in range(len(fits.history)))
    trainings = sum(p.retrained for p in state.past)
    return Tried(sum(losses) / rows, trainings, state.fits, state.promotions, tuple(state.said))


def fixed(fits: Fits, trained_after: tuple[int, ...]) -> Tried:
    """A policy that retrains after these batches on all rows alike, and asks no gate."""
    total, rows, name = 0.0, 0, METRIC_NAMES[fits.spec.task]
    for batch in range(len(fits.history)):
        newest = max((k for k in trained_after if k < batch), default=-1)
        found = fits.losses(batch, Key(newest, recent=False))[1][name]
        total, rows = total + float(found.sum()), rows + len(found)
    count = len(trained_after)
    return Tried(total / rows, count, count, count)


def _step(fits: Fits, state: State, batch: int) -> None:
    harm, gain = _harm(fits, state, batch), None
    harmed = {s.signal for s in harm.signals if s.harmed}
    usual = state.waiting is None and fits.spec.trigger is Trigger.HARM
    if harm.enough and INVERSION not in harmed and (usual or UNRELATED in harmed):
        gain = _backtest(fits, state, batch, harm)
    inputs = DecisionInputs(
        fits.spec,
        str(batch),
        state.version,
        Outcome.PASS,
        None,
        harm,
        None,
        state.waiting is not None,
        gain=gain,
        past=state.past,
    )
    decision, version = decide(inputs), state.version
    retrains = decision.action is Action.RETRAIN
    if retrains or resumes(inputs):
        _retrain(fits, state, batch, anew=retrains and plainly_broken(inputs))
    saved = None if gain is None else gain.saved
    rows = len(fits.history.batch(batch))
    loss = harm.metrics.get(harm.metric_name) if harm.enough else None
    state.past += (Past(str(batch), rows, version, retrains, saved, loss),)
    state.said.extend(_say(batch, decision, state))


def _say(batch: int, decision: Decision, state: State) -> Iterator[str]:
    if decision.action is not Action.NONE:
        because = ", ".join(r.signal for r in decision.reasons)
        blocked = ", ".join(r.signal for r in decision.blocked)
        yield f"{batch:>3} {decision.action.value:<8} v{state.version} {because} | {blocked}"


def _harm(fits: Fits, state: State, batch: int) -> HarmReport:
    rows = fits.history.batch(batch)
    values, _ = fits.losses(batch, state.champion)
    ids, blocks = ids_of(rows, fits.spec), blocks_of(rows, fits.spec)
    said = Predictions(ids, blocks, values, np.ones(len(rows), dtype=bool))
    labelled = Labelled(said, np.arange(len(rows)), rows[fits.spec.target], 0)
    mine = (p.loss for p in state.past if p.champion == state.version)
    earlier = [loss for loss in mine if loss is not None]
    return judge_harm(labelled, len(rows), state.card, None, earlier)


def _backtest(fits: Fits, state: State, batch: int, harm: HarmReport) -> GainReport | None:
    rows, first = fits.history.batch(batch), None
    if state.champion.through < batch - 1:
        first = _try(fits, state, batch, Key(batch - 1, recent=True), rows)
        harmed = {s.signal for s in harm.signals if s.harmed}
        if not harmed or (shown(first) and UNRELATED not in harmed):
            return first
    if (cut := halves(rows, fits.spec)) is None:
        return first
    second = _try(fits, state, batch, Key(batch - 1, recent=True, half=True), cut[1])
    return second if first is None else closer(first, second)


def _try(fits: Fits, state: State, batch: int, key: Key, judged: pd.DataFrame) -> GainReport:
    state.fits += 1
    (_, ours), (said, theirs) = fits.on(judged, state.champion), fits.on(judged, key)
    task, confidence = fits.spec.task, fits.spec.harm_confidence
    truth = truth_of(judged[fits.spec.target], task, classes_of(fits.model(key), task))
    return measure_gain(
        pair(ours, theirs, blocks_of(judged, fits.spec)),
        state.card,
        rows=len(fits.history.batch(batch)),
        learnt=len(fits.rows(key)) - len(fits.history.through(state.champion.through)),
        look=state.looks + 1,
        within=key.half,
        slope=calibration_slope(said, truth, task, confidence),
    )


def _retrain(fits: Fits, state: State, batch: int, *, anew: bool) -> None:
    rows = fits.history.batch(batch)
    candidate, earlier = state.champion, tuple[PairedBlock, ...]()
    if state.waiting is not None and not anew:
        candidate, earlier = state.waiting
    elif state.champion.through < batch - 1:
        candidate = Key(batch - 1, recent=True)
    newest = pair(
        fits.losses(batch, state.champion)[1],
        fits.losses(batch, candidate)[1],
        blocks_of(rows, fits.spec),
    )
    evidence, state.looks = (*earlier, *newest), state.looks + 1
    verdict = judge(compare(evidence, fits.spec, state.looks), Burden.REFRESH, fits.spec)
    state.waiting = (candidate, evidence) if verdict.verdict is Ruling.EXTEND else None
    state.said.append(f"{batch:>3} {verdict.verdict.value:<8} {verdict.reasons[0]}")
    if verdict.verdict is Ruling.PROMOTE:
        _promote(fits, state, batch, candidate)


def _promote(fits: Fits, state: State, batch: int, candidate: Key) -> None:
    rows, key = fits.history.batch(batch), Key(batch, recent=True)
    model = fits.model(candidate)
    card = _card(fits, key, judge_model(model, rows, fits.spec, fits.history.kinds))
    before, after = _fitted(fits, candidate, card), _fitted(fits, key, card)
    state.fits += 1
    known = fits.history.through(batch - 1)
    if failure := distance_failure(before, after, known, rows, fits.spec):
        state.said.append(f"{batch:>3} refused  {failure}")
        return
    state.champion, state.card = key, card
    state.version, state.looks, state.promotions = state.version + 1, 0, state.promotions + 1


def _first(fits: Fits) -> State:
    key, rows = Key(-1, recent=False), fits.history.batch(-1)
    head, tail = split(rows, fits.spec)
    judged = fit(head, fits.spec, fits.history.kinds)
    return State(key, _card(fits, key, judge_model(judged, tail, fits.spec, fits.history.kinds)))


def _card(fits: Fits, key: Key, promised: Judged) -> ModelCard:
    none, kinds = np.empty(0), fits.history.kinds
    columns = {n: ColumnProfile(k, 0, 0, none, (), none.astype(int)) for n, k in kinds.items()}
    training = TrainingSet(str(key), len(fits.rows(key)), None, ())
    classes = classes_of(fits.model(key), fits.spec.task)
    profile = Profile(0, 0, columns)
    return ModelCard(fits.spec, classes, promised.threshold, profile, promised.baseline, training)


def _fitted(fits: Fits, key: Key, card: ModelCard) -> FittedModel:
    classes = classes_of(fits.model(key), fits.spec.task)
    return FittedModel(
        replace(card, classes=classes), fits.model(key), pd.DataFrame(), pd.DataFrame()
    )
