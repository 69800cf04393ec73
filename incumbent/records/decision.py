"""A decision and its inputs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from incumbent.params import ModelSpec
from incumbent.records.batch import Failure, Outcome
from incumbent.records.drift import DriftReport
from incumbent.records.feedback import FeedbackReport
from incumbent.records.harm import EstimateReport, GainReport, HarmReport
from incumbent.records.measure import Estimate
from incumbent.records.skew import SkewReport


class Action(StrEnum):
    """The action that a decision requests."""

    NONE = "none"
    NOTIFY = "notify"
    RETRAIN = "retrain"
    ROLL_BACK = "roll_back"


@dataclass(frozen=True)
class JudgedBatch:
    """The record of an earlier judged batch: its champion, and whether a training followed."""

    batch: str
    rows: int
    champion: int
    retrained: bool
    saved: Estimate | None = None
    loss: Estimate | None = None
    estimated: float | None = None


@dataclass(frozen=True)
class TrainingBatch:
    """A handled batch whose rows are in no fit of the champion.

    `faults` are its label faults, and skew, when it was last judged. `cleared` is true where its
    labels looked shuffled and a later batch showed that they are not.
    """

    batch: str
    faults: frozenset[str] = frozenset()
    cleared: bool = False


@dataclass(frozen=True)
class Reason:
    """One reason of a decision: the signal, its column, its value and its threshold."""

    signal: str
    column: str | None
    observed: float | str | None
    threshold: float | str | None
    text: str


@dataclass(frozen=True)
class Decision:
    """The decision about a batch.

    `blocked` holds the reasons against a triggered retraining. `faults`, of the labels, of served
    rows, and of data that look broken, exclude the batch from training.
    """

    id: str
    action: Action
    reasons: tuple[Reason, ...]
    blocked: tuple[Reason, ...] = ()
    faults: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class DecisionInputs:
    """All inputs of a decision, stored so that it can be recomputed.

    `age_days` is the time between the champion's newest row and the batch's newest row. `waiting`
    is true while a frozen challenger waits for more labels. `asked` is the reason of a user who
    requested a retraining. `judged_batches` holds the earlier batches, oldest first. `skew` is
    None where no served rows were compared. `failures` are those of validation that quarantine the
    batch or keep it from training. `feedback` is None where nothing is explored and no label is
    said to be influenced.
    """

    spec: ModelSpec
    batch: str
    champion: int
    outcome: Outcome
    drift: DriftReport | None
    harm: HarmReport | None
    age_days: float | None
    waiting: bool
    asked: str | None = None
    estimate: EstimateReport | None = None
    gain: GainReport | None = None
    judged_batches: tuple[JudgedBatch, ...] = ()
    skew: SkewReport | None = None
    failures: tuple[Failure, ...] = ()
    feedback: FeedbackReport | None = None
