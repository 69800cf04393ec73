"""Drift of a table from the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class NullQuality(StrEnum):
    """Quality of the null distribution of a drift report.

    `weak null`: the reference has fewer than 20 windows as long as the batch, so the null is a
    rough estimate and an alarm must repeat. `insufficient data`: too few rows for any result.
    """

    SOUND = "sound"
    WEAK_NULL = "weak null"
    INSUFFICIENT = "insufficient data"


@dataclass(frozen=True)
class ColumnDrift:
    """Drift of one column: its distance, its null, and whether it alarms.

    `error` bounds how much smaller the distance on bins can be than that on the raw values.
    `measures` holds further distances by name, `p_values` the tests that `p` combines, `shares`
    the shares of nulls and of unseen values. `effective` is the effective number of rows of the
    batch. `moved` describes the change in words.
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
    null_quality: NullQuality = NullQuality.SOUND
    weight: float | None = None
    moved: tuple[str, ...] = ()


@dataclass(frozen=True)
class DomainReport:
    """Held-out performance of a classifier of batch against reference.

    `null` is the largest AUC of a window of the reference against the other windows. It is None
    with too few rows, or where rows are exchangeable.
    """

    auc: float | None
    p: float | None
    null: float | None
    batch: int
    reference: int
    alarm: bool


@dataclass(frozen=True)
class DriftReport:
    """Drift of a table: the columns, those in alarm first, and the mean distance as `score`.

    `p` is the p-value of the whole table: the smallest q of a column (Simes), with and without
    the columns' weights. `beyond` is true where this batch is beyond the null. With a sound null it
    alarms at once; with a weak null only if enough of the last batches were beyond it too, counted
    in `earlier`. `outputs` are the champion's score and the label; they are reported only.
    `together` groups the columns in alarm that depend on each other in the batch.
    """

    columns: tuple[ColumnDrift, ...]
    score: float | None
    score_null: float | None
    alarm: bool
    rows: Mapping[str, int]
    p: float | None = None
    weighted_score: float | None = None
    null_quality: NullQuality = NullQuality.SOUND
    beyond: bool = False
    earlier: int = 0
    outputs: tuple[ColumnDrift, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
