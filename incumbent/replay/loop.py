"""The whole loop over a labelled history, by the pure core alone: no Prefect, no MLflow.

What `monitor`, `retrain` and `shadow` do with gateways to the outside is done here in memory, with
every fit kept, so that a policy is tried on a whole history in the seconds of its own new fits.
What `monitor` set aside or excluded, the history says. One thing is left out: an id that comes
again judges again.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from incumbent.data.intake import blocks_of, ids_of, period_of
from incumbent.data.labels import Labelled
from incumbent.model.scoring import classes_of
from incumbent.model.training import halves
from incumbent.monitoring.drift import persistent
from incumbent.monitoring.harm import INVERSION, UNRELATED, judge_harm
from incumbent.monitoring.label_faults import cross_batch_slope
from incumbent.params import ModelSpec, Trigger
from incumbent.policy.decision import decide, plainly_broken, resumes
from incumbent.policy.gain import is_significant, larger_gain, measure_gain
from incumbent.policy.limits import BUDGET_WINDOW
from incumbent.policy.shadow import pair
from incumbent.records import (
    Action,
    Decision,
    DecisionInputs,
    Estimate,
    GainReport,
    HarmReport,
    JudgedBatch,
    Outcome,
    Predictions,
)
from incumbent.replay.fits import FitKey, Fits
from incumbent.replay.gate import retrain
from incumbent.replay.labelled_history import DAY_SECONDS
from incumbent.replay.state import State, Trial, first_champion
from incumbent.statistics.metrics import METRIC_NAMES, truth_of
from incumbent.statistics.slope import calibration_slope, related


def replay_policy(fits: Fits, spec: ModelSpec | None = None, label_delay: int = 0) -> Trial:
    """A spec's own policy over a history; every batch is scored before its labels come.

    Args:
        fits: The models. Their recipe is the spec's.
        spec: The policy; None: that of the spec of the fits.
        label_delay: After how many more batches the labels of a batch come.
    """
    state, batches = first_champion(fits, spec or fits.spec), len(fits.history)
    for batch in range(batches):
        _arrive(state, batch)
        if batch >= label_delay:
            _judge(state, batch - label_delay)
    for batch in range(max(batches - label_delay, 0), batches):
        _judge(state, batch)
    return Trial(
        tuple(state.losses),
        _sizes(fits),
        tuple(state.actions),
        tuple(state.verdicts),
        tuple(state.scored_by),
        state.fits_made,
        state.promotions,
        tuple(state.said),
    )


def fixed(fits: Fits, trained_after: tuple[int, ...], label_delay: int = 0) -> Trial:
    """A policy that retrains after these batches on all rows alike, and asks no gate."""
    losses, count = [], len(trained_after)
    for batch in range(len(fits.history)):
        newest = max((k for k in trained_after if k < batch - label_delay), default=-1)
        losses.append(_mean_loss(fits, batch, FitKey(newest, recent=False)))
    after = (batch in trained_after for batch in range(len(fits.history)))
    actions = tuple((Action.RETRAIN if a else Action.NONE).value for a in after)
    return Trial(tuple(losses), _sizes(fits), actions, fits=count, promotions=count)


def _sizes(fits: Fits) -> tuple[int, ...]:
    return tuple(len(fits.history.batch(b)) for b in range(len(fits.history)))


def _mean_loss(fits: Fits, batch: int, key: FitKey) -> float:
    losses = fits.losses(batch, key)[1][METRIC_NAMES[fits.spec.task]]
    return float(losses.mean()) if len(losses) else float("nan")


def _arrive(state: State, batch: int) -> None:
    """A batch comes without its labels: it is scored, and its drift measured."""
    state.losses.append(_mean_loss(state.fits, batch, state.champion))
    state.scored_by.append(state.version)
    if state.spec.trigger is Trigger.DRIFT and batch not in state.fits.history.set_aside:
        alone = state.fits.drift(batch, state.champion, state.spec)
        known = list(state.drifts.values())
        last = known[len(known) - min(len(known), state.spec.drift_window - 1) :]
        earlier = [drift.beyond for drift, version in last if version == state.version]
        report = persistent(alone, earlier, state.spec.drift_repeats)
        state.drifts[batch] = (report, state.version)


def _judge(state: State, batch: int) -> None:
    """The labels of a batch come: harm, gain, the decision, and what it asks for."""
    if batch in state.fits.history.set_aside:
        state.actions.append(Action.NOTIFY.value)
        state.verdicts.append(None)
        return
    inputs = _inputs(state, batch)
    decision, verdict = decide(inputs), None
    state.faults[batch] = {fault.signal for fault in decision.faults}
    if batch in state.drifts:
        state.drifts[batch] = (state.drifts[batch][0], state.version)
    retrains = decision.action is Action.RETRAIN
    state.judged_batches = (
        *state.judged_batches,
        _remembered(inputs, retrains=retrains, rows=len(state.rows(batch))),
    )
    state.judged_batches = state.judged_batches[-BUDGET_WINDOW:]
    if retrains or resumes(inputs):
        anew = retrains and plainly_broken(inputs)
        verdict = retrain(state, batch, anew=anew, tested=inputs.gain is not None and retrains)
    state.actions.append(decision.action.value)
    state.verdicts.append(None if verdict is None else verdict.value)
    state.said.extend(_say(batch, decision, state))


def _inputs(state: State, batch: int) -> DecisionInputs:
    harm, gain = _harm(state, batch), None
    harmed = harm.harmed
    usual = state.waiting is None and state.spec.trigger is Trigger.HARM
    if harm.enough and INVERSION not in harmed and (usual or UNRELATED in harmed):
        gain = _backtest(state, batch, harm)
    return DecisionInputs(
        state.spec,
        str(batch),
        state.version,
        Outcome.PASS,
        state.drifts[batch][0] if batch in state.drifts else None,
        harm,
        _age(state, batch),
        state.waiting is not None,
        gain=gain,
        judged_batches=state.judged_batches,
    )


def _remembered(inputs: DecisionInputs, *, retrains: bool, rows: int) -> JudgedBatch:
    harm, saved = inputs.harm, inputs.gain.saved if inputs.gain else None
    loss = harm.metrics.get(harm.metric_name) if harm and harm.enough else None
    return JudgedBatch(inputs.batch, rows, inputs.champion, retrains, saved, loss)


def _age(state: State, batch: int) -> float | None:
    """Days of data between the newest row that the champion has learnt and the batch's newest."""
    here = period_of(state.rows(batch), state.spec)
    then = period_of(state.training_batch(state.champion.through), state.spec)
    if here is None or then is None:
        return None
    return (here.end - then.end).total_seconds() / DAY_SECONDS


