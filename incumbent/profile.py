"""A table as counts on fixed cells, and the distances that are normal within it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from incumbent.distance import distances
from incumbent.intake import NUMERIC
from incumbent.records import ColumnProfile, NullQuantile, Profile

CELLS = 1_024
CATEGORIES = 1_000
NULL_QUANTILE = 0.95
FEWEST_BLOCKS = 4

Counts = NDArray[np.float64]


def profile(
    frame: pd.DataFrame, kinds: Mapping[str, str], blocks: NDArray[np.int64] | None
) -> Profile:
    """Profile of a reference: its cells, its counts, and its null.

    Args:
        frame: A canonical table, shape (n, columns).
        kinds: The columns to profile, each numeric or categorical.
        blocks: The day of each row, shape (n,); None where rows are exchangeable.

    >>> frame = pd.DataFrame({"x": [1.0, 2.0, 2.0, np.nan]})
    >>> profile(frame, {"x": "numeric"}, None).columns["x"].counts
    (1, 2, 0)
    """
    columns = {name: _cells(frame[name], kind) for name, kind in kinds.items()}
    counted = count(frame, Profile(0, 0, columns))
    if blocks is None:
        return counted
    null = null_quantiles(frame, counted, blocks)
    return Profile(counted.rows, len(np.unique(blocks)), counted.columns, null)


def kinds_in(table: Profile) -> dict[str, str]:
    """The columns of a profile, and whether each is numeric or categorical."""
    return {name: column.kind for name, column in table.columns.items()}


def count(frame: pd.DataFrame, cells: Profile, blocks: int = 0) -> Profile:
    """Profile of another table on the cells of a reference, without a null of its own."""
    columns = {name: _count(frame[name], column) for name, column in cells.columns.items()}
    return Profile(len(frame), blocks, columns)


def merge(left: Profile, right: Profile) -> Profile:
    """Profile of two tables on the same cells, put together. Counts add exactly.

    Raises:
        ValueError: The two do not have the same cells.
    """
    if left.columns.keys() != right.columns.keys():
        raise ValueError("profiles of different columns cannot be merged")
    columns = {n: _merge(c, right.columns[n]) for n, c in left.columns.items()}
    return Profile(left.rows + right.rows, left.blocks + right.blocks, columns)


def null_quantiles(
    frame: pd.DataFrame, cells: Profile, blocks: NDArray[np.int64]
) -> dict[str, tuple[NullQuantile, ...]]:
    """Distance of contiguous stretches of blocks from the rest, by length of stretch.

    For each length 1, 2, 4, ... up to half of the blocks, every stretch of that length is
    held against the rest of the table; the .95 quantile of the distances is kept. The entry
    "" is the same for the mean distance over columns.
    """
    _, day = np.unique(blocks, return_inverse=True)
    days = int(day.max()) + 1 if len(day) else 0
    if days < FEWEST_BLOCKS:
        return {}
    lengths = [2**i for i in range(days.bit_length()) if 2**i <= days // 2]
    found = {name: _stretches(frame[name], c, day, lengths) for name, c in cells.columns.items()}
    found[""] = [np.mean(of_length, axis=0) for of_length in zip(*found.values(), strict=True)]
    return {
        name: tuple(
            NullQuantile(length, float(np.quantile(d, NULL_QUANTILE)))
            for length, d in zip(lengths, of_lengths, strict=True)
        )
        for name, of_lengths in found.items()
    }


def cell_counts(column: ColumnProfile) -> Counts:
    """Counts per cell with the nulls as a last cell, shape (cells + 1,)."""
    return np.array([*column.counts, column.nulls], dtype=np.float64)


def _stretches(
    values: pd.Series, column: ColumnProfile, day: NDArray[np.int64], lengths: list[int]
) -> list[NDArray[np.float64]]:
    width = len(column.counts) + 1
    flat = day * width + _assign(values, column)
    by_day = np.bincount(flat, minlength=(int(day.max()) + 1) * width).reshape(-1, width)
    running = np.vstack([np.zeros((1, width)), by_day.cumsum(axis=0)])
    stretches = [running[length:] - running[:-length] for length in lengths]
    return [distances(s, running[-1] - s, column.kind) for s in stretches]


def _cells(values: pd.Series, kind: str) -> ColumnProfile:
    if kind == NUMERIC:
        return ColumnProfile(kind, 0, 0, _edges(values.to_numpy()), (), ())
    common = _most_common(values).index[:CATEGORIES]
    return ColumnProfile(kind, 0, 0, (), tuple(sorted(str(c) for c in common)), ())


def _most_common(values: pd.Series) -> pd.Series:
    """Counts, largest first; ties by name, so that the order of rows does not matter."""
    return values.value_counts().sort_index().sort_values(ascending=False, kind="stable")


def _edges(values: NDArray[np.float64]) -> tuple[float, ...]:
    finite = values[np.isfinite(values)]
    if len(finite) == 0:
        return ()
    levels = np.linspace(0, 1, CELLS + 1)
    return tuple(np.unique(np.quantile(finite, levels, method="inverted_cdf")).tolist())


def _assign(values: pd.Series, column: ColumnProfile) -> NDArray[np.int64]:
    """The cell of each value; nulls go to the cell behind the last."""
    if column.kind == NUMERIC:
        numbers = values.to_numpy()
        cell = np.searchsorted(np.asarray(column.edges), numbers, side="left")
        return np.where(np.isnan(numbers), len(column.edges) + 1, cell)
    cell = pd.Index(column.categories).get_indexer(pd.Index(values))
    cell = np.where(cell < 0, len(column.categories), cell)
    return np.where(values.isna().to_numpy(), len(column.categories) + 1, cell)


def _count(values: pd.Series, column: ColumnProfile) -> ColumnProfile:
    cells = max(len(column.edges), len(column.categories)) + 1
    counts = np.bincount(_assign(values, column), minlength=cells + 1).tolist()
    return ColumnProfile(
        column.kind,
        len(values),
        counts[-1],
        column.edges,
        column.categories,
        tuple(counts[:-1]),
    )


def _merge(left: ColumnProfile, right: ColumnProfile) -> ColumnProfile:
    if (left.edges, left.categories) != (right.edges, right.categories):
        raise ValueError("profiles on different cells cannot be merged")
    counts = tuple(a + b for a, b in zip(left.counts, right.counts, strict=True))
    return ColumnProfile(
        left.kind,
        left.rows + right.rows,
        left.nulls + right.nulls,
        left.edges,
        left.categories,
        counts,
    )
