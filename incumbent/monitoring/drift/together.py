"""Which columns moved together: alarms that one event can explain.

Two columns whose values go together in the rows of the batch seldom move alone. What they have in
common is measured alike for numbers, categories and nulls, by their maximal correlation.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from incumbent.records import ORDERED, DriftReport

if TYPE_CHECKING:  # the command that compares two files does without pandas
    import pandas as pd

MOST_COLUMNS = 20  # in alarm, the first of the report
MOST_ROWS = 2_000
FEWEST_ROWS = 500  # of fewer, independent columns reach a third of `RELATED` by chance
RELATED = 0.5
BINS = 10
SMALLEST_BIN = 0.05  # share of the rows; one row in two rare bins would be a correlation of 1

Floats = NDArray[np.float64]
Bins = NDArray[np.int64]


def with_groups(
    report: DriftReport, rows_of: Callable[[list[str], list[bool]], Floats]
) -> DriftReport:
    """The report with the groups of its columns in alarm.

    Args:
        report: What is said of the columns one by one.
        rows_of: Gives the rows of some columns of the batch, and is told which have an order;
            asked only where two are in alarm.
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
    """Groups of columns, each of two at least; a column in no group moved alone.

    Args:
        rows: Rows of the batch, shape (n, k): numbers, and codes of categories; NaN is null.
        names: The k columns, in the order in which groups name them.
        ordered: Whether the values of a column have an order.

    A group holds all that is linked by a maximal correlation of `RELATED` at least, directly or
    through others. Fewer rows than `FEWEST_ROWS` have no groups.

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
    """Largest correlation of any function of one with any function of the other, from 0 to 1.

    The second singular value of p_ij / sqrt(p_i p_j), the first being 1 (Hirschfeld 1935; Renyi
    1959). Of two normal variables, in bins fine enough, it is the size of their correlation. A
    constant: 0.

    Args:
        a: The bin of each row, shape (n,), every bin from 0 on in use.
        b: Shape (n,).

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
    """The bin of each row, shape (n,): tenths of the order or categories, nulls apart.

    Bins of fewer than `SMALLEST_BIN` of the rows are one, and if that is too small as well, it
    is part of the largest: categories that are all of them rare go together with nothing.

    >>> bins_of(np.array([3.0, 3.0, np.nan, 1.0]), ordered=False).tolist()
    [1, 1, 2, 0]
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    null = np.isnan(values)
    if ordered:
        middle = (np.cumsum(counts) - counts / 2)[place] / len(values)
        place = np.where(null, BINS, (middle * BINS).astype(np.int64))
    for _ in range(2):  # the small ones together, then what they make with the largest
        counts = np.bincount(place)
        small = (counts > 0) & (counts < SMALLEST_BIN * len(values))
        into = int(np.argmax(small)) if small.sum() > 1 else int(np.argmax(counts))
        place = np.where(small[place], into, place)
    return np.unique(place, return_inverse=True)[1].astype(np.int64)
