"""Calibration slope: whether labels depend on the predictions.

The slope of the outcomes regressed on the predictions is 1 for calibrated predictions, 0 where
labels were shuffled among the rows, and below 0 where labels are inverted. A constant shift of
all outcomes does not change it.

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

HALF = 0.5  # of a calibrated slope: the upper bound of unrelated labels must be below it
REACH = 3.0  # standard errors: 0.3% of shuffled batches lie beyond
TAIL = 0.01  # share of a regression's outcomes that is clipped at each end


def calibration_slope(values: Floats, truth: Floats, task: Task, confidence: float) -> Estimate:
    """Slope of the outcomes on the predictions, pooled over the classes.

    b = sum_ik (p_ik - p_k)(y_ik - y_k) / sum_ik (p_ik - p_k)^2, with y_ik whether row i is of
    class k; for a regression k is the target itself, clipped to its outer quantiles.

    Args:
        values: Predictions, shape (n, k).
        truth: The result of `truth_of`, shape (n,); -1 is a class unknown to the model.
        task: The task.
        confidence: One-sided confidence of each bound.

    Rows, not days, are the unit of noise: shuffled labels do not share the day of their row.

    Returns:
        The slope; NaN without bounds where there are no rows, or all predictions or all outcomes
        are equal.

    >>> predicted, truth = np.array([[0.8], [0.2], [0.8], [0.2]]), np.array([0.9, 0.1, 0.7, 0.3])
    >>> round(calibration_slope(predicted, truth, Task.REGRESSION, 0.95).value, 2)
    0.99
    """
    if len(np.unique(truth)) <= 1:
        return Estimate(math.nan, None, None, None, len(truth), len(truth))
    outcomes = values - gaps(values, truth, task)
    if task is Task.REGRESSION:
        outcomes = np.clip(outcomes, *np.quantile(outcomes, (TAIL, 1 - TAIL)))
    centred = values - values.mean(axis=0)
    products = (centred * (outcomes - outcomes.mean(axis=0))).sum(axis=1)
    return block_ratio(products, (centred**2).sum(axis=1), np.arange(len(truth)), confidence)


def unrelated(slope: Estimate) -> bool:
    """Whether labels look shuffled: the slope may be zero, and is significantly below one half.

    Too few rows, or nearly constant predictions, give an interval that holds both: False.
    """
    near = slope.standard_error is not None and abs(slope.value) < REACH * slope.standard_error
    return near and slope.high is not None and slope.high < HALF


def related(slope: Estimate | None) -> bool:
    """Whether labels significantly depend on the predictions, which shuffled labels never do."""
    if slope is None or slope.standard_error is None:
        return False
    return slope.value > REACH * slope.standard_error
