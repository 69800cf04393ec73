"""Losses of rows, and the metrics of a table.

The primary metric is the log loss of a classifier and the mean absolute error of a regression.
"""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from incumbent.params import Task, ThresholdCriterion
from incumbent.records import Estimate
from incumbent.statistics.intervals import block_mean, block_ratio, jackknife

Floats = NDArray[np.float64]
# A probability of zero is taken as this: the smallest step of a float64, as in scikit-learn.
LOG_LOSS_CLIP = float(np.finfo(np.float64).eps)
CALIBRATION_BINS = 10
METRIC_NAMES = {Task.BINARY: "log_loss", Task.MULTICLASS: "log_loss", Task.REGRESSION: "mae"}
GUARDRAILS = {Task.BINARY: "brier", Task.MULTICLASS: "brier", Task.REGRESSION: "squared_error"}


def truth_of(labels: pd.Series, task: Task, classes: tuple[str, ...]) -> Floats:
    """Labels as numbers, shape (n,): the value, or the position of the class.

    A class unknown to the model is -1.
    """
    if task is Task.REGRESSION:
        return np.asarray(labels, dtype=np.float64)
    return np.asarray(pd.Index(classes).get_indexer(pd.Index(labels)), dtype=np.float64)


def row_losses(values: Floats, truth: Floats, task: Task) -> dict[str, Floats]:
    """The primary loss and the guardrail loss of each row.

    Args:
        values: Predictions, shape (n, k).
        truth: The result of `truth_of`, shape (n,).
        task: The task.

    Returns:
        Metric name to losses, shape (n,); the first one is the primary.

    >>> row_losses(np.array([[0.5, 0.5]]), np.array([1.0]), Task.BINARY)["brier"].tolist()
    [0.25]
    """
    if task is Task.REGRESSION:
        error = values[:, 0] - truth
        with np.errstate(over="ignore"):
            return {"mae": np.abs(error), "squared_error": error**2}
    hit = _one_hot(truth, values.shape[1])
    p = (values * hit).sum(axis=1)
    log_loss = -np.log(np.clip(p, LOG_LOSS_CLIP, 1.0))
    if task is Task.BINARY:
        return {"log_loss": log_loss, "brier": (1 - p) ** 2}
    return {"log_loss": log_loss, "brier": ((values - hit) ** 2).sum(axis=1)}


def constant_loss(truth: Floats, task: Task, classes: int) -> float:
    """Primary loss of the best constant prediction in hindsight, the baseline of skill.

    Classes unknown to the model count as one further class. NaN without rows.
    """
    if len(truth) == 0:
        return float("nan")
    if task is Task.REGRESSION:
        return float(np.abs(truth - np.median(truth)).mean())
    shares = np.bincount(truth.astype(int) + 1, minlength=classes + 1) / len(truth)
    seen = shares[shares > 0]
    return float(-(seen * np.log(seen)).sum())


def gaps(values: Floats, truth: Floats, task: Task) -> Floats:
    """Predicted minus observed of each row, shape (n, k); the mean is the calibration gap."""
    if task is Task.REGRESSION:
        return values - truth[:, None]
    return values - _one_hot(truth, values.shape[1])


@dataclass(frozen=True)
class Scored:
    """Predictions and truth of n rows.

    Attributes:
        values: Probabilities of k classes, or the values of a regression, shape (n, k).
        truth: Codes of the classes, or the values, shape (n,).
        blocks: The block of each row, shape (n,).
    """

    values: Floats
    truth: Floats
    blocks: NDArray[np.int64]


def metrics(
    scored: Scored, task: Task, threshold: float | None, confidence: float
) -> dict[str, Estimate]:
    """Every metric of the task with its interval over blocks; NaN where it is undefined.

    Binary: accuracy, precision, recall and F1 at the decision threshold, ROC AUC, average
    precision, calibration error, log loss, Brier. Multiclass: accuracy, F1 as the mean over the
    classes that the batch holds (macro) and over its rows (weighted), log loss, Brier.
    Regression: MAE, squared error, RMSE, R2, bias.
    """
    values, truth, blocks = scored.values, scored.truth, scored.blocks
    mean = partial(block_mean, blocks=blocks, confidence=confidence)
    by_groups = partial(jackknife, blocks=blocks, confidence=confidence)
    found = {name: mean(loss) for name, loss in row_losses(values, truth, task).items()}
    if task is Task.REGRESSION:
        predicted = values[:, 0]
        return found | {
            "bias": mean(gaps(values, truth, task)[:, 0]),
            "rmse": by_groups(lambda mask: root_mean_square(predicted[mask] - truth[mask])),
            "r2": by_groups(lambda mask: r_squared(predicted[mask], truth[mask])),
        }
    if task is Task.MULTICLASS:
        called = values.argmax(axis=1)
        return found | {
            "accuracy": mean((called == truth).astype(np.float64)),
            "f1_macro": by_groups(lambda mask: class_f1(called[mask], truth[mask])[0]),
            "f1_weighted": by_groups(lambda mask: class_f1(called[mask], truth[mask])[1]),
        }
    positive, actual = values[:, 1] >= (0.5 if threshold is None else threshold), truth == 1
    hits = (positive & actual).astype(np.float64)
    return found | {
        "accuracy": mean((positive == truth).astype(np.float64)),
        "precision": block_ratio(hits, positive.astype(np.float64), blocks, confidence),
        "recall": block_ratio(hits, actual.astype(np.float64), blocks, confidence),
        "f1": block_ratio(2 * hits, positive.astype(float) + actual, blocks, confidence),
        "auc": by_groups(lambda mask: roc_auc(values[mask, 1], actual[mask])),
        "average_precision": by_groups(
            lambda mask: average_precision(values[mask, 1], actual[mask])
        ),
        "calibration_error": by_groups(
            lambda mask: calibration_error(values[mask, 1], actual[mask])
        ),
    }


