"""Performance estimated before labels arrive, from the champion's predicted probabilities.

An estimate reflects covariate shift only. Under concept drift it is wrong, without any sign of
it. It can therefore raise suspicion, and never clears a model.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression

from incumbent.model.baseline import HELD_OUT_ROWS, read_held_out
from incumbent.model.scoring import encoded
from incumbent.monitoring.track_record import TrackPairs, judge_estimate, track_record
from incumbent.params import ModelSpec, Task
from incumbent.records import EstimateReport, FittedModel, Predictions
from incumbent.statistics.metrics import GUARDRAILS, LOG_LOSS_CLIP, METRIC_NAMES
from incumbent.statistics.overlap import share_of_second

Floats = NDArray[np.float64]
Blocks = NDArray[np.int64]


FEWEST_ROWS = 200
LARGEST_RATIO = 20.0
DECISION_THRESHOLD = 0.5
MOST_ITERATIONS = 200  # of the calibration, which is convex
ERROR_TREES = 50
ERROR_LEAF_ROWS = 40


def estimate(
    model: FittedModel,
    frame: pd.DataFrame,
    predictions: Predictions,
    spec: ModelSpec,
    earlier: TrackPairs,
) -> EstimateReport | None:
    """Estimate the performance of a version on a batch without labels.

    Args:
        model: The version, with its held-out rows.
        frame: The batch, canonical, shape (m, columns).
        predictions: The version's predictions for the batch.
        spec: The current tolerance and seed.
        earlier: The estimated and the observed loss of earlier batches.

    Returns:
        None where the batch or the held-out sample has fewer than `FEWEST_ROWS` rows.
    """
    if min(len(model.held_out), len(frame)) < FEWEST_ROWS:
        return None
    held_rows, judged = read_held_out(model)
    values, truth, blocks = judged.values, judged.truth, judged.blocks
    drawn = np.random.default_rng(spec.training_seed).permutation(len(frame))[:HELD_OUT_ROWS]
    sample = frame.iloc[np.sort(drawn)][list(held_rows.columns)]
    features = (
        encoded(model.pipeline, held_rows, values),
        encoded(model.pipeline, sample, predictions.values[np.sort(drawn)]),
    )
    seed, task = spec.training_seed, spec.task
    if task is Task.REGRESSION:
        errors = np.abs(values[:, 0] - truth)
        found = {METRIC_NAMES[task]: expected_error(features[0], errors, features[1], seed, blocks)}
    else:
        weights = density_ratio(features, (blocks, predictions.blocks[np.sort(drawn)]), seed)
        held_out = HeldOut(values, truth, weights)
        found = expected_metrics(held_out, predictions.values, task, model.card.threshold)
    tolerated = model.card.baseline.loss.value * (1 + spec.harm_tolerance)
    return judge_estimate(found, task, tolerated, track_record(earlier))


@dataclass(frozen=True)
class HeldOut:
    """Labelled rows that a classifier was not fitted on.

    Attributes:
        values: Its probabilities, shape (n, k).
        truth: The classes by position, shape (n,).
        weights: Density ratio of the unlabelled rows at each row, shape (n,).
    """

    values: Floats
    truth: Floats
    weights: Floats


def density_ratio(
    features: tuple[Floats, Floats], blocks: tuple[Blocks, Blocks], seed: int
) -> Floats:
    """Density ratio of unlabelled to held-out rows, at each held-out row, shape (n,).

    q / p = pi / (1 - pi), clipped at 20: larger weights would rest on very few rows.
    """
    share = share_of_second(features, blocks, seed)[: len(features[0])]
    ratio: Floats = np.minimum(share / np.maximum(1 - share, LOG_LOSS_CLIP), LARGEST_RATIO)
    return ratio


def expected_metrics(
    held_out: HeldOut, new: Floats, task: Task, threshold: float | None
) -> dict[str, float]:
    """Expected metrics of a classifier on rows without labels.

    The probabilities are calibrated on held-out rows, weighted by the density ratio, and each
    metric is its expectation over the calibrated probabilities (Bialek et al., "Estimating model
    performance under covariate shift without labels", 2024).

    Args:
        held_out: The held-out rows with their labels.
        new: Probabilities of the rows without labels, shape (m, k).
        task: Binary or multiclass.
        threshold: The decision threshold of a binary model.

    Returns:
        Log loss, Brier and accuracy; for a binary model precision, recall and AUC as well. NaN
        where no row is called positive, or only one class is possible.
    """
    likely = calibrated(held_out, new)
    clipped = np.clip(new, LOG_LOSS_CLIP, 1.0)
    found = {
        "log_loss": float(-(likely * np.log(clipped)).sum(axis=1).mean()),
        GUARDRAILS[task]: float((likely * _brier_of_each_class(new, task)).sum(axis=1).mean()),
    }
    if task is Task.MULTICLASS:
        called = new.argmax(axis=1)
        return found | {"accuracy": float(likely[np.arange(len(new)), called].mean())}
    called = new[:, 1] >= (DECISION_THRESHOLD if threshold is None else threshold)
    positive = likely[:, 1]
    hits = float(positive[called].sum())
    return found | {
        "accuracy": float(np.where(called, positive, 1 - positive).mean()),
        "precision": _ratio(hits, float(called.sum())),
        "recall": _ratio(hits, float(positive.sum())),
        "auc": expected_auc(new[:, 1], positive),
    }


def calibrated(held_out: HeldOut, new: Floats) -> Floats:
    """Probabilities of new rows, calibrated on held-out ones: softmax(W ln s + b), shape (m, k).

    Dirichlet calibration (Kull et al., 2019, eq. 3), for two classes beta calibration (Kull,
    Silva Filho and Flach, 2017). A class without a held-out row gets the probability 0.
    """
    known = held_out.truth >= 0
    truth = held_out.truth[known].astype(int)
    seen = np.unique(truth)
    likely = np.zeros_like(new)
    if len(seen) < 2:  # noqa: PLR2004 - one class: there is nothing to calibrate
        likely[:, seen] = 1.0
        return likely
    model = LogisticRegression(max_iter=MOST_ITERATIONS)
    model.fit(_logs(held_out.values[known]), truth, held_out.weights[known])
    likely[:, seen] = model.predict_proba(_logs(new))
    return likely


def expected_auc(scores: Floats, positive: Floats) -> float:
    """Expected ROC AUC where row i is positive with probability p_i; ties count half.

    A = sum_ij p_i (1 - p_j) [s_i > s_j] / sum_ij p_i (1 - p_j). Pairs of a row with itself are
    included, which is negligible for many rows. NaN where one class is impossible.

    >>> expected_auc(np.array([0.1, 0.9]), np.array([0.0, 1.0]))
    1.0
    """
    _, place = np.unique(scores, return_inverse=True)
    up = np.bincount(place, weights=positive)
    down = np.bincount(place, weights=1 - positive)
    below = np.cumsum(down) - down
    return _ratio(float((up * (below + down / 2)).sum()), float(up.sum() * down.sum()))


def expected_error(
    features: Floats, errors: Floats, new: Floats, seed: int, blocks: Blocks
) -> float:
    """Expected mean absolute error of a regression on rows without labels.

    A second model predicts the absolute error from the features and the prediction (direct loss
    estimation). Its mean is calibrated by cross-fitting over blocks of the held-out rows.

    Args:
        features: Encoded held-out rows with the model's prediction, shape (n, p).
        errors: Absolute errors on them, shape (n,).
        new: The rows without labels, shape (m, p).
        seed: Seed of the second model.
        blocks: The block of each held-out row, shape (n,).
    """
    half = np.unique(blocks, return_inverse=True)[1] % 2 == 0
    crossed = np.empty(len(errors))
    if half.all() or not half.any():
        half = np.arange(len(errors)) % 2 == 0
    for part in (half, ~half):
        crossed[~part] = (
            _error_model(seed).fit(features[part], errors[part]).predict(features[~part])
        )
    predicted = _error_model(seed).fit(features, errors).predict(new)
    level = _ratio(float(errors.mean()), float(crossed.mean()))
    return float(predicted.mean()) * (level if math.isfinite(level) else 1.0)


def _logs(values: Floats) -> Floats:
    logs: Floats = np.log(np.clip(values, LOG_LOSS_CLIP, 1.0))
    return logs


def _brier_of_each_class(values: Floats, task: Task) -> Floats:
    """The Brier loss of each row if class k were true, shape (m, k)."""
    if task is Task.BINARY:
        return np.asarray((1 - values) ** 2)
    return np.asarray((values**2).sum(axis=1, keepdims=True) - 2 * values + 1)


def _error_model(seed: int) -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(
        max_iter=ERROR_TREES, min_samples_leaf=ERROR_LEAF_ROWS, random_state=seed
    )


def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom else math.nan
