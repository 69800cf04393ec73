"""What is decided, from what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from incumbent.params import ModelSpec
from incumbent.records.batch import Outcome
from incumbent.records.drift import DriftReport
from incumbent.records.harm import EstimateReport, GainReport, HarmReport
from incumbent.records.measure import Estimate


class Action(StrEnum):
    """What a decision asks for."""

    NONE = "none"
    NOTIFY = "notify"
    RETRAIN = "retrain"
    ROLL_BACK = "roll_back"


@dataclass(frozen=True)
class JudgedBatch:
    """What is remembered of a batch that was judged before: who was champion, what was done."""

    batch: str
    rows: int
    champion: int
    retrained: bool
    saved: Estimate | None = None
    loss: Estimate | None = None
    estimated: float | None = None


@dataclass(frozen=True)
class TrainingBatch:
    """A handled batch that the champion has not learnt.

    `faults` are those of its labels when they were last judged; `cleared` says that a later batch
    has shown its labels, which looked shuffled, to follow its rows.
    """

    batch: str
    faults: frozenset[str] = frozenset()
    cleared: bool = False


@dataclass(frozen=True)
class Reason:
    """Why: the signal, where it was seen, its value and the threshold that it was held to."""

    signal: str
    column: str | None
    observed: float | str | None
    threshold: float | str | None
    text: str


@dataclass(frozen=True)
class Decision:
    """What is to be done about a batch.

    `blocked` is what forbids a retraining that something asks for; `faults` are those of its
    labels, from which nobody learns.
    """

    id: str
    action: Action
    reasons: tuple[Reason, ...]
    blocked: tuple[Reason, ...] = ()
    faults: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class DecisionInputs:
    """All that a decision is made from; stored, so that it can be made again.

    `age_days` is the time of data between the champion's newest row and the batch's;
    `waiting` says that a frozen challenger waits for more labels; `asked` is the reason of a
    person who asks for a retraining. `judged_batches` holds the batches before, oldest first.
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
