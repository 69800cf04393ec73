import math
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, precision_score, recall_score, roc_auc_score

from incumbent.monitoring.estimate import (
    HeldOut,
    calibrated,
    density_ratio,
    expected_auc,
    expected_error,
    expected_metrics,
    judge_estimate,
    track_record,
)
from incumbent.params import Task
from incumbent.records import TrackRecord, Trust
from tests.unit.shifts import draw, fitted

THRESHOLD = 0.4


@pytest.fixture(scope="module")
def world():
    random = np.random.default_rng(0)
    model, (features, truth) = fitted(random, 6_000), draw(random, 6_000)
    return random, model, features, plain(model.predict_proba(features), truth)


def plain(values, truth):
    return HeldOut(values, truth, np.ones(len(truth)))


def observed(values, truth):
    called = values[:, 1] >= THRESHOLD
    return {
        "log_loss": log_loss(truth, values[:, 1]),
        "accuracy": accuracy_score(truth, called),
        "precision": precision_score(truth, called),
        "recall": recall_score(truth, called),
        "auc": roc_auc_score(truth, values[:, 1]),
    }


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0])
def test_under_a_shift_of_the_inputs_the_estimate_is_near_the_truth(world, shift):
    random, model, known, held_out = world
    features, labels = draw(random, 6_000, shift=shift)
    new, blocks = model.predict_proba(features), np.arange(6_000) % 30
    weights = density_ratio((known, features), (blocks, blocks), seed=0)
    found = expected_metrics(replace(held_out, weights=weights), new, Task.BINARY, THRESHOLD)
    true = observed(new, labels)
    for name in ("log_loss", "accuracy", "auc"):
        assert found[name] == pytest.approx(true[name], abs=0.015)
    for name in ("precision", "recall"):
        assert found[name] == pytest.approx(true[name], abs=0.03)


def test_flipped_labels_are_not_seen_and_nothing_is_cleared(world):
    random, model, _, held_out = world
    features, labels = draw(random, 4_000)
    flipped = np.where(random.random(4_000) < 0.2, 1 - labels, labels)
    new = model.predict_proba(features)
    found = expected_metrics(held_out, new, Task.BINARY, THRESHOLD)
    assert found["log_loss"] < observed(new, flipped)["log_loss"] - 0.1
    report = judge_estimate(found, Task.BINARY, tolerated=1.0, record=TrackRecord(9, 0.001))
    assert report.trust is Trust.UNVERIFIED
    assert {trust.value for trust in Trust} == {"unverified", "suspect"}


@pytest.mark.parametrize(
    ("loss", "batches", "error", "trust"),
    [
        (0.61, 3, 0.10, Trust.SUSPECT),
        (0.60, 3, 0.10, Trust.UNVERIFIED),
        (0.61, 2, 0.10, Trust.UNVERIFIED),
        (9.0, 0, None, Trust.UNVERIFIED),
        (math.nan, 3, 0.10, Trust.UNVERIFIED),
    ],
)
def test_suspicion_takes_more_than_the_error_of_past_estimates(loss, batches, error, trust):
    found = judge_estimate({"log_loss": loss}, Task.BINARY, 0.5, TrackRecord(batches, error))
    assert found.trust is trust
    assert all(math.isfinite(value) for value in found.metrics.values())


def test_without_past_estimates_there_is_no_error():
    assert track_record([]) == TrackRecord(0, None)


def test_certain_labels_give_the_metrics_themselves():
    scores = np.array([0.1, 0.4, 0.4, 0.8, 0.9])
    truth = np.array([0.0, 0.0, 1.0, 1.0, 0.0])
    assert expected_auc(scores, truth) == pytest.approx(roc_auc_score(truth, scores))


def test_one_class_alone_has_no_auc_and_is_certain():
    values = np.array([[0.3, 0.7], [0.6, 0.4]])
    assert math.isnan(expected_auc(values[:, 1], np.ones(2)))
    assert calibrated(plain(values, np.ones(2)), values)[:, 1].tolist() == [1.0, 1.0]


def test_calibration_corrects_biased_scores(world):
    random, model, _, _ = world
    features, truth = draw(random, 20_000)
    values = model.predict_proba(features)
    sharp = values**2 / (values**2).sum(axis=1, keepdims=True)
    half = len(truth) // 2
    mended = calibrated(plain(sharp[:half], truth[:half]), sharp[half:])
    assert mended.sum(axis=1) == pytest.approx(1.0)
    assert mended[:, 1].mean() == pytest.approx(truth[half:].mean(), abs=0.015)
    assert log_loss(truth[half:], mended[:, 1]) < log_loss(truth[half:], sharp[half:, 1])


def test_three_classes():
    random = np.random.default_rng(0)
    values = random.dirichlet([1, 2, 3], size=6_000)
    truth = np.array([random.choice(3, p=p) for p in values], dtype=float)
    found = expected_metrics(
        plain(values[:4_000], truth[:4_000]), values[4_000:], Task.MULTICLASS, None
    )
    assert found.keys() == {"log_loss", "brier", "accuracy"}
    assert found["log_loss"] == pytest.approx(log_loss(truth[4_000:], values[4_000:]), abs=0.04)
    observed = accuracy_score(truth[4_000:], values[4_000:].argmax(axis=1))
    assert found["accuracy"] == pytest.approx(observed, abs=0.04)


def test_the_error_of_a_regression_follows_the_inputs():
    random = np.random.default_rng(0)
    features = random.uniform(size=(4_000, 1))
    errors = np.abs(random.normal(scale=1 + 2 * features[:, 0]))
    new = random.uniform(0.5, 1.0, size=(8_000, 1))
    true = np.abs(random.normal(scale=1 + 2 * new[:, 0])).mean()
    blocks = np.arange(4_000) % 20
    found = expected_error(features, errors, new, 0, blocks)
    assert found == pytest.approx(true, rel=0.05)
    assert found > errors.mean() * 1.15
