"""A table as counts, with what is normal within it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # heavy, and no record is read back from JSON with one of these in it
    import numpy as np
    from numpy.typing import NDArray


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

    With c the middle cut and e_1, e_m the outermost ones of the column's bins: `total` is the
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
    """Counts of one column on fixed bins; nulls (and NaN) are counted apart.

    A column in order has m cuts `edges` e_1 < ... < e_m and 2 m + 1 bins, open intervals and
    points in turn: (-inf, e_1), {e_1}, (e_1, e_2), ..., {e_m}, (e_m, inf); infinities are in the
    outer ones. Other columns have a bin for each of their `categories`, one for the other
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
class Windows:
    """What contiguous windows of `blocks` blocks of the reference look like beside the rest.

    Their distance stays below `distance` (a quantile); `correlation` is that of two rows of
    one window: n rows of it tell as much as n / (1 + (n - 1) correlation) independent ones.
    """

    blocks: int
    distance: float
    correlation: float


@dataclass(frozen=True)
class Profile:
    """A table as counts, with what is normal within it.

    `null` holds, per column (and under "" for the mean distance over columns), what windows
    of the reference look like, by length; nothing where rows are exchangeable or blocks few.
    `weights` says how much a model depends on each column; empty where nobody has asked it.
    """

    rows: int
    blocks: int
    columns: Mapping[str, ColumnProfile]
    null: Mapping[str, tuple[Windows, ...]] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
