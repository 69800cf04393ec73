"""Coverage: whether the labelled rows of a batch are a fair sample of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from incumbent.data.labels import Labelled, take
from incumbent.records import Predictions
from incumbent.statistics.evidence import p_of_categories

SCORE_BANDS = 5
COVERAGE_GAP = 0.1  # smallest difference of label coverage between two score bands that matters
COVERAGE_P = 0.001  # and how improbable it must be for labels that are missing at random
ROUNDING = 1e-9


@dataclass(frozen=True)
class Coverage:
    """Share of labelled rows by score band, lowest first, and the p-value of equal shares."""

    shares: tuple[float, ...] = ()
    p: float | None = None


def fair_sample(predictions: Predictions, labelled: Labelled, fewest: int) -> Labelled:
    """The labelled rows that may stand for a batch: the explored ones where labels are selective.

    Every rule that judges or learns reads labelled rows through this function. Explored rows are a
    random draw, so they need no weights.

    Args:
        predictions: The predictions of the whole batch, n rows.
        labelled: Its m labelled rows.
        fewest: Explored rows with labels that are needed. With fewer, all labelled rows are
            given, whose coverage then says that they are no fair sample.
    """
    if labelled.predictions.exploration is None or not uneven(coverage_of(predictions, labelled)):
        return labelled
    drawn = np.flatnonzero(labelled.predictions.exploration.explored)
    if len(drawn) < fewest:
        return labelled
    return replace(
        labelled,
        predictions=take(labelled.predictions, drawn),
        positions=labelled.positions[drawn],
        labels=labelled.labels.iloc[drawn].reset_index(drop=True),
        drawn=True,
    )


def coverage_of(predictions: Predictions, labelled: Labelled) -> Coverage:
    """Coverage of the rows that the labelled ones stand for: the explored ones, or the batch."""
    if not labelled.drawn or predictions.exploration is None:
        return coverage(predictions.values, labelled.positions)
    explored = np.flatnonzero(predictions.exploration.explored)
    positions = np.searchsorted(explored, labelled.positions)
    return coverage(predictions.values[explored], positions)


def coverage(values: NDArray[np.float64], positions: NDArray[np.int64]) -> Coverage:
    """Share of labelled rows in each score band, with its chi-square test.

    Args:
        values: Predictions, shape (n, k); the last column is the score.
        positions: Positions of the labelled rows, shape (m,).

    Bands without rows are left out.

    >>> coverage(np.arange(10.0)[:, None], np.array([0, 1, 2, 3, 4, 5, 6, 7, 8])).shares
    (1.0, 1.0, 1.0, 1.0, 0.5)
    """
    if len(values) == 0:
        return Coverage()
    bands = score_bands(values[:, -1])
    rows = np.bincount(bands, minlength=SCORE_BANDS).astype(np.float64)
    labelled = np.bincount(bands[positions], minlength=SCORE_BANDS).astype(np.float64)
    shares = labelled[rows > 0] / rows[rows > 0]
    return Coverage(tuple(shares.tolist()), p_of_categories(labelled, rows - labelled))


def score_bands(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """The band of each row, 0 the lowest, shape (n,): the quintiles of the score separate them."""
    edges = np.quantile(scores, np.arange(1, SCORE_BANDS) / SCORE_BANDS)
    return np.asarray(np.searchsorted(edges, scores, side="right"), dtype=np.int64)


def uneven(found: Coverage) -> bool:
    """Whether label coverage depends on the score, so that labelled rows are no fair sample.

    Where labels of one class arrive earlier, the labelled rows do not represent the batch. Labels
    that are missing at random differ between bands as well: the difference must be significant,
    and large enough to matter.

    >>> uneven(Coverage((0.9, 0.8), 1e-4)), uneven(Coverage((0.9, 0.8), 0.01))
    (True, False)
    >>> uneven(Coverage((0.9, 0.85), 1e-9))
    False
    """
    significant = found.p is not None and found.p < COVERAGE_P
    return significant and gap_of(found.shares) >= COVERAGE_GAP - ROUNDING


def gap_of(shares: Sequence[float]) -> float:
    """The largest difference between two bands; 0 without any."""
    return max(shares) - min(shares) if shares else 0.0
