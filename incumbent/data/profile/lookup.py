"""Look up the bin of a number on a uniform grid, without a binary search.

A subtraction and a multiplication give the grid position of a value. Where a grid position
holds at most one cut, one comparison gives the bin; the few values at positions with several
cuts are found by binary search. The result is exact: the map onto the grid is monotone in
floating point too, so values at another position than a cut compare with it correctly.
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Placer = Callable[[Floats], Integers]

GRID = 8_192
TRIM = 500  # one cut in 500 may lie beyond either end of the grid,
TAIL = 10  # plus this many cuts of the fine tails
FEWEST_CUTS = 200  # with fewer cuts the grid covers all of them
ROUNDING = 1 << 10  # margin for bit patterns converted to float64
FAR, FAR_BITS = 0.5, 3.0  # far-out cuts, in ranges of the others: of values, of bit patterns
FEWEST_VALUES = 4_096  # for fewer values a binary search is as fast as building the grid


class Lookup:
    """The bins between and at cuts: (-inf, e_1), {e_1}, (e_1, e_2), ..., {e_m}, (e_m, inf).

    Args:
        cuts: Strictly increasing and finite, shape (m,).
        rows: Expected number of values to look up.

    >>> Lookup(np.array([1.0, 2.0]), 4).count(np.array([0.0, 1.0, 1.0, 1.5])).tolist()
    [1, 2, 1, 0, 0]
    """

    def __init__(self, cuts: Floats, rows: int) -> None:
        self.cuts = cuts
        self.bins = 2 * len(cuts) + 1
        self._place = _placer(cuts) if rows >= FEWEST_VALUES else None
        if self._place is not None:
            at = self._place(cuts)
            held = np.bincount(at, minlength=GRID)
            # Small integers: additions to them take most of the time.
            self._below = (2 * (np.cumsum(held) - held)).astype(np.int16)
            self._below[held > 1] = self.bins
            self._cut = np.full(GRID, np.nan)  # comparisons with NaN are false
            single = held[at] == 1
            self._cut[at[single]] = cuts[single]

    def count(self, values: Floats) -> Integers:
        """Counts of values without NaN, shape (2 m + 1,)."""
        return np.bincount(self.bin_of(values), minlength=self.bins)

    def bin_of(self, values: Floats) -> NDArray[np.signedinteger[Any]]:
        """The bin of each value, from 0 to 2 m, shape (n,)."""
        if self._place is None:
            return _search(values, self.cuts)
        at = self._place(values)
        found, cut = self._below.take(at), self._cut.take(at)
        found += (values > cut).view(np.int8) + (values >= cut).view(np.int8)
        crowded = np.flatnonzero(found == self.bins)
        if len(crowded):
            found[crowded] = _search(values[crowded], self.cuts)
        return found


def _search(values: Floats, cuts: Floats) -> Integers:
    left = np.searchsorted(cuts, values, side="left")
    met = np.append(cuts, np.nan).take(left) == values
    return cast("Integers", 2 * left + met)


def _placer(cuts: Floats) -> Placer | None:
    """The map onto the grid; None where the cuts have no range, or one too wide to divide."""
    if len(cuts) < 2:  # noqa: PLR2004 - a range has two ends
        return None
    if cuts[0] >= 0:
        low, high = _range(cuts[cuts > 0].view(np.int64).astype(np.float64), FAR_BITS)
        return _by_bits(int(low) - ROUNDING, int(high))
    low, high = _range(cuts, FAR)
    with np.errstate(over="ignore", divide="ignore"):
        scale = (GRID - 3) / (high - low)
    return _by_value(low, scale) if 0 < scale < np.inf else None


def _range(cuts: Floats, far_out: float) -> tuple[np.float64, np.float64]:
    """The ends of the grid: the outermost cuts, unless they are far from the others."""
    margin = len(cuts) // TRIM + TAIL if len(cuts) > FEWEST_CUTS else 0
    low, high = cuts[margin], cuts[-1 - margin]
    with np.errstate(over="ignore"):
        far = far_out * (high - low)
        near = low - cuts[0] <= far, cuts[-1] - high <= far
    return (cuts[0] if near[0] else low), (cuts[-1] if near[1] else high)


def _by_bits(start: int, end: int) -> Placer:
    """A grid on the bit patterns of positive floats, about logarithmic: for heavy tails.

    Zero, which often occurs in many rows, has its own position below all positive values.
    """
    shift = ((end - start) // (GRID - 2)).bit_length()

    def place(numbers: Floats) -> Integers:
        at = np.maximum(numbers.view(np.int64), start - 1)  # negative values too
        at -= start
        at >>= shift
        at += 1
        return cast("Integers", np.minimum(at, GRID - 1, out=at))

    return place


def _by_value(low: np.float64, scale: np.float64) -> Placer:
    start = low - 1 / scale  # values below `low` get position 0

    def place(numbers: Floats) -> Integers:
        with np.errstate(over="ignore"):
            at = numbers - start
            at *= scale
        return np.clip(at, 0, GRID - 1, out=at).astype(np.int64)

    return place
