"""A model in the loop in memory, on a labelled history whose fits are shared."""

from dataclasses import replace

import pandas as pd

from incumbent.data.labels import Labelled
from incumbent.loop.state import Challenge, Contender, Evaluation, FitKey, Part, Refit
from incumbent.loop.teaching import teaches
from incumbent.monitoring.drift import persistent
from incumbent.params import ModelSpec
from incumbent.policy.decision import judged_batch
from incumbent.policy.limits import BUDGET_WINDOW
from incumbent.policy.shadow import evidence_digest
from incumbent.records import (
    BatchEntry,
    BatchStatus,
    Champion,
    Decision,
    DecisionInputs,
    DriftReport,
    Findings,
    FittedModel,
    HeldOutEvaluation,
    JudgedBatch,
    ModelCard,
    PairedBlock,
    Predictions,
    TrainingBatch,
    Version,
)
from incumbent.replay.fits import FIRST, Fits
from incumbent.replay.labelled_history import LabelledBatch


class ReplayState:
    """The state of one policy while it walks a history; it implements `LoopState`.

    A batch is named by its position in the history, written as text.

    Args:
        fits: The models, which policies share. Their recipe is the spec's.
        spec: The policy.
    """

    def __init__(self, fits: Fits, spec: ModelSpec) -> None:
        self.fits, self.spec = fits, spec
        self.waiting: Challenge | None = None
        self.promotions = 0
        self._judged: dict[int, JudgedBatch] = {}
        self._faults: dict[int, frozenset[str]] = {}
        self._cleared: set[str] = set()
        self._looks: list[str] = []
        self._drifts: dict[int, tuple[DriftReport, int]] = {}
        self._champion = self._as_champion(FIRST, fits.evaluation(), 1)

    @property
    def key(self) -> FitKey:
        """What the champion was fitted on."""
        learnt = self._champion.model.card.training.batches
        return FitKey(learnt, recent=bool(learnt))

    def arrive(self, position: int) -> LabelledBatch:
        """A batch without its labels: validated, and scored by the champion."""
        return self.fits.history.arrive(position, self.full_card)

    def full_card(self) -> ModelCard:
        """The champion's card with the counts of its profile, which are seldom needed."""
        return replace(self.champion().model.card, profile=self.fits.profile(self.key))

    def measure_drift(self, position: int) -> DriftReport:
        """The drift of a batch from the champion's training set, in the light of those before."""
        alone, number = self.fits.drift(position, self.key, self.spec), self._number
        last = list(self._drifts.values())
        last = last[len(last) - min(len(last), self.spec.drift_window - 1) :]
        earlier = [report.beyond for report, version in last if version == number]
        report = persistent(alone, earlier, self.spec.drift_repeats)
        self._drifts[position] = (report, number)
        return report

    def findings(self, position: int) -> Findings:
        """What is known of a batch when its labels arrive."""
        arrived, name = self.fits.history.batch(position), str(position)
        if position in self._drifts:  # the document of a batch names the champion that judges it
            self._drifts[position] = (self._drifts[position][0], self._number)
        return Findings(
            self.entry(position),
            arrived.validation,
            self._drifts[position][0] if position in self._drifts else None,
            None if arrived.quarantined else self.fits.predictions(position, self.key),
            self._number,
            None,
            judged_batches=self.judged_batches(name),
        )

    def entry(self, position: int) -> BatchEntry:
        """A batch as the ledger would know it."""
        batch = self.fits.history.batch(position).batch(position)
        return BatchEntry(batch, position, BatchStatus.STARTED, None)

    def champion(self) -> Champion:
        """The champion, with a card whose profile only names the columns."""
        return self._champion

    def challenger(self) -> Challenge | None:
        """The challenger that waits for more labels."""
        return self.waiting

    def judged_batches(self, but: str) -> tuple[JudgedBatch, ...]:
        """The other batches whose labels were judged, at most fifty."""
        known = [b for k, b in sorted(self._judged.items()) if str(k) != but]
        return tuple(known[-BUDGET_WINDOW:])

    def training_batches(self, before: str) -> tuple[TrainingBatch, ...]:
        """Judged batches before this one that the champion has not learnt."""
        learnt = set(self._champion.model.card.training.batches)
        found = [
            TrainingBatch(str(k), self._faults[k], str(k) in self._cleared)
            for k in sorted(self._faults)
            if k < int(before) and str(k) not in learnt
        ]
        return tuple(b for b in found if len(self.rows(b.batch)))

    def rows(self, batch: str, part: Part = Part.WHOLE) -> pd.DataFrame:
        """Rows of a batch that a model may learn from and be compared on."""
        return self.fits.rows(batch, part)

    def labelled(self, batch: str, predictions: Predictions) -> Labelled | None:
        """Predictions of a batch joined with its labels."""
        return self.fits.history.batch(int(batch)).labelled(predictions)

    def fit(self, key: FitKey) -> Contender:
        """The recipe fitted on the rows of a key, at the cost of one fit."""
        return self.fits.contender(key)

    def fitted_rows(self, key: FitKey) -> pd.DataFrame:
        """The rows of a key."""
        return self.fits.fitted_rows(key)

    def evaluate(self, contender: Contender, batch: str, part: Part) -> Evaluation:
        """A model on the rows of a batch."""
        return self.fits.evaluate(contender.key, batch, part)

    def may_repeat_ids(self, batch: str) -> bool:
        """Whether a batch has an id that the reference or an earlier batch has."""
        return self.fits.history.repeats_ids(int(batch))

    def look(self, evidence: tuple[PairedBlock, ...]) -> int:
        """The number of this look; the same evidence again is the same look."""
        digest = evidence_digest(evidence)
        return self._looks.index(digest) + 1 if digest in self._looks else len(self._looks) + 1

    def record(self, inputs: DecisionInputs, decision: Decision) -> None:
        """Remember what later decisions need to know of this one."""
        position = int(inputs.batch)
        self._faults[position] = frozenset(fault.signal for fault in decision.faults)
        self._cleared |= set(inputs.gain.cleared) if inputs.gain else set()
        if judged := judged_batch(inputs, decision):
            self._judged[position] = judged

    def looked_at(self, evidence: tuple[PairedBlock, ...]) -> None:
        """Count a look at a challenger."""
        if (digest := evidence_digest(evidence)) not in self._looks:
            self._looks.append(digest)

    def install(self, refit: Refit) -> None:
        """Make a refitted model the champion."""
        self._champion = self._as_champion(refit.contender.key, refit.evaluation, self._number + 1)
        self._looks, self.promotions = [], self.promotions + 1

    def faulty(self) -> tuple[int, ...]:
        """Batches whose labels were found faulty and never cleared."""
        found = (TrainingBatch(str(k), f, str(k) in self._cleared) for k, f in self._faults.items())
        return tuple(int(b.batch) for b in found if not teaches(b))

    @property
    def _number(self) -> int:
        return self._champion.version.number

    def _as_champion(self, key: FitKey, evaluation: HeldOutEvaluation, number: int) -> Champion:
        card = replace(self.fits.card(key, evaluation), spec=self.spec)
        none = pd.DataFrame()
        version = Version(self.spec.name, number, str(key), "")
        return Champion(version, FittedModel(card, self.fits.model(key), none, none))
