"""Profiles: a table as histograms on fixed bins, with the null distribution of their distances.

Counts of parts add up exactly, so that a frame, a file read in pieces and partitions give the
same profile. `bins` chooses the bins, `counting` counts, `windows` estimates the null.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from incumbent.data.profile.bins import common, cuts_of
from incumbent.data.profile.counting import OTHER, add, empty, of_categories, of_numbers
from incumbent.data.profile.lookup import Lookup
from incumbent.data.profile.windows import MOST_BLOCKS, number_of, whole_blocks, windows_of
from incumbent.records import ORDERED, ColumnProfile, Profile

if TYPE_CHECKING:  # the `drift` command compares two files without importing pandas
    import pandas as pd

NO_CUTS = np.zeros(0)
COARSE = 256


def profile(
    frame: "pd.DataFrame", kinds: Mapping[str, str], blocks: NDArray[np.int64] | None
) -> Profile:
    """Profile of a reference: its bins, its counts, and the null of its distances.

    Args:
        frame: A canonical table, shape (n, columns).
        kinds: The columns to profile, and the kind of each.
        blocks: The day of each row, shape (n,); None where rows are exchangeable.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"x": [1.0, 2.0, 2.0, np.nan]})
    >>> profile(frame, {"x": "numeric"}, None).columns["x"].counts.tolist()
    [0, 1, 0, 2, 0]
    """
    columns = {name: _first(frame[name], kind) for name, kind in kinds.items()}
    counted = Profile(len(frame), 0, columns)
    if blocks is None or frame.empty:
        return counted
    days, shared, place = grouped(blocks)
    by_block = {n: _by_block(frame[n], c, place) for n, c in columns.items()}
    return Profile(len(frame), days, columns, windows_of(by_block, kinds, shared))


def kinds_in(table: Profile) -> dict[str, str]:
    """The columns of a profile, and the kind of each."""
    return {name: column.kind for name, column in table.columns.items()}


def count(frame: "pd.DataFrame", reference: Profile, blocks: int = 0) -> Profile:
    """Profile of another table on the bins of a reference, without a null."""
    columns = {name: _count(frame[name], c) for name, c in reference.columns.items()}
    return Profile(len(frame), blocks, columns)


def merge(left: Profile, right: Profile) -> Profile:
    """Profile of two tables together, on the same bins. Counts add exactly.

    Raises:
        ValueError: The columns or the bins of the two differ.
    """
    if left.columns.keys() != right.columns.keys():
        raise ValueError("profiles of different columns cannot be merged")
    columns = {n: add(c, right.columns[n]) for n, c in left.columns.items()}
    return Profile(left.rows + right.rows, left.blocks + right.blocks, columns)


def bin_counts(column: ColumnProfile) -> NDArray[np.float64]:
    """Counts per bin with the nulls as the last bin, shape (bins + 1,)."""
    found = np.empty(len(column.counts) + 1)
    found[:-1], found[-1] = column.counts, column.nulls
    return found


def grouped(blocks: NDArray[np.int64]) -> tuple[int, int, NDArray[np.int64]]:
    """The number of blocks, the blocks per group, and each row's group in the order of time.

    There are at most `MOST_BLOCKS` groups; a short first or last block joins its neighbour.
    """
    _, place, rows = np.unique(blocks, return_inverse=True, return_counts=True)
    whole, found = whole_blocks(rows), number_of(rows)
    shared = max(1, -(-found // MOST_BLOCKS))
    return found, shared, (whole[place] // shared).astype(np.int64)


def count_by_block(
    row_bins: NDArray[np.int64],
    nulls: NDArray[np.bool_],
    place: NDArray[np.int64],
    column: ColumnProfile,
) -> NDArray[np.float64]:
    """Rows of each group of blocks in each bin, nulls last, shape (groups, bins + 1).

    Neighbouring bins of an ordered column are merged into about `COARSE` bins, which are fine
    enough for the null.
    """
    joined = max(1, len(column.counts) // COARSE) if column.kind in ORDERED else 1
    last = -(-len(column.counts) // joined)
    places = int(place.max()) + 1 if len(place) else 0
    at = np.where(nulls, last, row_bins // joined) + place * (last + 1)
    counts = np.bincount(at, minlength=places * (last + 1))
    return counts.reshape(places, last + 1).astype(np.float64)


def _first(values: "pd.Series", kind: str) -> ColumnProfile:
    if kind in ORDERED:
        numbers = values.to_numpy()
        return of_numbers(numbers, empty(kind, cuts_of(numbers), ()))
    counted = _counted(values)
    nulls = len(values) - sum(counted.values())
    return of_categories(counted, nulls, empty(kind, NO_CUTS, common(counted)), first=True)


def _count(values: "pd.Series", reference: ColumnProfile) -> ColumnProfile:
    if reference.kind in ORDERED:
        return of_numbers(values.to_numpy(), reference)
    counted = _counted(values)
    return of_categories(counted, len(values) - sum(counted.values()), reference)


def _counted(values: "pd.Series") -> dict[str, int]:
    return {str(name): int(n) for name, n in values.value_counts(sort=False).items()}


def _by_block(
    values: "pd.Series", column: ColumnProfile, place: NDArray[np.int64]
) -> NDArray[np.float64]:
    nulls = values.isna().to_numpy()
    if column.kind in ORDERED:
        row_bins = Lookup(column.edges, len(values)).bin_of(np.where(nulls, 0.0, values.to_numpy()))
    else:
        row_bins = category_bins(values.tolist(), column)
    return count_by_block(row_bins, nulls, place, column)


def category_bins(values: list[str], column: ColumnProfile) -> NDArray[np.int64]:
    """The bin of each value on the bins of a reference, shape (n,)."""
    known = {name: i for i, name in enumerate(column.categories)}
    rest = len(known) + (0 if column.counts[OTHER] else 1)
    return np.fromiter((known.get(v, rest) for v in values), dtype=np.int64, count=len(values))
