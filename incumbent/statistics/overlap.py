"""Overlap: where two samples have rows in common, as a classifier of the two sees it."""

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
    """The share that the second of two samples has among the rows at each row.

    pi(x) = q(x) / (p(x) + q(x)), both samples weighing the same, from gradient boosting that has
    not seen the row's block: rows of one day would be told by the day. NaN features are a branch
    of the trees.

    Args:
        features: Both samples, shapes (n, p) and (m, p).
        blocks: The block of each row, shapes (n,) and (m,).
        seed: Seed of the classifiers.
        weights: Of the rows of the first sample, shape (n,); None: all alike.

    Returns:
        Shape (n + m,): the rows of the first sample, then those of the second.
    """
    n, m = map(len, features)
    rows, is_second = np.vstack(features), np.repeat([False, True], [n, m])
    given = np.ones(n) if weights is None else weights
    weigh = np.concatenate([given / given.sum(), np.full(m, 1 / m)]) * (n + m) / 2
    fold = np.concatenate([_folds(of_sample) for of_sample in blocks])
    share = np.empty(n + m)
    for k in range(FOLDS):
        learnt = fold != k
        model = _classifier(seed).fit(rows[learnt], is_second[learnt], weigh[learnt])
        share[~learnt] = model.predict_proba(rows[~learnt])[:, 1]
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
    """The fold of each row: whole blocks, or rows where there are too few blocks."""
    names, place = np.unique(blocks, return_inverse=True)
    place = place if len(names) >= FOLDS else np.arange(len(blocks))
    return np.asarray(place % FOLDS, dtype=np.int64)
