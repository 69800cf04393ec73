"""What one room hands to the next: frozen records, without behaviour of their own.

Missing knowledge is None, never NaN. `document` turns any record into plain JSON values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from pydantic_core import to_jsonable_python

from incumbent.params import ModelSpec

if TYPE_CHECKING:  # heavy, and no record is read back from JSON with one of these in it
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline


class Outcome(StrEnum):
    """What validation says of a batch."""

    PASS = "pass"
    WARN = "warn"
    QUARANTINE = "quarantine"


class Action(StrEnum):
    """What a decision asks for."""

    NONE = "none"
    NOTIFY = "notify"
    RETRAIN = "retrain"
    ROLL_BACK = "roll_back"


class Ruling(StrEnum):
    """What the gate says of a challenger."""

    PROMOTE = "promote"
    REJECT = "reject"
    EXTEND = "extend"


class Burden(StrEnum):
    """What a challenger has to prove: non-inferiority or superiority."""

    REFRESH = "refresh"
    REPLACEMENT = "replacement"


class Severity(StrEnum):
    """What a failed expectation costs: the batch, or a word."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True)
class Estimate:
    """A mean with its two-sided interval; blocks (days), not rows, are the unit of noise."""

    value: float
    low: float | None
    high: float | None
    standard_error: float | None
    n: int
    blocks: int


@dataclass(frozen=True)
class Period:
    """From the oldest to the newest timestamp, both included."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Batch:
    """A table that has come in. The digest is of its features, the target left out."""

    id: str
    digest: str
    rows: int
    period: Period | None
    path: str


@dataclass(frozen=True)
class Failure:
    """One expectation that did not hold, on one column (None: on the table)."""

    expectation: str
    column: str | None
    observed: str
    expected: str
    rows: int | None
    severity: Severity


@dataclass(frozen=True)
class ValidationReport:
    """`excluded` holds the positions of rows that are scored but never trained on."""

    outcome: Outcome
    failures: tuple[Failure, ...] = ()
    excluded: tuple[int, ...] = ()


@dataclass(frozen=True)
class ColumnProfile:
    """Counts of one column on fixed cells; nulls are counted apart.

    A numeric column has `edges` e_1 < ... < e_m and m + 1 cells, open at the left and closed
    at the right: (-inf, e_1], (e_1, e_2], ..., (e_m, inf). A categorical column has a cell
    for each of its `categories` and a last one for every other value.
    """

    kind: str
    rows: int
    nulls: int
    edges: tuple[float, ...]
    categories: tuple[str, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class NullQuantile:
    """Distance that contiguous stretches of `blocks` blocks of the reference keep below."""

    blocks: int
    distance: float


@dataclass(frozen=True)
class Profile:
    """A table as counts, with the distances that are normal within it.

    `null` holds, per column (and under "" for the score of the whole table), a quantile of
    the distance between a stretch of the reference and the rest of it, by length of stretch.
    """

    rows: int
    blocks: int
    columns: Mapping[str, ColumnProfile]
    null: Mapping[str, tuple[NullQuantile, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class ColumnDrift:
    """How far a column has moved, and whether that is beyond its null."""

    column: str
    kind: str
    distance: float | None
    p: float | None
    q: float | None
    null_quantile: float | None
    alarm: bool


@dataclass(frozen=True)
class DriftReport:
    """The columns, largest distance first, and the mean distance as `score`."""

    columns: tuple[ColumnDrift, ...]
    score: float | None
    score_null: float | None
    alarm: bool
    rows: Mapping[str, int]


@dataclass(frozen=True)
class Predictions:
    """What a model said of each row, and what is needed to judge it later.

    `values` has shape (n, k): the probability of each of k classes, or the value (k = 1).
    `blocks` names the day of each row, or the row itself where there is no timestamp.
    """

    ids: NDArray[np.object_]
    blocks: NDArray[np.int64]
    values: NDArray[np.float64]
    trainable: NDArray[np.bool_]


@dataclass(frozen=True)
class Latency:
    """Milliseconds: one row as a caller waits for it (median), and the whole batch."""

    row_ms: float
    batch_ms: float


@dataclass(frozen=True)
class Baseline:
    """What a version promised when it was judged on rows that it had not seen.

    `gap` is the mean of predicted minus observed (of the last class). Both estimates come
    with the noise between blocks.
    """

    metric_name: str
    loss: Estimate
    gap: Estimate
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class TrainingSet:
    """The rows that a version was fitted on; `batches` are the digests of those it learnt from."""

    digest: str
    rows: int
    period: Period | None
    batches: tuple[str, ...]


@dataclass(frozen=True)
class ModelCard:
    """Everything a version is registered with, except for the pipeline and its rows."""

    spec: ModelSpec
    classes: tuple[str, ...]
    threshold: float | None
    profile: Profile
    baseline: Baseline
    training: TrainingSet


@dataclass(frozen=True)
class Version:
    """A version in the registry, with the digest of everything stored under it."""

    model: str
    number: int
    run_id: str
    digest: str


@dataclass(frozen=True)
class FittedModel:
    """A pipeline with its card. `golden` holds rows with the predictions it must repeat."""

    card: ModelCard
    pipeline: Pipeline
    golden: pd.DataFrame


@dataclass(frozen=True)
class Champion:
    """A version read back from the registry, its bytes verified."""

    version: Version
    model: FittedModel


@dataclass(frozen=True)
class HarmSignal:
    """One way in which a champion may do harm; `harmed` only where the interval shows it."""

    signal: str
    observed: float
    low: float | None
    high: float | None
    threshold: float
    harmed: bool
    text: str


@dataclass(frozen=True)
class HarmReport:
    """What the labels that have come say of the champion on one batch."""

    matured: int
    rows: int
    enough: bool
    metric_name: str
    metrics: Mapping[str, Estimate]
    promised: Estimate
    signals: tuple[HarmSignal, ...]
    latency: Latency | None


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
    """What is to be done about a batch. `blocked` is what would have retrained but may not."""

    id: str
    action: Action
    reasons: tuple[Reason, ...]
    blocked: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class DecisionInputs:
    """All that a decision is made from; stored, so that it can be made again.

    `age_days` is the time of data between the champion's newest row and the batch's;
    `waiting` says that a frozen challenger waits for more labels; `asked` is the reason of a
    person who asks for a retraining.
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


