"""Calibration slope: whether labels follow what was predicted, or have nothing to do with it.

The slope of the outcomes regressed on the predictions is 1 where a prediction is right on average
whatever it says, 0 where labels were shuffled among the rows, and below 0 where they are upside
down. A shift of all outcomes alone leaves it as it is.

Reference: Mincer and Zarnowitz, The evaluation of economic forecasts (1969); for classes Miller,
Hui and Tierney, Validation techniques for logistic regression models (1991), on the scale of the
probability instead of the logit, so that a probability of 0 or 1 has a place.
"""

import math

import numpy as np
from numpy.typing import NDArray

from incumbent.params import Task
from incumbent.records import Estimate
from incumbent.statistics.intervals import block_ratio
from incumbent.statistics.metrics import gaps

Floats = NDArray[np.float64]

HALF = 0.5  # of the slope of predictions that are right: what unrelated labels surely stay below
REACH = 3.0  # standard errors: beyond it lie 0.3% of shuffled batches
TAIL = 0.01  # share of a regression's outcomes at each end that counts no more than its quantile


def calibration_slope(values: Floats, truth: Floats, task: Task, confidence: float) -> Estimate:
    """Slope of the outcomes on the predictions, pooled over the classes.

    b = sum_ik (p_ik - p_k)(y_ik - y_k) / sum_ik (p_ik - p_k)^2, with y_ik whether row i is of
    class k; for a regression k is the target itself, its tails drawn in to their quantiles.

    Args:
        values: Predictions, shape (n, k).
        truth: As `truth_of` gives it, shape (n,); -1 is a class unknown to the model.
        task: The task.
        confidence: One-sided confidence of each bound.

    The noise is that of rows: shuffled labels have no day in common with theirs.

    Returns:
        The slope; NaN without bounds where there are no rows, or all predictions or all outcomes
        are the same.

    >>> said, came = np.array([[0.8], [0.2], [0.8], [0.2]]), np.array([0.9, 0.1, 0.7, 0.3])
    >>> round(calibration_slope(said, came, Task.REGRESSION, 0.95).value, 2)
    0.99
    """
    if len(np.unique(truth)) <= 1:
        return Estimate(math.nan, None, None, None, len(truth), len(truth))
    came = values - gaps(values, truth, task)
    if task is Task.REGRESSION:
        came = np.clip(came, *np.quantile(came, (TAIL, 1 - TAIL)))
    said = values - values.mean(axis=0)
    together = (said * (came - came.mean(axis=0))).sum(axis=1)
    return block_ratio(together, (said**2).sum(axis=1), np.arange(len(truth)), confidence)


def unrelated(slope: Estimate) -> bool:
    """Whether labels look shuffled: zero is within reach, and half of a right slope surely not.

    Too few rows, or predictions that hardly differ, leave both within reach and show nothing.
    """
    near = slope.standard_error is not None and abs(slope.value) < REACH * slope.standard_error
    return near and slope.high is not None and slope.high < HALF


def related(slope: Estimate | None) -> bool:
    """Whether labels surely follow the predictions, as shuffled ones do for no model."""
    if slope is None or slope.standard_error is None:
        return False
    return slope.value > REACH * slope.standard_error
