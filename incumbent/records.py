"""What one room hands to the next: frozen records, without behaviour of their own.

Missing knowledge is None, never NaN. `document` turns any record into plain JSON values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from pydantic import InstanceOf
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


class Kind(StrEnum):
    """What the values of a column are, and so how they are counted.

    Booleans are counted as the categories "0" and "1", times as microseconds since 1970.
    """

    NUMERIC = "numeric"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    CATEGORICAL = "categorical"
    TEXT = "text"


ORDERED = (Kind.NUMERIC, Kind.DATETIME)


@dataclass(frozen=True)
class Spread:
    """Sums and extremes of the finite values of a column; they add up over its parts.

    With c the middle cut and e_1, e_m the outermost ones of the column's cells: `total` is the
    sum of x - c, `squares` of (x - c)^2, `below` of e_1 - x over x < e_1, `above` of x - e_m
    over x > e_m. `lowest_rows` rows hold the lowest value. Without a finite value: zeros, None.
    """

    finite: int
    infinite: int
    lowest: float | None
    lowest_rows: int
    highest: float | None
    highest_rows: int
    total: float
    squares: float
    below: float
    above: float


@dataclass(frozen=True, eq=False)
class ColumnProfile:
    """Counts of one column on fixed cells; nulls (and NaN) are counted apart.

    A column in order has m cuts `edges` e_1 < ... < e_m and 2 m + 1 cells, open intervals and
    points in turn: (-inf, e_1), {e_1}, (e_1, e_2), ..., {e_m}, (e_m, inf); infinities are in the
    outer ones. Other columns have a cell for each of their `categories`, one for the other
    values that the reference held, and a last one for values that it did not hold.
    """

    kind: str
    rows: int
    nulls: int
    edges: NDArray[np.float64]
    categories: tuple[str, ...]
    counts: NDArray[np.int64]
    spread: Spread | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ColumnProfile):
            return NotImplemented
        mine, others = (
            (c.kind, c.rows, c.nulls, c.edges.tolist(), c.categories, c.counts.tolist(), c.spread)
            for c in (self, other)
        )
        return mine == others

    __hash__ = None  # type: ignore[assignment] # arrays can change


@dataclass(frozen=True)
class Stretches:
    """What contiguous stretches of `blocks` blocks of the reference look like beside the rest.

    Their distance stays below `distance` (a quantile); `correlation` is that of two rows of
    one stretch: n rows of it tell as much as n / (1 + (n - 1) correlation) independent ones.
    """

    blocks: int
    distance: float
    correlation: float


@dataclass(frozen=True)
class Profile:
    """A table as counts, with what is normal within it.

    `null` holds, per column (and under "" for the mean distance over columns), what stretches
    of the reference look like, by length; nothing where rows are exchangeable or blocks few.
    `weights` says how much a model depends on each column; empty where nobody has asked it.
    """

    rows: int
    blocks: int
    columns: Mapping[str, ColumnProfile]
    null: Mapping[str, tuple[Stretches, ...]] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)


class Footing(StrEnum):
    """What an answer about drift stands on.

    `weak null`: fewer than 20 stretches as long as the batch, so that chance is known roughly;
    an alarm should repeat. `insufficient data`: too few rows to say anything.
    """

    SOUND = "sound"
    WEAK_NULL = "weak null"
    INSUFFICIENT = "insufficient data"


@dataclass(frozen=True)
class ColumnDrift:
    """How far a column has moved, and whether that is beyond its null.

    `error` bounds how much the distance on cells can fall short of that on the raw values.
    `measures` holds further distances by name, `p_values` the tests that `p` combines, `shares`
    the null and unseen shares of both sides. `effective` is the number of independent rows
    that the batch is worth. `moved` says in words what changed.
    """

    column: str
    kind: str
    distance: float | None
    p: float | None
    q: float | None
    null_quantile: float | None
    alarm: bool
    error: float | None = None
    measures: Mapping[str, float | None] = field(default_factory=dict)
    p_values: Mapping[str, float] = field(default_factory=dict)
    shares: Mapping[str, float | None] = field(default_factory=dict)
    effective: float | None = None
    footing: Footing = Footing.SOUND
    weight: float | None = None
    moved: tuple[str, ...] = ()


@dataclass(frozen=True)
class DomainReport:
    """How well a classifier tells rows of a batch from rows of the reference, unseen by it.

    `null` is the largest AUC of a stretch of the reference against the others. None: too few
    rows, or rows that are exchangeable.
    """

    auc: float | None
    p: float | None
    null: float | None
    batch: int
    reference: int
    alarm: bool


@dataclass(frozen=True)
class DriftReport:
    """The columns, those in alarm first, and the mean distance as `score`.

    `p` is that of the whole table: the smallest q of a column (Simes), with and without the
    weights of the columns. `beyond`: this batch is beyond the null. It alarms at once where the
    footing is sound; on a weak null when enough of the last batches were beyond it too, of which
    `earlier` says how many. `outputs` are the champion's score and the label, which inform and
    enter nothing else. `together` groups the columns in alarm that go together in the batch.
    """

    columns: tuple[ColumnDrift, ...]
    score: float | None
    score_null: float | None
    alarm: bool
    rows: Mapping[str, int]
    p: float | None = None
    weighted_score: float | None = None
    footing: Footing = Footing.SOUND
    beyond: bool = False
    earlier: int = 0
    outputs: tuple[ColumnDrift, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()


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
    """Milliseconds: one row as a caller waits for it, and the whole batch.

    `row_ms` is the median of single rows and `row_p95_ms` what one in twenty waits longer than;
    None where no row was asked for, or in documents older than the field.
    """

    row_ms: float | None
    batch_ms: float
    row_p95_ms: float | None = None


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
    profile: InstanceOf[Profile]
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
class Judged:
    """What a model promises, from rows that it has not seen, and a sample of these rows.

    `held_out` has the features, the target, the block of each row and what the judged model
    said of it.
    """

    baseline: Baseline
    threshold: float | None
    held_out: pd.DataFrame


@dataclass(frozen=True)
class FittedModel:
    """A pipeline with its card. `golden` holds rows with the predictions it must repeat.

    `held_out` holds the rows that its recipe was judged on, or a sample of them: what they say
    of the model was not learnt by heart.
    """

    card: ModelCard
    pipeline: Pipeline
    golden: pd.DataFrame
    held_out: pd.DataFrame


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


class Trust(StrEnum):
    """How far an estimate without labels is believed: it never clears a model."""

    UNVERIFIED = "unverified"
    SUSPECT = "suspect"


@dataclass(frozen=True)
class TrackRecord:
    """Mean absolute error of past estimates against what the labels said; None without any."""

    batches: int
    error: float | None


@dataclass(frozen=True)
class EstimateReport:
    """What a model can be expected to do on a batch whose labels have not come.

    `borne` is the loss that is borne: the promise with its tolerance.
    """

    metric_name: str
    metrics: Mapping[str, float]
    borne: float
    record: TrackRecord
    trust: Trust


class Cause(StrEnum):
    """Why a loss has changed."""

    NONE = "none"
    COVARIATE = "covariate"
    CONDITIONAL = "conditional"
    PRIOR = "prior"
    BOTH = "both"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True)
class Attribution:
    """The change of the loss since a version was judged, and its parts.

    `covariate` is what other rows change, `conditional` what other answers to the same rows do;
    `prior` says whether other shares of the classes explain all of it. `overlap` is the share
    of rows that both samples have in common: 1 where nothing tells them apart.
    """

    change: Estimate
    covariate: Estimate | None
    conditional: Estimate | None
    prior: bool | None
    overlap: float | None
    cause: Cause


@dataclass(frozen=True)
class GainReport:
    """What newer rows would have saved on a batch, by a backtest of the champion's recipe.

    `saved` is the champion's loss minus that of the recipe fitted with `newer` more rows, a mean
    over rows that neither was fitted on. `passes` says that the gate would let such a model pass.
    `within` says that the batch itself was cut in time: its older half taught, the newer judged.
    `slope` says how the labels of those rows follow what that recipe predicts: 0 where they are
    shuffled, whatever it has learnt.
    """

    metric_name: str
    champion_loss: float
    saved: Estimate
    rows: int
    newer: int
    passes: bool
    within: bool
    slope: Estimate | None = None


@dataclass(frozen=True)
class Past:
    """What is remembered of a batch that was judged before: who was champion, what was done."""

    batch: str
    rows: int
    champion: int
    retrained: bool
    saved: Estimate | None = None
    loss: Estimate | None = None
    estimated: float | None = None


@dataclass(frozen=True)
class HarmReport:
    """What the labels that have come say of the champion on one batch.

    `absent` are the classes that it knows and no label is of: metrics of theirs have no value.
    `coverage` is the share of labels that have come by band of the score, lowest first; where it
    is uneven they are no sample of the batch, and nothing is concluded.
    """

    matured: int
    rows: int
    enough: bool
    metric_name: str
    metrics: Mapping[str, Estimate]
    promised: Estimate
    signals: tuple[HarmSignal, ...]
    latency: Latency | None
    attribution: Attribution | None = None
    absent: tuple[str, ...] = ()
    coverage: tuple[float, ...] = ()


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
    person who asks for a retraining. `past` holds the batches before, oldest first.
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
    past: tuple[Past, ...] = ()


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
class Cost:
    """Fits, and the seconds they took."""

    fits: int
    fit_seconds: float


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
    estimate: EstimateReport | None = None


@dataclass(frozen=True)
class Conclusion:
    """What the labels of a batch say, what was decided from what, and what came of it."""

    inputs: DecisionInputs
    harm: HarmReport | None
    decision: Decision
    retraining: Retraining | None
    backtest: Cost | None = None


def document(record: object) -> Any:
    """A record as plain JSON values; NaN and infinities become None.

    >>> document(Failure("rows", None, "0", "> 0", 0, Severity.CRITICAL))["severity"]
    'critical'
    """
    return cast("Any", to_jsonable_python(record, inf_nan_mode="null"))