@dataclass(frozen=True)
class ShadowReport:
    """Challenger minus champion on the same rows: negative is better for the challenger."""

    metric_name: str
    champion_loss: float
    challenger_loss: float
    primary: Estimate
    guardrails: Mapping[str, Estimate]
    margins: Mapping[str, float]
    n: int
    look: int


@dataclass(frozen=True)
class Verdict:
    """The gate's answer, the burden of proof it was given under, and why."""

    verdict: Ruling
    burden: Burden
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Retraining:
    """What came of a retraining: the shadow, the verdict, and every fit behind them."""

    shadow: ShadowReport
    verdict: Verdict
    fits: int
    fit_seconds: float


class BatchStatus(StrEnum):
    """Where a batch stands in the ledger; quarantined is handled."""

    STARTED = "started"
    HANDLED = "handled"
    QUARANTINED = "quarantined"


@dataclass(frozen=True)
class BatchEntry:
    """A batch as the ledger knows it. `ordinal` is given once, when it is first seen."""

    batch: Batch
    ordinal: int
    status: BatchStatus
    document: Mapping[str, Any] | None


class PromotionKind(StrEnum):
    """How a version came to be the champion."""

    INSTALL = "install"
    PROMOTE = "promote"
    ROLL_BACK = "roll_back"


@dataclass(frozen=True)
class Promotion:
    """One change of champion: written as an intent, then done."""

    id: str
    kind: PromotionKind
    version: Version
    previous: int | None
    reason: str
    done: bool


@dataclass(frozen=True)
class Lease:
    """The right to write about a model until a time. `fence` grows by one with each holder.

    A write under an older fence is refused: whoever was taken for dead and wakes up again
    changes nothing.
    """

    model: str
    fence: int
    holder: str
    until: datetime


@dataclass(frozen=True)
class PairedBlock:
    """Sums over one block of rows that two models scored: metric -> (champion, challenger).

    `batch` is the ordinal of the batch whose rows these are.
    """

    block: int
    n: int
    sums: Mapping[str, tuple[float, float]]
    batch: int | None = None


@dataclass(frozen=True)
class Challenger:
    """A frozen challenger on which the evidence so far was not enough."""

    version: Version
    champion: int
    evidence: tuple[PairedBlock, ...]


@dataclass(frozen=True)
class RunRecord:
    """A finished run as people find it in MLflow.

    `key` says what it is about: of two with one key the first stands. Metrics that are None, NaN
    or infinite are left out; the tag `mlflow.note.content` is shown as Markdown; `texts` are
    artifacts, path to content.
    """

    name: str
    key: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float | None]
    tags: Mapping[str, str]
    texts: Mapping[str, str]


@dataclass(frozen=True)
class Findings:
    """What is known of a batch before its labels are judged.

    `scored_by` is the version whose predictions these are. `learnt` says that the champion was
    fitted on these rows: they cannot judge it. `arrivals` are the labels that have just come,
    digest to path. `asked` is the reason of a person who asks for a retraining.
    """

    entry: BatchEntry
    validation: ValidationReport
    drift: DriftReport | None
    predictions: Predictions | None
    scored_by: int | None
    latency: Latency | None
    labels_only: bool = False
    learnt: bool = False
    arrivals: Mapping[str, str] = field(default_factory=dict)
    asked: str | None = None


@dataclass(frozen=True)
class Conclusion:
    """What the labels of a batch say, what was decided from what, and what came of it."""

    inputs: DecisionInputs
    harm: HarmReport | None
    decision: Decision
    retraining: Retraining | None


def document(record: object) -> Any:
    """A record as plain JSON values; NaN and infinities become None.

    >>> document(Failure("rows", None, "0", "> 0", 0, Severity.CRITICAL))["severity"]
    'critical'
    """
    return cast("Any", to_jsonable_python(record, inf_nan_mode="null"))