def finite(found: dict[str, Estimate]) -> dict[str, Estimate]:
    """The metrics that are defined."""
    return {name: estimate for name, estimate in found.items() if math.isfinite(estimate.value)}


def roc_auc(scores: Floats, actual: NDArray[np.bool_]) -> float:
    """Area under the ROC curve as the Mann-Whitney statistic; NaN with one class only.

    Reference: Hanley and McNeil (1982), ties at half.

    >>> roc_auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    0.75
    """
    n, m = int(actual.sum()), int((~actual).sum())
    if n == 0 or m == 0:
        return float("nan")
    return float((rankdata(scores)[actual].sum() - n * (n + 1) / 2) / (n * m))


def average_precision(scores: Floats, actual: NDArray[np.bool_]) -> float:
    """Precision averaged over the steps of recall; NaN without a positive.

    AP = sum_k (R_k - R_{k-1}) P_k over the distinct scores, from the highest down.

    >>> round(average_precision(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]) == 1), 4)
    0.8333
    """
    positives = int(actual.sum())
    if positives == 0:
        return float("nan")
    order = np.argsort(scores, kind="stable")[::-1]
    ranked, hits = scores[order], actual[order].cumsum()
    last = np.append(ranked[1:] != ranked[:-1], True)
    precision = (hits / np.arange(1, len(scores) + 1))[last]
    return float(np.diff(hits[last] / positives, prepend=0.0) @ precision)


def calibration_error(scores: Floats, actual: NDArray[np.bool_]) -> float:
    """Mean distance of predicted from observed shares in ten bins; NaN without rows.

    ECE = sum_b n_b / n |mean score - share of positives|, bins between the deciles of the score.
    Reference: Naeini, Cooper and Hauskrecht (2015), with bins of equal mass.

    >>> round(calibration_error(np.array([0.2, 0.2]), np.array([True, False])), 9)
    0.3
    """
    if len(scores) == 0:
        return float("nan")
    edges = np.quantile(scores, np.arange(1, CALIBRATION_BINS) / CALIBRATION_BINS)
    bins = np.searchsorted(edges, scores, side="right")
    off = np.bincount(bins, weights=scores - actual, minlength=CALIBRATION_BINS)
    return float(np.abs(off).sum() / len(scores))


def root_mean_square(errors: Floats) -> float:
    """Root of the mean squared error; NaN without rows."""
    with np.errstate(over="ignore"):
        return float(np.sqrt((errors**2).mean())) if len(errors) else float("nan")


def r_squared(predicted: Floats, truth: Floats) -> float:
    """Share of the variance explained, 1 - SSE / SST; NaN where all values are equal."""
    with np.errstate(over="ignore"):
        total = float(((truth - truth.mean()) ** 2).sum()) if len(truth) else 0.0
        return 1 - float(((predicted - truth) ** 2).sum()) / total if total > 0 else float("nan")


def class_f1(called: NDArray[np.int64], truth: Floats) -> tuple[float, float]:
    """Macro and weighted F1 over the classes that occur in the rows; NaN without rows."""
    held, rows = np.unique(truth, return_counts=True)
    if len(held) == 0:
        return float("nan"), float("nan")
    hits = np.array([((called == c) & (truth == c)).sum() for c in held])
    scores = 2 * hits / (rows + np.array([(called == c).sum() for c in held]))
    return float(scores.mean()), float(scores @ rows / rows.sum())


def best_threshold(scores: Floats, actual: NDArray[np.bool_], by: ThresholdCriterion) -> float:
    """The score from which a row is called positive, chosen to maximise the criterion.

    Args:
        scores: Probability of the positive class, shape (n,).
        actual: Whether a row is positive, shape (n,).
        by: F1, balanced accuracy or accuracy.

    Returns:
        0.5 where the rows are of one class.
    """
    if actual.all() or not actual.any():
        return 0.5
    order = np.argsort(scores)[::-1]
    ranked, hits = scores[order], actual[order].cumsum()
    last = np.append(ranked[1:] != ranked[:-1], True)
    called = np.arange(1, len(scores) + 1)
    positives, negatives = int(actual.sum()), int((~actual).sum())
    true_negatives = negatives - (called - hits)
    value = {
        ThresholdCriterion.F1: 2 * hits / (called + positives),
        ThresholdCriterion.BALANCED_ACCURACY: hits / positives + true_negatives / negatives,
        ThresholdCriterion.ACCURACY: (hits + true_negatives) / len(scores),
    }[by]
    return float(ranked[np.where(last, value, -np.inf).argmax()])


def _one_hot(truth: Floats, classes: int) -> Floats:
    return np.asarray(truth[:, None] == np.arange(classes), dtype=np.float64)
