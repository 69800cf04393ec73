"""Profiles of tables read in pieces, in memory that does not grow with the number of rows.

A piece holds some columns of some rows. Pieces are counted one after another and added up; `run`
maps over the columns of a piece: the builtin `map`, or that of a thread pool.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from incumbent.data.profile import category_bins, count_by_block
from incumbent.data.profile.counting import add, empty, of_categories, of_numbers
from incumbent.data.profile.lookup import Lookup
from incumbent.data.profile.sketch import Floats, Piece, Sample, Values
from incumbent.data.profile.windows import MOST_BLOCKS, whole_blocks, windows_of
from incumbent.records import ORDERED, ColumnProfile, Profile

Run = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


def count_pieces(
    pieces: Iterable[Piece], bins: Mapping[str, ColumnProfile], run: Run, *, first: bool = False
) -> dict[str, ColumnProfile]:
    """Count every column of a table on the given bins.

    Args:
        pieces: The table.
        bins: The columns to count, with their bins.
        run: Applies a function to each column of a piece.
        first: Whether this is the reference itself.
    """
    empties = {n: empty(c.kind, c.edges, c.categories) for n, c in bins.items()}
    totals: dict[str, ColumnProfile] = {}
    for piece in pieces:
        names = [name for name in piece.columns if name in bins]
        counted = run(partial(_count, piece, bins, first), names)
        for name, part in zip(names, counted, strict=True):
            totals[name] = add(totals[name], part) if name in totals else part
    return {name: totals.get(name, empties[name]) for name in bins}


def bins_of_pieces(
    pieces: Iterable[Piece], kinds: Mapping[str, str], run: Run
) -> tuple[dict[str, ColumnProfile], tuple[str, ...]]:
    """The bins of a reference, and the columns that identify its rows.

    Cuts are exact quantiles up to `EXACT_ROWS` rows, and those of every k-th row beyond. With more
    than `MOST_VALUES` categories the rarest so far are dropped. A column identifies rows where
    nearly every row has a distinct value: text, or whole numbers with few gaps.
    """
    sought = {name: Sample() if kind in ORDERED else Values() for name, kind in kinds.items()}
    for piece in pieces:
        names = [name for name in piece.columns if name in sought]
        list(run(partial(_take, piece, sought), names))
    names_rows = tuple(name for name, seen in sought.items() if seen.names_rows())
    others = [name for name in sought if name not in names_rows]
    bins = run(lambda name: sought[name].bins(kinds[name]), others)
    return dict(zip(others, bins, strict=True)), names_rows


def blocks_of_pieces(
    pieces: Iterable[Piece], columns: Mapping[str, ColumnProfile], run: Run
) -> dict[str, dict[int, Floats]]:
    """Counts of every column by block, nulls last: column -> block -> shape (bins + 1,)."""
    found: dict[str, dict[int, Floats]] = {name: {} for name in columns}
    for piece in pieces:
        named, place = np.unique(piece.days(), return_inverse=True)
        names = [name for name in piece.columns if name in columns]
        counted = run(partial(_by_block, piece, columns, place), names)
        for name, by_block in zip(names, counted, strict=True):
            for day, counts in zip(named.tolist(), by_block, strict=True):
                known = found[name].get(day)
                found[name][day] = counts if known is None else known + counts
    return found


def sample_pieces(
    pieces: Iterable[Piece], columns: Mapping[str, ColumnProfile], most: int, *, days: bool
) -> tuple[Floats, Floats]:
    """Evenly spaced rows as numbers, and the day of each.

    Args:
        pieces: The table.
        columns: The columns, on the bins of the reference; categories become bin numbers.
        most: Largest number of rows.
        days: Whether the pieces have the day of each row; otherwise all days are 0.

    Returns:
        Shapes (n, columns), NaN where null, and (n,).
    """
    taken, when = {name: Sample(most) for name in columns}, Sample(most)
    first = next(iter(columns), None)
    for piece in pieces:
        for name in piece.columns:
            taken[name].add(_as_numbers(piece, name, columns[name]))
            if name == first:
                known = piece.days() if days else np.zeros(piece.rows)
                when.add(known.astype(np.float64))
    return np.column_stack([s.values() for s in taken.values()]), when.values()


def with_null(profile: Profile, by_block: Mapping[str, Mapping[int, Floats]]) -> Profile:
    """The profile of a reference with its null, from its counts by block."""
    some = next(iter(by_block.values()), {})
    days = sorted(some)
    whole = whole_blocks(np.array([some[d].sum() for d in days], dtype=np.int64))
    shared = max(1, -(-len(np.unique(whole)) // MOST_BLOCKS))
    starts = np.unique(whole // shared, return_index=True)[1]
    joined = {
        name: np.add.reduceat(np.array([c[d] for d in days]), starts)
        for name, c in by_block.items()
        if days
    }
    kinds = {name: column.kind for name, column in profile.columns.items()}
    null = windows_of(joined, kinds, shared) if joined else {}
    return Profile(profile.rows, len(np.unique(whole)), profile.columns, null, profile.weights)


Sought = Mapping[str, Sample | Values]


def _take(piece: Piece, sought: Sought, name: str) -> None:
    sought[name].take(piece, name)


def _count(
    piece: Piece,
    bins: Mapping[str, ColumnProfile],
    first: bool,  # noqa: FBT001 - bound by `partial`
    name: str,
) -> ColumnProfile:
    if bins[name].kind in ORDERED:
        values, missing = piece.numbers(name)
        return of_numbers(values, bins[name], missing)
    return of_categories(*piece.categories(name), bins[name], first=first)


def _as_numbers(piece: Piece, name: str, column: ColumnProfile) -> Floats:
    if column.kind in ORDERED:
        values, missing = piece.numbers(name)
        return values if missing is None else np.where(missing, np.nan, values)
    codes, texts, nulls = piece.codes_by_row(name)
    places = category_bins(texts, column).astype(np.float64)
    return np.where(nulls, np.nan, places[codes]) if texts else np.full(piece.rows, np.nan)


def _by_block(
    piece: Piece, columns: Mapping[str, ColumnProfile], place: NDArray[np.int64], name: str
) -> Floats:
    column = columns[name]
    if column.kind in ORDERED:
        values, missing = piece.numbers(name)
        nulls = np.isnan(values) if missing is None else missing | np.isnan(values)
        row_bins = Lookup(column.edges, len(values)).bin_of(np.where(nulls, 0.0, values))
        return count_by_block(row_bins, nulls, place, column)
    codes, texts, nulls = piece.codes_by_row(name)
    row_bins = category_bins(texts, column)[codes] if texts else codes
    return count_by_block(row_bins, nulls, place, column)
