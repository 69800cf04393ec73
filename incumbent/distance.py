"""How far two sets of counts on the same cells lie apart, and how surprising that is."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, kolmogorov

from incumbent.intake import NUMERIC

Counts = NDArray[np.float64]
SMALLEST_EXPECTED = 5.0


def distances(batch: Counts, reference: Counts, kind: str) -> NDArray[np.float64]:
    """Kolmogorov-Smirnov distance of numbers, total variation of categories, in [0, 1].

    Args:
        batch: Counts per cell with nulls as the last cell, shape (..., cells).
        reference: The same cells, shape (..., cells).
        kind: `numeric` or `categorical`.

    A null counts as larger than every number, and as a category of its own. The
    Kolmogorov-Smirnov distance on cells is at most the one on the raw values, and falls
    short of it by no more than the largest share that a cell holds.

    Returns:
        Shape (...); NaN where either side has no rows.

    >>> float(distances(np.array([5.0, 5, 0]), np.array([10.0, 0, 0]), "categorical"))
    0.5
    """
    p, q = _shares(batch), _shares(reference)
    if kind == NUMERIC:
        apart = np.abs(np.cumsum(p - q, axis=-1)).max(axis=-1)
    else:
        apart = np.abs(p - q).sum(axis=-1) / 2
    return np.asarray(np.minimum(apart, 1.0))  # rounding can pass one by an ulp


def p_value(batch: Counts, reference: Counts, kind: str) -> float:
    """Two-sample p-value, rows taken as independent; both samples' noise counts.

    Numbers: the asymptotic Kolmogorov distribution at n m / (n + m) (Smirnov 1948), which
    ties only make conservative. Categories: chi-square on the two-row table, cells with an
    expected count below 5 pooled, and with the rarest other one where that is not enough.
    One category alone, or no rows: 1.
    """
    n, m = float(batch.sum()), float(reference.sum())
    if n == 0 or m == 0:
        return 1.0
    if kind == NUMERIC:
        distance = float(distances(batch, reference, kind))
        return float(kolmogorov(np.sqrt(n * m / (n + m)) * distance))
    return _chi_square(np.vstack([batch, reference]))


def q_values(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Benjamini-Hochberg adjusted p-values (1995, eq. 1), shape (k,).

    >>> q_values(np.array([0.01, 0.04, 0.5])).round(2).tolist()
    [0.03, 0.06, 0.5]
    """
    order = np.argsort(p)[::-1]
    ranks = np.arange(len(p), 0, -1)
    q = np.empty(len(p))
    q[order] = np.minimum.accumulate(p[order] * len(p) / ranks)
    return np.minimum(q, 1.0)


def _shares(counts: Counts) -> Counts:
    total = counts.sum(axis=-1, keepdims=True)
    shares: Counts = np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0)
    return shares


def _chi_square(table: Counts) -> float:
    rows, total = table.sum(axis=1, keepdims=True), table.sum()
    pooled = _pool(table[:, table.sum(axis=0) > 0], SMALLEST_EXPECTED * total / rows.min())
    expected = rows * pooled.sum(axis=0) / total
    statistic = float(((pooled - expected) ** 2 / expected).sum())
    freedom = pooled.shape[1] - 1
    return float(chdtrc(freedom, statistic)) if freedom else 1.0


def _pool(table: Counts, fewest: float) -> Counts:
    """The rarest columns added up, as many as it takes for every column to hold `fewest`."""
    table = table[:, np.argsort(table.sum(axis=0), kind="stable")]
    sizes = table.sum(axis=0)
    if sizes[0] >= fewest:
        return table
    enough = (np.cumsum(sizes) >= fewest) & (np.append(sizes[1:], np.inf) >= fewest)
    pooled = int(np.argmax(enough)) + 1 if enough.any() else len(sizes)
    return np.hstack([table[:, :pooled].sum(axis=1, keepdims=True), table[:, pooled:]])