def _say(batch: int, decision: Decision, state: State) -> Iterator[str]:
    if decision.action is not Action.NONE:
        because = ", ".join(r.signal for r in decision.reasons)
        blocked = ", ".join(r.signal for r in decision.blocked)
        yield f"{batch:>3} {decision.action.value:<8} v{state.version} {because} | {blocked}"


def _harm(state: State, batch: int) -> HarmReport:
    rows = state.rows(batch)
    values, _ = state.fits.losses(batch, state.champion)
    ids, blocks = ids_of(rows, state.spec), blocks_of(rows, state.spec)
    said = Predictions(ids, blocks, values, np.ones(len(rows), dtype=bool))
    labelled = Labelled(said, np.arange(len(rows)), rows[state.spec.target], 0)
    mine = (p.loss for p in state.judged_batches if p.champion == state.version)
    earlier = [loss for loss in mine if loss is not None]
    return judge_harm(labelled, len(rows), state.card, None, earlier)


def _backtest(state: State, batch: int, harm: HarmReport) -> GainReport | None:
    rows, first = state.training_batch(batch), None
    harmed = harm.harmed
    cleared = _cleared(state, rows) if UNRELATED in harmed else {}
    state.cleared |= cleared.keys()
    if state.has_new_rows(batch):
        first = _try(state, batch, state.key(batch - 1), rows)
        first = replace(first, slope=max(cleared.values(), key=_steepness, default=first.slope))
        if not harmed or (is_significant(first) and UNRELATED not in harmed):
            return first
    if (cut := halves(rows, state.spec)) is None:
        return first
    second = _try(state, batch, state.key(batch - 1, half=True), cut[1])
    return second if first is None else larger_gain(first, second)


def _cleared(state: State, rows: pd.DataFrame) -> dict[int, Estimate]:
    """Suspects that teach what these labels follow, with the slope that shows it."""
    kinds, found = state.fits.history.kinds, {}
    for suspect in state.suspected_shuffled():
        slope = cross_batch_slope(state.training_batch(suspect), rows, state.spec, kinds)
        if related(slope):
            found[suspect] = slope
    return found


def _steepness(slope: Estimate) -> float:
    return slope.value


def _try(state: State, batch: int, key: FitKey, judged: pd.DataFrame) -> GainReport:
    state.fits_made += 1
    (_, ours), (said, theirs) = state.fits.on(judged, state.champion), state.fits.on(judged, key)
    task, confidence = state.spec.task, state.spec.harm_confidence
    truth = truth_of(judged[state.spec.target], task, classes_of(state.fits.model(key), task))
    return measure_gain(
        pair(ours, theirs, blocks_of(judged, state.spec)),
        state.card,
        rows=len(state.rows(batch)),
        learnt=state.fits.size(key) - state.fits.size(state.champion),
        look=state.looks + 1,
        within=key.half,
        slope=calibration_slope(said, truth, task, confidence),
    )
