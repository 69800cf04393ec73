"""Harm, estimated performance, attribution of a change, and gain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from incumbent.records.measure import Estimate
from incumbent.records.model import Latency


@dataclass(frozen=True)
class HarmSignal:
    """One signal of harm; `harmed` only where it is significant."""

    signal: str
    observed: float
    low: float | None
    high: float | None
    threshold: float
    harmed: bool
    text: str


class Trust(StrEnum):
    """Trust in an estimate without labels, which never clears a model."""

    UNVERIFIED = "unverified"
    SUSPECT = "suspect"


@dataclass(frozen=True)
class TrackRecord:
    """Mean absolute error of past estimates against the observed losses; None without any."""

    batches: int
    error: float | None


@dataclass(frozen=True)
class EstimateReport:
    """Estimated performance on a batch without labels.

    `tolerated` is the limit of the loss: the baseline with its tolerance.
    """

    metric_name: str
    metrics: Mapping[str, float]
    tolerated: float
    record: TrackRecord
    trust: Trust


class Cause(StrEnum):
    """The cause of a change of the loss."""

    NONE = "none"
    COVARIATE = "covariate"
    CONDITIONAL = "conditional"
    PRIOR = "prior"
    BOTH = "both"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True)
class Attribution:
    """The change of the loss since a version was judged, split into its parts.

    `covariate` is the part due to other rows, `conditional` the part due to other outcomes for the
    same rows. `prior` is true where a change of the class shares explains all of it. `overlap` is
    the overlap of the two samples: 1 where no classifier tells them apart.
    """

    change: Estimate
    covariate: Estimate | None
    conditional: Estimate | None
    prior: bool | None
    overlap: float | None
    cause: Cause


@dataclass(frozen=True)
class SliceMetrics:
    """Metrics of the labelled rows with one value of a column.

    They are reported only: among many slices one looks bad by chance, and each interval is that of
    a single slice. A `value` of None stands for rows with a missing value.
    """

    column: str
    value: str | None
    matured: int
    metrics: Mapping[str, Estimate]


@dataclass(frozen=True)
class HarmReport:
    """Metrics and signals of harm of the champion on the labelled rows of one batch.

    `absent` are the champion's classes without a label, whose metrics are undefined. `coverage` is
    the share of labelled rows by score band, lowest first, and `coverage_p` the p-value of equal
    shares; where they are uneven the labelled rows do not represent the batch, and there are no
    signals. Where explored rows alone are judged, both are theirs, and so is `matured`. `fitted`
    is the champion's loss on the rows of its fit. `slices` are the metrics by value of the columns
    in `harm_slices`; `unsliced` are those columns whose values were not stored when the batch was
    scored. `conflicts` counts ids with two different labels, `invalid` rows whose label is no class
    and no plausible value, with some of these in `examples`; both are left out.
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
    conflicts: int = 0
    invalid: int = 0
    examples: tuple[str, ...] = ()
    coverage_p: float | None = None

    @property
    def harmed(self) -> dict[str, HarmSignal]:
        """The significant signals by name."""
        return {s.signal: s for s in self.signals if s.harmed}


@dataclass(frozen=True)
class GainReport:
    """Loss that newer rows would have saved on a batch, by a backtest of the champion's recipe.

    `saved` is the champion's loss minus that of the recipe fitted with `newer` more rows, a mean
    over rows that neither was fitted on. `passes` is true where the gate would not reject such a
    model. `within` is true where the batch was split in time: its older half is fitted on, its
    newer half evaluated. `slope` is the calibration slope of that recipe on the evaluated rows: 0
    where their labels are shuffled. `cleared` are the digests of older batches that looked
    shuffled, and whose labels predict those of this batch.
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
