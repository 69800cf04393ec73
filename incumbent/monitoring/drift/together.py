"""Group the columns in alarm that one event can explain.

Columns that depend on each other in the rows of the batch rarely move separately. Maximal
correlation measures the dependence of numbers, categories and nulls on one scale.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from incumbent.records import ORDERED, DriftReport

if TYPE_CHECKING:  # the `drift` command compares two files without importing pandas
    import pandas as pd

MOST_COLUMNS = 20  # the first columns in alarm; further ones are not grouped
MOST_ROWS = 2_000
FEWEST_ROWS = 500  # with fewer, independent columns reach a third of `RELATED` by chance
RELATED = 0.5
BINS = 10
SMALLEST_BIN = 0.05  # share of the rows; one row in two rare bins would give a correlation of 1

Floats = NDArray[np.float64]
Bins = NDArray[np.int64]


def with_groups(
    report: DriftReport, rows_of: Callable[[list[str], list[bool]], Floats]
) -> DriftReport:
    """The report with the groups of its columns in alarm.

    Args:
        report: The drift of each column.
        rows_of: Reads rows of the batch, given the columns and whether each is ordered; called
            only where two columns or more are in alarm.
    """
    alarmed = [c for c in report.columns if c.alarm][:MOST_COLUMNS]
    if len(alarmed) <= 1:
        return report
    names, ordered = [c.column for c in alarmed], [c.kind in ORDERED for c in alarmed]
    return replace(report, together=moved_together(rows_of(names, ordered), names, ordered))


def rows_of_frame(frame: "pd.DataFrame", names: Sequence[str], ordered: Sequence[bool]) -> Floats:
    """Evenly spaced rows of a table, at most `MOST_ROWS`, categories as codes, shape (n, k)."""
    some = frame.iloc[:: max(1, -(-len(frame) // MOST_ROWS))]
    columns = [
        some[name] if of_order else some[name].astype("category").cat.codes.replace(-1, np.nan)
        for name, of_order in zip(names, ordered, strict=True)
    ]
    return np.column_stack([c.to_numpy(np.float64) for c in columns])


def moved_together(
    rows: Floats, names: Sequence[str], ordered: Sequence[bool]
) -> tuple[tuple[str, ...], ...]:
    """Groups of two or more dependent columns; columns in no group are left out.

    Args:
        rows: Rows of the batch, shape (n, k): numbers, and codes of categories; NaN is null.
        names: The k columns, in the order used within groups.
        ordered: Whether the values of each column have an order.

    Columns with a maximal correlation of at least `RELATED` are linked; a group is a connected
    component. Fewer than `FEWEST_ROWS` rows give no groups.

    >>> x = np.random.default_rng(0).normal(size=(1_000, 2))
    >>> rows = np.column_stack([x[:, 0], x[:, 1], -x[:, 0]])
    >>> moved_together(rows, ["a", "b", "c"], [True] * 3)
    (('a', 'c'),)
    """
    if len(rows) < FEWEST_ROWS:
        return ()
    bins = [bins_of(rows[:, j], ordered=ordered[j]) for j in range(len(names))]
    group = list(range(len(names)))
    for i, j in combinations(range(len(names)), 2):
        if group[i] != group[j] and maximal_correlation(bins[i], bins[j]) >= RELATED:
            group = [group[i] if g == group[j] else g for g in group]
    found = [
        tuple(n for n, g in zip(names, group, strict=True) if g == k) for k in range(len(group))
    ]
    return tuple(sorted((g for g in found if len(g) > 1), key=lambda g: names.index(g[0])))


def maximal_correlation(a: Bins, b: Bins) -> float:
    """Largest correlation of any function of one column with any function of the other.

    The second singular value of p_ij / sqrt(p_i p_j), the first being 1 (Hirschfeld 1935; Renyi
    1959). For two normal variables in fine bins it is the absolute correlation. From 0 to 1; 0
    for a constant.

    Args:
        a: The bin of each row, shape (n,); no bin is empty.
        b: The same for the other column, shape (n,).

    >>> maximal_correlation(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    0.0
    """
    k, m = int(a.max()) + 1, int(b.max()) + 1
    if min(k, m) == 1:
        return 0.0
    shares = np.bincount(a * m + b, minlength=k * m).reshape(k, m) / len(a)
    scale = np.sqrt(np.outer(shares.sum(axis=1), shares.sum(axis=0)))
    values = np.linalg.svd(shares / scale, compute_uv=False)
    return float(np.clip(values[1], 0.0, 1.0).round(12))


def bins_of(values: Floats, *, ordered: bool) -> Bins:
    """The bin of each row, shape (n,): deciles or categories, with a separate bin for nulls.

    Bins below `SMALLEST_BIN` of the rows are merged into one; if that is still too small, it is
    merged with the largest bin. A column of rare categories only therefore correlates with none.

    >>> bins_of(np.array([3.0, 3.0, np.nan, 1.0]), ordered=False).tolist()
    [1, 1, 2, 0]
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    null = np.isnan(values)
    if ordered:
        middle = (np.cumsum(counts) - counts / 2)[place] / len(values)
        place = np.where(null, BINS, (middle * BINS).astype(np.int64))
    for _ in range(2):  # first the small bins with each other, then the result with the largest
        counts = np.bincount(place)
        small = (counts > 0) & (counts < SMALLEST_BIN * len(values))
        into = int(np.argmax(small)) if small.sum() > 1 else int(np.argmax(counts))
        place = np.where(small[place], into, place)
    return np.unique(place, return_inverse=True)[1].astype(np.int64)
