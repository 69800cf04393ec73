"""P-values and null quantiles of two-sample tests.

Counts may be *effective* counts: n rows that share days carry the information of fewer
independent rows, and all counts are scaled down by the same factor.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, bdtrc, chdtrc, kolmogi, kolmogorov, ndtr

Counts = NDArray[np.float64]

SMALLEST_EXPECTED = 5.0
SIDES = 2  # of a two-sided test
TWO_SIDED = 1.959963984540054  # deviations that 95% keep within: scipy.special.ndtri(0.975)


def p_of_order(distance: float, n: float, m: float) -> float:
    """Kolmogorov-Smirnov p-value of a distance between samples of n and m rows.

    The asymptotic distribution at n m / (n + m) (Smirnov 1948); ties and small samples make it
    conservative. 1 where either sample has no rows.

    >>> round(p_of_order(0.1, 500, 500), 4)
    0.0135
    """
    return float(kolmogorov(np.sqrt(_harmonic(n, m)) * distance))


def p_of_categories(batch: Counts, reference: Counts, rest: int = 0) -> float:
    """Chi-square p-value of the two-row table of counts; 1 for one category, or without rows.

    Args:
        batch: Counts, shape (k,).
        reference: Counts of the same categories, shape (k,).
        rest: Number of bins at the end that hold several categories each (other, unseen).
            They are pooled first: unseen values have a count of zero in the reference by
            definition.

    Categories are then pooled, rarest first, until every bin expects `SMALLEST_EXPECTED` rows
    in the smaller sample. The pooled counts of both samples decide which ones, so that the
    choice favours neither.
    """
    if not batch.sum() or not reference.sum():
        return 1.0
    table = _pooled(np.vstack([batch, reference]), rest)
    total, rows = table.sum(), table.sum(axis=1, keepdims=True)
    expected = rows * table.sum(axis=0) / total
    statistic = float(((table - expected) ** 2 / expected).sum())
    freedom = table.shape[1] - 1
    return float(chdtrc(freedom, statistic)) if freedom else 1.0


def p_of_share(hits: float, n: float, others: float, m: float) -> float:
    """Two-sided p-value of `hits` of n against `others` of m.

    Chi-square where every bin expects `SMALLEST_EXPECTED` rows; else the exact binomial test
    of how the hits are divided between the samples, which is conservative.

    >>> p_of_share(0, 100, 0, 1_000)
    1.0
    >>> p_of_share(10, 100, 0, 1_000) < 1e-9
    True
    """
    if n <= 0 or m <= 0:
        return 1.0
    both, part = hits + others, n / (n + m)
    rare = min(both, n + m - both)
    if rare * min(part, 1 - part) >= SMALLEST_EXPECTED:
        return p_of_categories(np.array([hits, n - hits]), np.array([others, m - others]))
    if both > n + m - both:
        hits, both = n - hits, n + m - both
    hits, both = round(hits), round(both)
    low, high = bdtr(hits, both, part), 1.0 if hits <= 0 else bdtrc(hits - 1, both, part)
    return float(min(1.0, SIDES * min(low, high)))


def p_of_unseen(unseen: float, n: float, once: float, twice: float, m: float) -> float:
    """Two-sided p-value of the number of rows whose value does not occur in the reference.

    Args:
        unseen: Rows of the batch with such a value.
        n: Rows of the batch.
        once: Values that occur once in the reference.
        twice: Values that occur twice in the reference.
        m: Rows of the reference.

    A value that occurs once would be unseen without its row, so once / m estimates the expected
    share (Good 1953), with variance (once + 2 twice) / m^2 (Esty 1983). Rows of one new value
    occur together, so a batch counts for at most m rows. Returns the larger of the normal and
    the exact p-value; 1 where either side has no rows.

    >>> p_of_unseen(30, 300, 100, 40, 1_000)
    1.0
    >>> p_of_unseen(150, 300, 100, 40, 1_000) < 1e-9
    True
    """
    if n <= 0 or m <= 0:
        return 1.0
    cap = min(1.0, m / n)
    exact = p_of_share(unseen * cap, n * cap, once, m)
    expected = (unseen * cap + once) / (n * cap + m)
    variance = expected / (n * cap) + (once + 2 * twice) / m**2
    if not variance:
        return exact
    return max(exact, float(SIDES * ndtr(-abs(unseen / n - once / m) / np.sqrt(variance))))


def q_values(p: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> Counts:
    """Benjamini-Hochberg adjusted p-values (1995, eq. 1), shape (k,).

    Args:
        p: Shape (k,).
        weights: Importances, at least 0, shape (k,). They are scaled to a mean of 1, and p is
            divided by them (Genovese, Roeder and Wasserman 2006). None: equal weights.

    >>> q_values(np.array([0.01, 0.04, 0.5])).round(2).tolist()
    [0.03, 0.06, 0.5]
    """
    if weights is not None and weights.sum() > 0:
        scaled = weights / weights.mean()
        p = np.divide(p, scaled, out=np.ones(len(p)), where=scaled > 0)
    order = np.argsort(p)[::-1]
    ranks = np.arange(len(p), 0, -1)
    q = np.empty(len(p))
    q[order] = np.minimum.accumulate(p[order] * len(p) / ranks)
    return np.minimum(q, 1.0)


def quantile_of_order(level: float, n: float, m: float) -> float:
    """Quantile `level` of the distance between two samples of one distribution."""
    rows = _harmonic(n, m)
    return min(1.0, float(kolmogi(1 - level) / np.sqrt(rows))) if rows else 1.0


def quantile_of_categories(z: float, pooled: Counts, n: float, m: float) -> float:
    """Approximate quantile of the total variation of categories: its mean plus `z` deviations.

    Args:
        z: Quantile of the normal distribution, 1.645 for .95.
        pooled: Shares in both samples together, shape (k,).
        n: Rows of one sample.
        m: Rows of the other sample.

    The difference of a share p is normal with variance p (1 - p) (1/n + 1/m); for a rare
    category its mean is at most 2 p. The total variation is at least the largest difference.
    """
    if not n or not m:
        return 1.0
    spread = np.sqrt(pooled * (1 - pooled) / _harmonic(n, m))
    mean = np.minimum(np.sqrt(2 / np.pi) * spread, 2 * pooled).sum() / 2
    deviation = np.sqrt((1 - 2 / np.pi) * (spread**2).sum()) / 2
    largest = TWO_SIDED * float(spread.max(initial=0.0))
    return min(1.0, max(largest, float(mean + z * deviation)))


def effective_rows(rows: float, correlation: float) -> float:
    """Effective sample size of `rows` correlated rows of one window (Kish 1965).

    >>> effective_rows(100, 0.0), round(effective_rows(100, 0.5), 2)
    (100.0, 1.98)
    """
    return rows / (1 + (rows - 1) * correlation) if rows > 1 else float(rows)


def _harmonic(n: float, m: float) -> float:
    return n * m / (n + m) if n > 0 and m > 0 else 0.0


def _pooled(table: Counts, rest: int) -> Counts:
    """The table with its last `rest` columns and its rarest columns added into one."""
    named, left_over = np.split(table, [table.shape[1] - rest], axis=1)
    named = named[:, np.argsort(named.sum(axis=0), kind="stable")]
    total, smaller = table.sum(), table.sum(axis=1).min()
    fewest = SMALLEST_EXPECTED * total / smaller
    sizes = named.sum(axis=0)
    pool = float(left_over.sum()) + np.concatenate([[0.0], np.cumsum(sizes)])
    kept_enough = np.append(sizes, np.inf) >= fewest
    enough = kept_enough & ((pool >= fewest) | (pool == 0))
    taken = int(np.argmax(enough)) if enough.any() else len(sizes)
    joined = left_over.sum(axis=1) + named[:, :taken].sum(axis=1)
    kept = named[:, taken:]
    return np.column_stack([joined, kept]) if joined.sum() > 0 else kept
