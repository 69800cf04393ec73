"""How far a table has moved from the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class NullQuality(StrEnum):
    """What an answer about drift stands on.

    `weak null`: fewer than 20 windows as long as the batch, so that chance is known roughly;
    an alarm should repeat. `insufficient data`: too few rows to say anything.
    """

    SOUND = "sound"
    WEAK_NULL = "weak null"
    INSUFFICIENT = "insufficient data"


@dataclass(frozen=True)
class ColumnDrift:
    """How far a column has moved, and whether that is beyond its null.

    `error` bounds how much the distance on bins can fall short of that on the raw values.
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
    null_quality: NullQuality = NullQuality.SOUND
    weight: float | None = None
    moved: tuple[str, ...] = ()


@dataclass(frozen=True)
class DomainReport:
    """How well a classifier tells rows of a batch from rows of the reference, unseen by it.

    `null` is the largest AUC of a window of the reference against the others. None: too few
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
    null quality is sound; on a weak null when enough of the last batches were beyond it too, of
    which `earlier` says how many. `outputs` are the champion's score and the label, which inform
    and enter nothing else. `together` groups the columns in alarm that go together in the batch.
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
