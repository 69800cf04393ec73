"""The null of distances: windows of the reference compared with the rest of it.

Rows of one day are correlated, so n rows carry the information of fewer independent rows. The
reference itself shows how many: its windows vary about the rest of it by more than independent
rows would.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from incumbent.records import ORDERED, Windows
from incumbent.statistics.distance import cumulative, distances

Counts = NDArray[np.float64]

NULL_QUANTILE = 0.95
FEWEST_BLOCKS = 4
FEWEST_WINDOWS = 4
MOST_BLOCKS = 1_024
MOST_WINDOWS = 128
SHORT_BLOCK = 0.5  # share of the median block's rows; a shorter outer block joins its neighbour


def lengths_of(blocks: int) -> tuple[int, ...]:
    """Window lengths: 1 to 8, then each a quarter longer, up to a quarter of all blocks.

    >>> lengths_of(64)
    (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15)
    """
    if blocks < FEWEST_BLOCKS:
        return ()
    lengths = [1]
    while (longer := max(lengths[-1] + 1, lengths[-1] * 5 // 4)) <= blocks // FEWEST_WINDOWS:
        lengths.append(longer)
    return tuple(lengths)


def whole_blocks(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The position of each block in time; a short first or last block joins its neighbour.

    Tables rarely begin and end at midnight: a partial first or last day holds few rows, of some
    hours only. Counted as a day it would exaggerate the variation between days.

    Args:
        rows: Rows of each block in the order of time, shape (k,).

    >>> whole_blocks(np.array([80, 900, 910, 890, 440])).tolist()
    [0, 0, 1, 2, 2]
    """
    if len(rows) == 0:
        return np.zeros(0, dtype=np.int64)
    least, new = SHORT_BLOCK * np.median(rows), np.ones(len(rows), dtype=np.int64)
    new[0] = 0
    if rows[0] < least:
        new[1] = 0
    if rows[-1] < least:
        new[-1] = 0
    return np.cumsum(new)


def blocks_in(blocks: NDArray[np.int64]) -> int:
    """The number of blocks of a table; a short first or last block is not counted.

    >>> blocks_in(np.array([3, 3, 3, 4, 4, 4, 5]))
    2
    """
    return number_of(np.unique(blocks, return_counts=True)[1])


def number_of(rows: NDArray[np.int64]) -> int:
    """As `blocks_in`, from the number of rows of each block, shape (k,)."""
    return int(whole_blocks(rows)[-1]) + 1 if len(rows) else 0


def windows_of(
    by_block: Mapping[str, Counts], kinds: Mapping[str, str], shared: int = 1
) -> dict[str, tuple[Windows, ...]]:
    """The null of each column, and under "" that of the mean distance over columns.

    Args:
        by_block: Counts of each column with nulls as the last bin, in the order of time;
            shape (blocks, bins).
        kinds: The kind of each column.
        shared: Blocks of time in each row of `by_block`.

    With r the mean over windows s of |F_s - F_rest|^2 h / sum F (1 - F), where h is
    n_s n_rest / (n_s + n_rest) and F cumulative shares (shares, for categories), r = 1 for
    independent rows, and (r - 1) / (n_s - 1) estimates the correlation of rows within a
    window (the design effect of Kish 1965, section 5.4, over all bins at once).
    """
    lengths = lengths_of(min(map(len, by_block.values()), default=0))
    found = {
        name: [_look(c, kinds[name], length) for length in lengths] for name, c in by_block.items()
    }
    if not lengths:
        return {}
    sizes = [length * shared for length in lengths]
    known = {name: _summaries(looks, sizes) for name, looks in found.items()}
    means = [
        (np.mean([looks[i][0] for looks in found.values()], axis=0), 0.0)
        for i in range(len(lengths))
    ]
    return {**known, "": _summaries(means, sizes)}


def at_length(known: Sequence[Windows], blocks: int, whole: int) -> Windows | None:
    """The null for a batch of `blocks` blocks, interpolated between the lengths measured.

    Args:
        known: The measured windows, shortest first.
        blocks: Length of the batch.
        whole: Length of the reference.

    Beyond the longest measured length, windows are taken to vary like means of independent
    windows of that length: the correlation falls with the length, and the distance with the
    square root of 1 / blocks + 1 / whole.

    Returns:
        None where no window was measured.
    """
    if not known:
        return None
    at, longest = max(blocks, 1), known[-1]
    if at > longest.blocks:
        shorter = longest.blocks
        seen = 1 / shorter + 1 / max(whole - shorter, 1)
        narrower = min(1.0, ((1 / at + 1 / max(whole, 1)) / seen) ** 0.5)
        return Windows(at, longest.distance * narrower, longest.correlation * shorter / at)
    sizes = [k.blocks for k in known]
    distance, correlation = (
        float(np.interp(at, sizes, [getattr(k, name) for k in known]))
        for name in ("distance", "correlation")
    )
    return Windows(at, distance, correlation)


def _look(by_block: Counts, kind: str, length: int) -> tuple[NDArray[np.float64], float]:
    """Distance of each window from the rest, and the correlation of rows within one."""
    running = np.vstack([np.zeros((1, by_block.shape[1])), by_block.cumsum(axis=0)])
    start = _starts(len(by_block) - length)
    window = running[start + length] - running[start]
    rest = running[-1] - window
    return distances(window, rest, kind), _correlation(window, rest, running[-1], kind)


def _correlation(window: Counts, rest: Counts, whole: Counts, kind: str) -> float:
    ordered = kind in ORDERED
    here, there, mean = (cumulative(c, ordered=ordered) for c in (window, rest, whole))
    n, m = window.sum(axis=1), rest.sum(axis=1)
    chance = float((mean * (1 - mean)).sum())
    rows = float(n.mean())
    if chance <= 0 or rows <= 1:
        return 0.0
    ratio = float((((here - there) ** 2).sum(axis=1) * n * m / (n + m)).mean()) / chance
    return min(max(0.0, (ratio - 1) / (rows - 1)), 1.0)


def _starts(last: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, last, min(last + 1, MOST_WINDOWS)).astype(np.int64))


def _summaries(
    looks: Iterable[tuple[NDArray[np.float64], float]], lengths: Sequence[int]
) -> tuple[Windows, ...]:
    return tuple(
        Windows(length, float(np.quantile(found, NULL_QUANTILE)), correlation)
        for length, (found, correlation) in zip(lengths, looks, strict=True)
    )
