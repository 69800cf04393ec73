"""Counts of one column on the cells of its reference; counts of parts add up."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from incumbent.profile.lookup import count_cells
from incumbent.records import ORDERED, ColumnProfile, Spread

Floats = NDArray[np.float64]

OTHER, UNSEEN = -2, -1  # positions of the last two cells of categories
NO_SPREAD = Spread(0, 0, None, 0, None, 0, 0.0, 0.0, 0.0, 0.0)


def empty(kind: str, cuts: Floats, categories: tuple[str, ...]) -> ColumnProfile:
    """A column without rows on given cells: neutral for `add`."""
    ordered = kind in ORDERED
    cells = 2 * len(cuts) + 1 if ordered else len(categories) + 2
    counts = np.zeros(cells, dtype=np.int64)
    return ColumnProfile(kind, 0, 0, cuts, categories, counts, NO_SPREAD if ordered else None)


def of_numbers(values: Floats, nulls: int, cells: ColumnProfile) -> ColumnProfile:
    """Count numbers; NaN is one more null.

    Args:
        values: Shape (n,), nulls left out.
        nulls: How many there were.
        cells: A profile of the reference, or an empty one.
    """
    rows = len(values) + nulls
    if len(values) and np.isnan(values.min()):  # which is quicker than a mask that is not needed
        values = values[~np.isnan(values)]
    counts = count_cells(values, cells.edges)
    spread = _spread(values, cells, counts)
    return replace(cells, rows=rows, nulls=rows - len(values), counts=counts, spread=spread)


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
        spread=_add_spreads(left.spread, right.spread),
    )


def center_of(cells: ColumnProfile) -> float:
    """The middle cut, from which sums are taken; 0 without cuts."""
    return float(cells.edges[len(cells.edges) // 2]) if len(cells.edges) else 0.0


def _shifted(values: Floats, cells: ColumnProfile) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        return values - center_of(cells)


def _spread(values: Floats, cells: ColumnProfile, counts: NDArray[np.int64]) -> Spread:
    shifted = _shifted(values, cells)
    with np.errstate(over="ignore", invalid="ignore"):
        total = float(shifted.sum())
        if len(values) == 0 or not np.isfinite(total):
            return _spread_of_some(values, cells, counts)
        squares = float(np.multiply(shifted, shifted, out=shifted).sum())
    low, high = float(values.min()), float(values.max())
    edges = cells.edges
    return Spread(
        finite=len(values),
        infinite=0,
        lowest=low,
        lowest_rows=_rows_at(low, values, edges, counts),
        highest=high,
        highest_rows=_rows_at(high, values, edges, counts),
        total=total,
        squares=squares,
        below=_sum(edges[0] - values[values < edges[0]]) if len(edges) and counts[0] else 0.0,
        above=_sum(values[values > edges[-1]] - edges[-1]) if len(edges) and counts[-1] else 0.0,
    )


def _spread_of_some(values: Floats, cells: ColumnProfile, counts: NDArray[np.int64]) -> Spread:
    """Infinities counted apart; sums that no float holds are infinite, and no measure uses them."""
    finite = values[np.isfinite(values)]
    if len(finite) == len(values) and len(finite):
        low, high = float(finite.min()), float(finite.max())
        at = int((finite == low).sum()), int((finite == high).sum())
        inf = float("inf")
        return Spread(len(finite), 0, low, at[0], high, at[1], inf, inf, inf, inf)
    infinite = len(values) - len(finite)
    if not len(finite):
        return replace(NO_SPREAD, infinite=infinite)
    inner = counts.copy()
    inner[0] -= int((values == -np.inf).sum())
    inner[-1] -= int((values == np.inf).sum()) if len(counts) > 1 else infinite
    return replace(_spread(finite, cells, inner), infinite=infinite)


def _rows_at(value: float, values: Floats, edges: Floats, counts: NDArray[np.int64]) -> int:
    at = int(np.searchsorted(edges, value))
    if at < len(edges) and edges[at] == value:
        return int(counts[2 * at + 1])
    return int((values == value).sum())


def _sum(values: Floats) -> float:
    with np.errstate(over="ignore"):
        return float(values.sum())


def _add_spreads(left: Spread | None, right: Spread | None) -> Spread | None:
    if left is None or right is None:
        return left or right
    low = min((v for v in (left.lowest, right.lowest) if v is not None), default=None)
    high = max((v for v in (left.highest, right.highest) if v is not None), default=None)
    return Spread(
        finite=left.finite + right.finite,
        infinite=left.infinite + right.infinite,
        lowest=low,
        lowest_rows=sum(s.lowest_rows for s in (left, right) if s.lowest == low),
        highest=high,
        highest_rows=sum(s.highest_rows for s in (left, right) if s.highest == high),
        total=left.total + right.total,
        squares=left.squares + right.squares,
        below=left.below + right.below,
        above=left.above + right.above,
    )
