"""The cell of a number without sorting: a grid that is exact where a grid cell holds one cut.

Values are put on a uniform grid, which costs a subtraction and a multiplication. A grid cell
that holds no cut, or one, names the value's cell after one comparison; the few values in grid
cells with several cuts are searched for. The counts are exact: the map onto the grid is
monotone in floating point too, so a value on another grid cell than a cut is on the right side.
"""

from collections.abc import Callable
from typing import cast

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Placer = Callable[[Floats], Integers]

GRID = 8_192
TRIM = 200  # one cut in so many is left beyond either end of the grid
FEWEST_VALUES = 4_096  # below, a search is as quick as making the grid


def count_cells(values: Floats, cuts: Floats) -> Integers:
    """Counts on (-inf, e_1), {e_1}, (e_1, e_2), ..., {e_m}, (e_m, inf).

    Args:
        values: Without NaN, shape (n,).
        cuts: Strictly increasing and finite, shape (m,).

    Returns:
        Shape (2 m + 1,), adding up to n.

    >>> count_cells(np.array([0.0, 1.0, 1.0, 1.5]), np.array([1.0, 2.0])).tolist()
    [1, 2, 1, 0, 0]
    """
    return np.bincount(cell_of(values, cuts), minlength=2 * len(cuts) + 1)


def cell_of(values: Floats, cuts: Floats) -> Integers:
    """The cell of each value, from 0 to 2 m, shape (n,); arguments as in `count_cells`."""
    place = _placer(cuts) if len(values) >= FEWEST_VALUES else None
    if place is None:
        return _search(values, cuts)
    cut_at, value_at = place(cuts), place(values)
    held = np.bincount(cut_at, minlength=GRID)
    first = np.full(GRID, np.nan)  # which no value passes
    first[cut_at[::-1]] = cuts[::-1]
    cell: Integers = (2 * (np.cumsum(held) - held)).take(value_at)
    cut = first.take(value_at)
    cell += values > cut
    cell += values >= cut
    if (held > 1).any():
        crowded = np.flatnonzero((held > 1).take(value_at))
        cell[crowded] = _search(values[crowded], cuts)
    return cell


def _search(values: Floats, cuts: Floats) -> Integers:
    left = np.searchsorted(cuts, values, side="left")
    return cast("Integers", left + np.searchsorted(cuts, values, side="right"))


def _placer(cuts: Floats) -> Placer | None:
    """The map onto the grid; None where the cuts span no range, or one too wide to divide."""
    if len(cuts) < 2:  # noqa: PLR2004 - a range has two ends
        return None
    margin = len(cuts) // TRIM
    low, high = cuts[margin], cuts[-1 - margin]
    if cuts[0] > 0:
        return _by_bits(int(low.view(np.int64)), int(high.view(np.int64)))
    with np.errstate(over="ignore", divide="ignore"):
        scale = (GRID - 3) / (high - low)
    return _by_value(low, scale) if 0 < scale < np.inf else None


def _by_bits(start: int, end: int) -> Placer:
    """Bits of positive floats, which are in the order of their logarithms: for heavy tails."""
    shift = ((end - start) // (GRID - 2)).bit_length()

    def place(numbers: Floats) -> Integers:
        at = np.maximum(numbers.view(np.int64), start - 1)  # and whatever is negative
        at -= start
        at >>= shift
        at += 1
        return cast("Integers", np.minimum(at, GRID - 1, out=at))

    return place


def _by_value(low: np.float64, scale: np.float64) -> Placer:
    def place(numbers: Floats) -> Integers:
        with np.errstate(over="ignore"):
            at = numbers - low
            at *= scale
        at += 1
        np.maximum(at, 0, out=at)
        np.minimum(at, GRID - 1, out=at)
        return at.astype(np.int64)

    return place
