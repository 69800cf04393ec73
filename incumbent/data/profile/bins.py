"""Choice of bins: cuts of equal mass with fine tails, and the most frequent categories."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BINS = 1_024
CATEGORIES = 1_000
TAIL_HALVINGS = 24


def cuts_of(values: Floats) -> Floats:
    """Cuts for the finite values of a reference, strictly increasing, shape (m,).

    All distinct values where there are at most `BINS` of them, which loses nothing. Otherwise
    the quantiles at k / `BINS`, and in both tails at halved levels down to the extremes, because
    extreme values dominate a Wasserstein distance. Quantiles are values of the reference (inverse
    of the empirical distribution), so a value that occurs more than n / `BINS` times is a cut
    with its own bin.

    >>> cuts_of(np.array([2.0, 1.0, 2.0, np.nan, np.inf])).tolist()
    [1.0, 2.0]
    """
    ordered = np.sort(values[np.isfinite(values)]) + 0.0  # -0.0 is 0.0
    if len(ordered) == 0:
        return ordered
    first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    if len(first) <= BINS:
        return ordered[first]
    at = np.ceil(_levels(len(ordered)) * len(ordered)).astype(np.int64) - 1
    return np.unique(ordered[np.maximum(at, 0)])


def common(counts: Mapping[str, int]) -> tuple[str, ...]:
    """The `CATEGORIES` most frequent values, sorted by name; ties are broken by name.

    >>> common({"b": 2, "a": 3})
    ('a', 'b')
    """
    by_count = sorted(counts, key=lambda name: (-counts[name], name))
    return tuple(sorted(by_count[:CATEGORIES]))


def _levels(n: int) -> Floats:
    body = np.arange(BINS + 1) / BINS
    tail = 0.5 ** np.arange(1, TAIL_HALVINGS) / BINS
    levels = np.concatenate([body, tail, 1 - tail])
    return np.unique(np.clip(levels, 1 / n, 1.0))
