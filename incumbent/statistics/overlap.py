"""Overlap of two samples, estimated by a classifier that tells them apart."""

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

Floats = NDArray[np.float64]
Blocks = NDArray[np.int64]

FOLDS = 3
TREES = 40
LEAVES = 8
LEAF_ROWS = 40


def share_of_second(
    features: tuple[Floats, Floats],
    blocks: tuple[Blocks, Blocks],
    seed: int,
    weights: Floats | None = None,
) -> Floats:
    """Probability that a row belongs to the second of two samples, for every row.

    pi(x) = q(x) / (p(x) + q(x)) with equal weight for both samples, from gradient boosting,
    cross-fitted over blocks: a row's own block would identify its sample. NaN features are a
    branch of the trees.

    Args:
        features: Both samples, shapes (n, p) and (m, p).
        blocks: The block of each row, shapes (n,) and (m,).
        seed: Seed of the classifiers.
        weights: Weights of the first sample's rows, shape (n,); None: equal weights.

    Returns:
        Shape (n + m,): the rows of the first sample, then those of the second.
    """
    n, m = map(len, features)
    rows, is_second = np.vstack(features), np.repeat([False, True], [n, m])
    first = np.ones(n) if weights is None else weights
    weigh = np.concatenate([first / first.sum(), np.full(m, 1 / m)]) * (n + m) / 2
    fold = np.concatenate([_folds(of_sample) for of_sample in blocks])
    share = np.empty(n + m)
    for k in range(FOLDS):
        fitted = fold != k
        model = _classifier(seed).fit(rows[fitted], is_second[fitted], weigh[fitted])
        share[~fitted] = model.predict_proba(rows[~fitted])[:, 1]
    return share


def _classifier(seed: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        max_iter=TREES,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=LEAF_ROWS,
        early_stopping=False,
        random_state=seed,
    )


def _folds(blocks: Blocks) -> Blocks:
    """The fold of each row: blocks stay whole, unless there are fewer blocks than folds."""
    names, place = np.unique(blocks, return_inverse=True)
    place = place if len(names) >= FOLDS else np.arange(len(blocks))
    return np.asarray(place % FOLDS, dtype=np.int64)
