"""What labels say of a champion, what is expected before they come, and why it changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from incumbent.records.measure import Estimate
from incumbent.records.model import Latency


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

    `tolerated` is the largest loss that is tolerated: the baseline with its tolerance.
    """

    metric_name: str
    metrics: Mapping[str, float]
    tolerated: float
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
class SliceMetrics:
    """What the labels that have come say of the rows that hold one value of a column.

    It informs and decides nothing: of many slices one looks bad by chance alone, and its interval
    is that of a slice looked at by itself. A `value` of None stands for rows without one.
    """

    column: str
    value: str | None
    matured: int
    metrics: Mapping[str, Estimate]


@dataclass(frozen=True)
class HarmReport:
    """What the labels that have come say of the champion on one batch.

    `absent` are the classes that it knows and no label is of: metrics of theirs have no value.
    `coverage` is the share of labels that have come by band of the score, lowest first; where it
    is uneven they are no sample of the batch, and nothing is concluded. `fitted` is the loss on
    rows that the champion was fitted on. `slices` are the metrics by value of the columns that the
    spec names; `unsliced` are those of them whose values were not kept when the batch was scored.
    """

    matured: int
    rows: int
    enough: bool
    metric_name: str
    metrics: Mapping[str, Estimate]
    baseline: Estimate
    signals: tuple[HarmSignal, ...]
    latency: Latency | None
    attribution: Attribution | None = None
    absent: tuple[str, ...] = ()
    coverage: tuple[float, ...] = ()
    fitted: float | None = None
    slices: tuple[SliceMetrics, ...] = ()
    unsliced: tuple[str, ...] = ()

    @property
    def harmed(self) -> dict[str, HarmSignal]:
        """The signals that are shown, by name."""
        return {s.signal: s for s in self.signals if s.harmed}


@dataclass(frozen=True)
class GainReport:
    """What newer rows would have saved on a batch, by a backtest of the champion's recipe.

    `saved` is the champion's loss minus that of the recipe fitted with `newer` more rows, a mean
    over rows that neither was fitted on. `passes` says that the gate would let such a model pass.
    `within` says that the batch itself was cut in time: its older half taught, the newer judged.
    `slope` says how the labels of those rows follow what that recipe predicts: 0 where they are
    shuffled, whatever it has learnt. `cleared` are the digests of older batches that looked
    shuffled and do not any more: what they teach is what this batch's labels follow.
    """

    metric_name: str
    champion_loss: float
    saved: Estimate
    rows: int
    newer: int
    passes: bool
    within: bool
    slope: Estimate | None = None
    cleared: tuple[str, ...] = ()
