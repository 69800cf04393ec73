"""Distances between two histograms on the same bins.

The last bin holds the nulls: a null sorts after every number, and is a category of its own.
"""

from typing import cast

import numpy as np
from numpy.typing import NDArray

from incumbent.records import ORDERED

Counts = NDArray[np.float64]

BINS = 10
PSI_SMOOTHING = 0.5


def distances(batch: Counts, reference: Counts, kind: str) -> NDArray[np.float64]:
    """Kolmogorov-Smirnov distance of values in order, total variation of categories, in [0, 1].

    Args:
        batch: Counts per bin with nulls as the last bin, shape (..., bins).
        reference: The same bins, shape (..., bins).
        kind: What the column holds.

    Cumulative shares are exact on both sides of every cut, so ties lose nothing. `certified`
    bounds how much smaller the distance on bins can be than the distance on raw values.

    Returns:
        Shape (...); NaN where either side has no rows.

    >>> float(distances(np.array([5.0, 5, 0]), np.array([10.0, 0, 0]), "categorical"))
    0.5
    """
    p, q = shares(batch), shares(reference)
    if kind in ORDERED:
        apart = np.abs(np.cumsum(p - q, axis=-1)).max(axis=-1)
    else:
        apart = np.abs(p - q).sum(axis=-1) / 2
    return np.asarray(np.minimum(apart, 1.0))  # rounding can pass one by an ulp


def steps(counts: Counts) -> Counts:
    """Cumulative shares before the first bin and after each, shape (bins + 1,)."""
    found = np.zeros(len(counts) + 1)
    np.cumsum(counts, out=found[1:])
    found /= found[-1]
    return found


def certified(f: Counts, g: Counts) -> tuple[float, float]:
    """Kolmogorov-Smirnov distance of two `steps`, and an upper bound of its error."""
    seen = min(1.0, float(np.abs(f - g).max()))
    right, left = slice(1, -1, 2), slice(0, -2, 2)
    possible = max(float((f[right] - g[left]).max()), float((g[right] - f[left]).max()))
    return seen, max(0.0, min(1.0, possible) - seen)


def shares(counts: Counts) -> Counts:
    """Counts as shares of their total, shape (..., bins); NaN where there are no rows."""
    total = counts.sum(axis=-1, keepdims=True)
    if total.all():
        return cast("Counts", counts / total)
    found: Counts = np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0)
    return found


def cumulative(counts: Counts, *, ordered: bool) -> Counts:
    """Cumulative shares, each bin included; plain shares where bins have no order."""
    return np.cumsum(shares(counts), axis=-1) if ordered else shares(counts)


def stability_index(batch: Counts, reference: Counts, smoothing: float = PSI_SMOOTHING) -> float:
    """Population stability index: sum of (p - q) ln(p / q), in nats, over bins.

    Args:
        batch: Counts of few bins, shape (bins,); `binned` gives ten.
        reference: The same bins.
        smoothing: Added to every count, so that an empty bin is finite. Half a row is
            Jeffreys' prior; with a much smaller value the index mostly measures the smoothing.

    >>> round(stability_index(np.array([30.0, 70]), np.array([50.0, 50]), smoothing=0), 4)
    0.1695
    """
    p, q = shares(batch + smoothing), shares(reference + smoothing)
    if not smoothing:
        apart = p != q  # an empty bin on both sides is 0, and 0 ln 0 too
        p, q = p[apart], q[apart]
    return float(((p - q) * np.log(p / q)).sum())


def jensen_shannon(batch: Counts, reference: Counts) -> float:
    """Jensen-Shannon divergence in bits (base 2), from 0 to 1 (Lin 1991, eq. 4.1).

    Its square root is the Jensen-Shannon distance. NaN where either side has no rows.

    >>> jensen_shannon(np.array([1.0, 0]), np.array([0.0, 1]))
    1.0
    """
    p, q = shares(batch), shares(reference)
    middle = (p + q) / 2
    return float((_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2)


def largest_change(batch: Counts, reference: Counts) -> float:
    """Largest change of one bin's share (L-infinity), from 0 to 1."""
    return float(np.abs(shares(batch) - shares(reference)).max())


def binned(batch: Counts, reference: Counts, bins: int = BINS) -> tuple[Counts, Counts]:
    """Merge ordered bins into at most `bins` of about equal mass in the reference.

    The nulls stay in a last bin of their own.
    """
    values = reference[:-1]
    middle = (np.cumsum(values) - values / 2) / max(float(values.sum()), 1.0)
    at = np.append(np.minimum((middle * bins).astype(np.int64), bins - 1), bins)
    joined = [np.bincount(at, weights=c).astype(np.float64) for c in (batch, reference)]
    return joined[0], joined[1]


def area_between(gap: Counts, cuts: Counts) -> float:
    """Area between two curves, within the cuts; `gap` is their difference after each bin."""
    start, end, width = gap[1:-2:2], gap[2:-1:2], np.diff(cuts)
    across = start * end < 0
    total = np.abs(start) + np.abs(end)
    # Where the two cross, the area is that of two triangles.
    area = np.where(across, (start**2 + end**2) / np.where(across, total, 1.0), total) / 2
    return float((area * width).sum())


def _relative_entropy(p: Counts, q: Counts) -> float:
    some = p > 0
    return float((p[some] * np.log2(p[some] / q[some])).sum())
