"""Histogram of one column on the bins of its reference; histograms of parts add up."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from incumbent.data.profile.lookup import Lookup
from incumbent.records import ORDERED, ColumnProfile, Spread

Floats = NDArray[np.float64]

CHUNK = 16_384  # rows whose intermediate arrays fit the processor's cache
OTHER, UNSEEN = -2, -1  # positions of the last two bins of categories
NO_SPREAD = Spread(0, 0, None, 0, None, 0, 0.0, 0.0, 0.0, 0.0)


def empty(kind: str, cuts: Floats, categories: tuple[str, ...]) -> ColumnProfile:
    """A column without rows on the given bins: the neutral element of `add`."""
    ordered = kind in ORDERED
    bins = 2 * len(cuts) + 1 if ordered else len(categories) + 2
    counts = np.zeros(bins, dtype=np.int64)
    return ColumnProfile(kind, 0, 0, cuts, categories, counts, NO_SPREAD if ordered else None)


def of_numbers(
    values: Floats, bins: ColumnProfile, missing: NDArray[np.bool_] | None = None
) -> ColumnProfile:
    """Count numbers.

    Args:
        values: Shape (n,); NaN is null.
        bins: A profile of the reference, or an empty one.
        missing: Further nulls, shape (n,); `values` may hold any number there.

    Rows are counted in chunks that fit the processor's cache.
    """
    lookup, sums = Lookup(bins.edges, len(values)), Sums(bins)
    counts = np.zeros(len(bins.edges) * 2 + 1, dtype=np.int64)
    for start in range(0, len(values), CHUNK):
        chunk = values[start : start + CHUNK]
        if missing is not None:
            chunk = chunk[~missing[start : start + CHUNK]]
        if len(chunk):
            counts += lookup.count(sums.add(chunk))
    nulls = len(values) - int(counts.sum())
    return replace(bins, rows=len(values), nulls=nulls, counts=counts, spread=sums.spread())


def of_categories(
    counted: Mapping[str, int], nulls: int, bins: ColumnProfile, *, first: bool = False
) -> ColumnProfile:
    """Count categories from the number of rows of each value.

    Args:
        counted: Rows of each value, without nulls.
        nulls: Number of nulls.
        bins: A profile of the reference, or an empty one.
        first: Whether this is the reference itself, in which no value is unseen.

    Where the reference has more values than bins, new and rare values cannot be told apart: both
    are counted as `other`.
    """
    counts = np.zeros(len(bins.categories) + 2, dtype=np.int64)
    listed = [counted.get(name, 0) for name in bins.categories]
    counts[: len(listed)] = listed
    total = sum(counted.values())
    counts[OTHER if first or bins.counts[OTHER] else UNSEEN] = total - sum(listed)
    return replace(bins, rows=total + nulls, nulls=nulls, counts=counts)


def add(left: ColumnProfile, right: ColumnProfile) -> ColumnProfile:
    """Add two parts of one column: counts exactly, sums up to rounding.

    Raises:
        ValueError: The bins of the two differ.
    """
    same = left.categories == right.categories and np.array_equal(left.edges, right.edges)
    if not same:
        raise ValueError("profiles on different bins cannot be merged")
    return replace(
        left,
        rows=left.rows + right.rows,
        nulls=left.nulls + right.nulls,
        counts=left.counts + right.counts,
        spread=_add_spreads(left.spread, right.spread) if left.spread and right.spread else None,
    )


def center_of(bins: ColumnProfile) -> float:
    """The middle cut, subtracted before values are summed; 0 without cuts."""
    return float(bins.edges[len(bins.edges) // 2]) if len(bins.edges) else 0.0


class Sums:
    """Running sums and extremes of a column. A sum that overflows becomes infinite."""

    def __init__(self, bins: ColumnProfile) -> None:
        self._edges, self._center = bins.edges, center_of(bins)
        self._finite = self._infinite = 0
        self._low, self._high = (math.inf, 0), (-math.inf, 0)
        self._total = self._squares = self._below = self._above = 0.0

    def add(self, values: Floats) -> Floats:
        """Add values, and return them without NaN."""
        low = float(values.min())
        if math.isnan(low):  # faster than a mask, which is rarely needed
            values = values[~np.isnan(values)]
            return self.add(values) if len(values) else values
        high = float(values.max())
        if math.isinf(low) or math.isinf(high):
            finite = values[np.isfinite(values)]
            self._infinite += len(values) - len(finite)
            if len(finite):
                self._add(finite, float(finite.min()), float(finite.max()))
        else:
            self._add(values, low, high)
        return values

    def spread(self) -> Spread:
        """The sums and extremes so far."""
        some = self._finite > 0
        return Spread(
            finite=self._finite,
            infinite=self._infinite,
            lowest=self._low[0] if some else None,
            lowest_rows=self._low[1],
            highest=self._high[0] if some else None,
            highest_rows=self._high[1],
            total=self._total,
            squares=self._squares,
            below=self._below,
            above=self._above,
        )

    def _add(self, values: Floats, low: float, high: float) -> None:
        self._finite += len(values)
        if low <= self._low[0]:
            rows = int(np.count_nonzero(values == low))
            self._low = low, rows + (self._low[1] if low == self._low[0] else 0)
        if high >= self._high[0]:
            rows = int(np.count_nonzero(values == high))
            self._high = high, rows + (self._high[1] if high == self._high[0] else 0)
        with np.errstate(over="ignore", invalid="ignore"):
            shifted = values - self._center
            self._total += float(shifted.sum())
            self._squares += float(np.einsum("i,i->", shifted, shifted))
            self._below += _below(values, low, self._edges)
            self._above += _above(values, high, self._edges)


def _below(values: Floats, low: float, edges: Floats) -> float:
    if not len(edges) or low >= edges[0]:
        return 0.0
    return float((edges[0] - values[values < edges[0]]).sum())


def _above(values: Floats, high: float, edges: Floats) -> float:
    if not len(edges) or high <= edges[-1]:
        return 0.0
    return float((values[values > edges[-1]] - edges[-1]).sum())


def _add_spreads(left: Spread, right: Spread) -> Spread:
    low, low_rows = _extreme(min, left.lowest, left.lowest_rows, right.lowest, right.lowest_rows)
    high, high_rows = _extreme(
        max, left.highest, left.highest_rows, right.highest, right.highest_rows
    )
    return Spread(
        finite=left.finite + right.finite,
        infinite=left.infinite + right.infinite,
        lowest=low,
        lowest_rows=low_rows,
        highest=high,
        highest_rows=high_rows,
        total=left.total + right.total,
        squares=left.squares + right.squares,
        below=left.below + right.below,
        above=left.above + right.above,
    )


def _extreme(
    pick: Callable[[float, float], float],
    a: float | None,
    a_rows: int,
    b: float | None,
    b_rows: int,
) -> tuple[float | None, int]:
    """The more extreme of two values, with the rows that hold it."""
    if a is None or b is None:
        return (b, b_rows) if a is None else (a, a_rows)
    if a == b:
        return a, a_rows + b_rows
    return (a, a_rows) if pick(a, b) == a else (b, b_rows)
