"""How surprising two samples are if nothing has changed: p-values that count both samples' noise.

Counts may be *effective* ones: of rows that share a day, n are worth fewer independent ones,
and every count is scaled down alike.
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

    The asymptotic distribution at n m / (n + m) (Smirnov 1948), which ties and small samples
    only make conservative. No rows: 1.

    >>> round(p_of_order(0.1, 500, 500), 4)
    0.0135
    """
    return float(kolmogorov(np.sqrt(_harmonic(n, m)) * distance))


def p_of_categories(batch: Counts, reference: Counts, rest: int = 0) -> float:
    """Chi-square p-value of the two-row table of counts; one category, or no rows: 1.

    Args:
        batch: Counts, shape (k,).
        reference: Counts of the same categories, shape (k,).
        rest: So many bins at the end are no single category but what is left over (other,
            unseen). They are pooled first: what was never seen in the reference has its count
            of zero there by definition.

    Categories are then pooled, rarest first, until every bin expects `SMALLEST_EXPECTED` rows
    in the smaller sample. Which ones is decided by both samples together, so that the choice
    favours neither.
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
    """Two-sided p-value of the rows of a batch whose values the reference does not hold.

    Args:
        unseen: Such rows among the n of the batch.
        n: Rows of the batch.
        once: Values that the reference holds once.
        twice: Values that it holds twice.
        m: Rows of the reference.

    A value that is held once had been unseen without that row, so once / m estimates the share
    to expect (Good 1953), with variance (once + 2 twice) / m^2 (Esty 1983). Rows of one new
    value come together: a batch counts for no more rows than the reference has. The larger of
    the normal and the exact p-value.

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
        weights: Importances, at least 0, shape (k,); p is divided by them after they are
            scaled to a mean of 1 (Genovese, Roeder and Wasserman 2006). None: all alike.

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
    """Distance that two samples of one distribution keep below with probability `level`."""
    rows = _harmonic(n, m)
    return min(1.0, float(kolmogi(1 - level) / np.sqrt(rows))) if rows else 1.0


def quantile_of_categories(z: float, pooled: Counts, n: float, m: float) -> float:
    """About the same for the total variation of categories: its mean and `z` deviations.

    Args:
        z: Of the normal distribution, 1.645 for .95.
        pooled: Shares of both samples together, shape (k,).
        n: Rows of one sample.
        m: Rows of the other one.

    A difference of shares p is normal with variance p (1 - p) (1/n + 1/m), or, of a rare
    category, at most 2 p on average. The total variation is no less than the largest of them.
    """
    if not n or not m:
        return 1.0
    spread = np.sqrt(pooled * (1 - pooled) / _harmonic(n, m))
    mean = np.minimum(np.sqrt(2 / np.pi) * spread, 2 * pooled).sum() / 2
    deviation = np.sqrt((1 - 2 / np.pi) * (spread**2).sum()) / 2
    largest = TWO_SIDED * float(spread.max(initial=0.0))
    return min(1.0, max(largest, float(mean + z * deviation)))


def effective_rows(rows: float, correlation: float) -> float:
    """Independent rows that `rows` rows of one window are worth (Kish 1965).

    >>> effective_rows(100, 0.0), round(effective_rows(100, 0.5), 2)
    (100.0, 1.98)
    """
    return rows / (1 + (rows - 1) * correlation) if rows > 1 else float(rows)


def _harmonic(n: float, m: float) -> float:
    return n * m / (n + m) if n > 0 and m > 0 else 0.0


def _pooled(table: Counts, rest: int) -> Counts:
    """What is left over, and the rarest columns, as many as it takes, added up."""
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
