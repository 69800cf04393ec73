"""Profiles: a table as histograms, with the null distribution of their distances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # slow to import, and in no record that is read back from JSON
    import numpy as np
    from numpy.typing import NDArray


class Kind(StrEnum):
    """The kind of a column's values, which decides how they are counted.

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

    With c the middle cut and e_1, e_m the outermost cuts of the column's bins: `total` is the
    sum of x - c, `squares` of (x - c)^2, `below` of e_1 - x over x < e_1, `above` of x - e_m
    over x > e_m. `lowest_rows` rows hold the lowest value. Without finite values the sums are 0
    and the extremes None.
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
    """Histogram of one column on fixed bins; nulls (and NaN) are counted separately.

    An ordered column has m cuts `edges` e_1 < ... < e_m and 2 m + 1 bins, open intervals and
    points in turn: (-inf, e_1), {e_1}, (e_1, e_2), ..., {e_m}, (e_m, inf); infinities are in the
    outer bins. Other columns have a bin for each of their `categories`, one for the other values
    of the reference, and a last one for values that are not in the reference.
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
        first, second = (
            (c.kind, c.rows, c.nulls, c.edges.tolist(), c.categories, c.counts.tolist(), c.spread)
            for c in (self, other)
        )
        return first == second

    __hash__ = None  # type: ignore[assignment] # arrays can change


@dataclass(frozen=True)
class Windows:
    """Contiguous windows of `blocks` blocks of the reference, compared with the rest of it.

    `distance` is a quantile of their distances. `correlation` is the correlation of two rows of
    one window: n of its rows count as n / (1 + (n - 1) correlation) independent ones.
    """

    blocks: int
    distance: float
    correlation: float


@dataclass(frozen=True)
class KnownRows:
    """A sample of the rows of a training set: those with the smallest hashes of their key.

    `keys` and `rows` hold the hash of each row's key, ascending, and of all its values. `whole` is
    true where all rows were kept. `copies` is the share of rows that are copies of an earlier one.
    """

    keys: tuple[int, ...]
    rows: tuple[int, ...]
    whole: bool
    copies: float


@dataclass(frozen=True)
class Profile:
    """A table as histograms, with the null distribution of their distances.

    `null` holds the measured windows of the reference by length, per column, and under "" for the
    mean distance over columns; empty where rows are exchangeable or blocks are too few. `weights`
    holds the importance of each column to a model; empty where it was not measured. `known_rows`
    tells rows of the table from others; None where it was not drawn.
    """

    rows: int
    blocks: int
    columns: Mapping[str, ColumnProfile]
    null: Mapping[str, tuple[Windows, ...]] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    known_rows: KnownRows | None = None
