"""Counts of one column on the cells of its reference; counts of parts add up."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from incumbent.profile.lookup import Lookup
from incumbent.records import ORDERED, ColumnProfile, Spread

Floats = NDArray[np.float64]

CHUNK = 65536
OTHER, UNSEEN = -2, -1  # positions of the last two cells of categories
NO_SPREAD = Spread(0, 0, None, 0, None, 0, 0.0, 0.0, 0.0, 0.0)


def empty(kind: str, cuts: Floats, categories: tuple[str, ...]) -> ColumnProfile:
    """A column without rows on given cells: neutral for `add`."""
    ordered = kind in ORDERED
    cells = 2 * len(cuts) + 1 if ordered else len(categories) + 2
    counts = np.zeros(cells, dtype=np.int64)
    return ColumnProfile(kind, 0, 0, cuts, categories, counts, NO_SPREAD if ordered else None)


def of_numbers(
    values: Floats, cells: ColumnProfile, missing: NDArray[np.bool_] | None = None
) -> ColumnProfile:
    """Count numbers.

    Args:
        values: Shape (n,); NaN is null.
        cells: A profile of the reference, or an empty one.
        missing: Further nulls, in whose place any number may stand; shape (n,).

    The rows are taken in chunks that stay in the processor's cache.
    """
    lookup, spread = Lookup(cells.edges, len(values)), NO_SPREAD
    counts = np.zeros(len(cells.edges) * 2 + 1, dtype=np.int64)
    for start in range(0, len(values), CHUNK):
        chunk = values[start : start + CHUNK]
        if missing is not None:
            chunk = chunk[~missing[start : start + CHUNK]]
        if len(chunk) and np.isnan(chunk.min()):
            chunk = chunk[~np.isnan(chunk)]
        counts += lookup.count(chunk)
        spread = _add_spreads(spread, _spread(chunk, cells))
    nulls = len(values) - int(counts.sum())
    return replace(cells, rows=len(values), nulls=nulls, counts=counts, spread=spread)


def of_categories(
    counted: Mapping[str, int], nulls: int, cells: ColumnProfile, *, first: bool = False
) -> ColumnProfile:
    """Count categories from the number of rows of each value.

    Args:
        counted: Rows of each value, nulls left out.
        nulls: How many there were.
        cells: A profile of the reference, or an empty one.
        first: This is the reference itself, whose values are none of them unseen.

    Where the reference had more values than it has cells, what is new cannot be told from what
    was rare: both are counted as `other`.
    """
    counts = np.zeros(len(cells.categories) + 2, dtype=np.int64)
    known = [counted.get(name, 0) for name in cells.categories]
    counts[: len(known)] = known
    every = sum(counted.values())
    counts[OTHER if first or cells.counts[OTHER] else UNSEEN] = every - sum(known)
    return replace(cells, rows=every + nulls, nulls=nulls, counts=counts)


def add(left: ColumnProfile, right: ColumnProfile) -> ColumnProfile:
    """Two parts of one column put together: counts exactly, sums to rounding.

    Raises:
        ValueError: They are on different cells.
    """
    same = left.categories == right.categories and np.array_equal(left.edges, right.edges)
    if not same:
        raise ValueError("profiles on different cells cannot be merged")
    return replace(
        left,
        rows=left.rows + right.rows,
        nulls=left.nulls + right.nulls,
        counts=left.counts + right.counts,
        spread=_add_spreads(left.spread, right.spread) if left.spread and right.spread else None,
    )


def center_of(cells: ColumnProfile) -> float:
    """The middle cut, from which sums are taken; 0 without cuts."""
    return float(cells.edges[len(cells.edges) // 2]) if len(cells.edges) else 0.0


def _spread(values: Floats, cells: ColumnProfile) -> Spread:
    """Sums of values without NaN; of sums that no float holds no measure makes use."""
    if len(values) == 0:
        return NO_SPREAD
    low, high = float(values.min()), float(values.max())
    if math.isinf(low) or math.isinf(high):
        finite = values[np.isfinite(values)]
        return replace(_spread(finite, cells), infinite=len(values) - len(finite))
    with np.errstate(over="ignore", invalid="ignore"):
        shifted = values - center_of(cells)
        total = float(shifted.sum())
        np.multiply(shifted, shifted, out=shifted)
        return Spread(
            finite=len(values),
            infinite=0,
            lowest=low,
            lowest_rows=int(np.count_nonzero(values == low)),
            highest=high,
            highest_rows=int(np.count_nonzero(values == high)),
            total=total,
            squares=float(shifted.sum()),
            below=_below(values, low, cells.edges),
            above=_above(values, high, cells.edges),
        )


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
