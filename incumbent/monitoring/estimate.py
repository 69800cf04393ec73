"""Performance before labels come: what the champion's own confidence lets expect.

An estimate sees what moves the inputs and nothing of what labels alone would show: where the
answer to the same question has changed, it is wrong and cannot know. It may raise suspicion; it
never clears a model.
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
    """What a version can be expected to do on a batch without labels; None without rows.

    Args:
        model: The version, with the rows that it was judged on.
        frame: The batch, canonical, shape (m, columns).
        predictions: What the version said of it.
        spec: Today's tolerance and seed.
        earlier: The estimated and the observed loss of batches before.
    """
    if min(len(model.held_out), len(frame)) < FEWEST_ROWS:
        return None
    known, judged = read_held_out(model)
    values, truth, blocks = judged.values, judged.truth, judged.blocks
    drawn = np.random.default_rng(spec.training_seed).permutation(len(frame))[:HELD_OUT_ROWS]
    some = frame.iloc[np.sort(drawn)][list(known.columns)]
    features = (
        encoded(model.pipeline, known, values),
        encoded(model.pipeline, some, predictions.values[np.sort(drawn)]),
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
        weights: How much a row says of the rows without labels, shape (n,).
    """

    values: Floats
    truth: Floats
    weights: Floats


def density_ratio(
    features: tuple[Floats, Floats], blocks: tuple[Blocks, Blocks], seed: int
) -> Floats:
    """How much more often rows like a held-out one come without labels, shape (n,).

    q / p = pi / (1 - pi), never above 20: beyond it there is next to no row to learn from.
    """
    share = share_of_second(features, blocks, seed)[: len(features[0])]
    ratio: Floats = np.minimum(share / np.maximum(1 - share, LOG_LOSS_CLIP), LARGEST_RATIO)
    return ratio


def expected_metrics(
    held_out: HeldOut, new: Floats, task: Task, threshold: float | None
) -> dict[str, float]:
    """Metrics that a classifier can be expected to have on rows without labels.

    The probabilities are calibrated on held-out rows, weighed as such rows come now, and each
    metric is its mean over the labels that they leave possible (Bialek et al., "Estimating model
    performance under covariate shift without labels", 2024).

    Args:
        held_out: What is known of rows with labels.
        new: Probabilities of the rows without labels, shape (m, k).
        task: Binary or multiclass.
        threshold: The decision threshold of a binary model.

    Returns:
        Log loss, Brier and accuracy; for a binary model precision, recall and AUC as well. NaN
        where nothing is called positive or only one class is possible.
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
    Silva Filho and Flach, 2017). A class that no held-out row has is taken to be impossible.
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
    """ROC AUC where row i is positive with a probability: expected concordance, ties at half.

    A = sum_ij p_i (1 - p_j) [s_i > s_j] / sum_ij p_i (1 - p_j), a row with itself left in: at
    many rows it makes no difference. NaN where one class is impossible.

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
    """Mean absolute error that a regression can be expected to have on rows without labels.

    A second model learns the first one's error on held-out rows from the same features and the
    prediction (direct loss estimation), and is calibrated in the large: on held-out blocks that
    it has not learnt its mean must be right.

    Args:
        features: Held-out rows as the model reads them, with its prediction, shape (n, p).
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
    said = _error_model(seed).fit(features, errors).predict(new)
    level = _ratio(float(errors.mean()), float(crossed.mean()))
    return float(said.mean()) * (level if math.isfinite(level) else 1.0)


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
