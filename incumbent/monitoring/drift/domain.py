"""Domain classifier: can rows of a batch be told from rows of the reference?

A changed correlation moves no single column. A classifier of batch against reference detects
it: its AUC on held-out rows exceeds one half.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from sklearn.ensemble import HistGradientBoostingClassifier

from incumbent.records import DomainReport

MOST_ROWS = 2_000  # sampled from either side
FEWEST_ROWS = 100  # of either side; with fewer rows the check is not made
FOLDS = 2
LARGEST = 1e300
DOMAIN_LEVEL = 0.005
EFFECT_FLOOR = 0.55  # the AUC of a shift by a sixth of a standard deviation

Floats = NDArray[np.float64]


def domain_check(
    batch: Floats, reference: Floats, seed: int, windows: tuple[Floats, ...] = ()
) -> DomainReport:
    """Held-out AUC of a classifier between two tables, with its p-value.

    Args:
        batch: Rows of numbers and codes, shape (n, columns); NaN is a value of its own.
        reference: Shape (m, columns).
        seed: Seed of the sample of at most `MOST_ROWS` rows per side, and of the two folds.
        windows: Rows of windows of the reference, each as long as the batch; the AUC of each
            against the others is a second null. Empty where rows are exchangeable.

    The model of the other fold scores every row. For independent rows the AUC of n and m rows is
    near normal about 1/2 with variance (n + m + 1) / (12 n m) (Mann and Whitney 1947). The two
    models are fitted on each other's test rows, so their mean gets the variance of one fold.

    Returns:
        None for AUC, p and null where either side has fewer than `FEWEST_ROWS` rows.
    """
    random = np.random.default_rng(seed)
    here, there = _some(batch, random), _some(reference, random)
    n, m = len(here), len(there)
    if min(n, m) < FEWEST_ROWS:
        return DomainReport(None, None, None, n, m, alarm=False)
    auc = held_out_auc(here, there, random)
    variance = FOLDS * (n + m + FOLDS) / (12 * n * m)
    p = float(ndtr(-(auc - 0.5) / np.sqrt(variance)))
    null = max((_against_others(i, windows, random) for i in range(len(windows))), default=None)
    beyond = auc > max(EFFECT_FLOOR, null or 0.0)
    return DomainReport(auc, p, null, n, m, alarm=beyond and p < DOMAIN_LEVEL)


def held_out_auc(batch: Floats, reference: Floats, random: np.random.Generator) -> float:
    """Cross-validated AUC of batch against reference."""
    rows = np.vstack([batch, reference])
    truth = np.repeat([1, 0], [len(batch), len(reference)])
    fold = np.concatenate([random.permutation(len(t)) % FOLDS for t in (batch, reference)])
    aucs = []
    for k in range(FOLDS):
        model = HistGradientBoostingClassifier(
            max_iter=40, max_leaf_nodes=8, min_samples_leaf=20, early_stopping=False, random_state=0
        ).fit(rows[fold != k], truth[fold != k])
        score = model.predict_proba(rows[fold == k])[:, 1]
        aucs.append(area_under_curve(score, truth[fold == k] == 1))
    return float(np.mean(aucs))


def area_under_curve(score: Floats, positive: NDArray[np.bool_]) -> float:
    """Share of pairs that the score orders correctly; ties count half.

    >>> area_under_curve(np.array([0.1, 0.4, 0.4]), np.array([False, False, True]))
    0.75
    """
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place]
    n = int(positive.sum())
    above = rank[positive].sum() - n * (n + 1) / 2
    return float(above / (n * (len(score) - n)))


def _against_others(i: int, windows: tuple[Floats, ...], random: np.random.Generator) -> float:
    others = np.vstack([s for j, s in enumerate(windows) if j != i])
    return held_out_auc(_some(windows[i], random), _some(others, random), random)


def _some(rows: Floats, random: np.random.Generator) -> Floats:
    """At most `MOST_ROWS` rows; infinities become the largest number that trees can bin."""
    if len(rows) > MOST_ROWS:
        rows = rows[np.sort(random.choice(len(rows), MOST_ROWS, replace=False))]
    return np.clip(rows, -LARGEST, LARGEST)
