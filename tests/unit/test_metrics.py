import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    mean_absolute_error,
    mean_squared_error,
    precision_score,
    recall_score,
    roc_auc_score,
)

from incumbent.params import Task, ThresholdCriterion
from incumbent.statistics.metrics import (
    GUARDRAILS,
    LOG_LOSS_CLIP,
    METRIC_NAMES,
    Scored,
    average_precision,
    best_threshold,
    calibration_error,
    class_f1,
    constant_loss,
    gaps,
    metrics,
    r_squared,
    roc_auc,
    root_mean_square,
    row_losses,
    truth_of,
)

RANDOM = np.random.default_rng(0)
SCORES = RANDOM.beta(2, 3, 500).round(2)
TRUTH = (RANDOM.random(500) < SCORES).astype(float)
VALUES = np.column_stack([1 - SCORES, SCORES])
DAYS = np.repeat(np.arange(10), 50)


def binary(threshold=0.4, values=VALUES, truth=TRUTH, days=DAYS):
    return metrics(Scored(values, truth, days), Task.BINARY, threshold, 0.95)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("log_loss", log_loss(TRUTH, SCORES)),
        ("brier", brier_score_loss(TRUTH, SCORES)),
        ("auc", roc_auc_score(TRUTH, SCORES)),
        ("accuracy", accuracy_score(TRUTH, SCORES >= 0.4)),
        ("precision", precision_score(TRUTH, SCORES >= 0.4)),
        ("recall", recall_score(TRUTH, SCORES >= 0.4)),
    ],
)
def test_binary_metrics_are_those_of_scikit_learn(name, expected):
    found = binary()[name]
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.low < found.value < found.high
    assert (found.n, found.blocks) == (500, 10)


def test_multiclass_metrics_are_those_of_scikit_learn():
    values = RANDOM.dirichlet([1, 2, 3], 300)
    truth = RANDOM.integers(0, 3, 300).astype(float)
    found = metrics(Scored(values, truth, np.arange(300)), Task.MULTICLASS, None, 0.95)
    hit = np.eye(3)[truth.astype(int)]
    assert found.keys() == {"log_loss", "brier", "accuracy", "f1_macro", "f1_weighted"}
    assert found["log_loss"].value == pytest.approx(log_loss(truth, values), abs=1e-12)
    assert found["accuracy"].value == accuracy_score(truth, values.argmax(axis=1))
    assert found["brier"].value == pytest.approx(((values - hit) ** 2).sum(axis=1).mean())


def test_regression_metrics_are_those_of_scikit_learn():
    truth, values = RANDOM.normal(size=200), RANDOM.normal(size=(200, 1))
    found = metrics(Scored(values, truth, np.arange(200)), Task.REGRESSION, None, 0.95)
    assert found["mae"].value == pytest.approx(mean_absolute_error(truth, values))
    assert found["squared_error"].value == pytest.approx(mean_squared_error(truth, values))
    assert found["bias"].value == pytest.approx((values[:, 0] - truth).mean())


@pytest.mark.parametrize("task", list(Task))
def test_the_primary_loss_comes_first_and_the_guardrail_second(task):
    values = np.array([[0.5]]) if task is Task.REGRESSION else np.array([[0.5, 0.5]])
    found = list(row_losses(values, np.array([1.0]), task))
    assert found == [METRIC_NAMES[task], GUARDRAILS[task]]


@pytest.mark.parametrize("p", [0.0, 1e-300])
def test_a_certain_mistake_costs_a_bounded_loss(p):
    loss = row_losses(np.array([[1.0, p]]), np.array([1.0]), Task.BINARY)["log_loss"]
    assert loss[0] == pytest.approx(-math.log(LOG_LOSS_CLIP))
    assert loss[0] == pytest.approx(log_loss([1], [[1.0, 0.0]], labels=[0, 1]), rel=1e-6)


def test_an_error_too_large_for_a_float_is_infinite():
    found = row_losses(np.array([[1e200]]), np.array([0.0]), Task.REGRESSION)
    assert found["squared_error"][0] == math.inf


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
def test_a_class_that_the_model_never_saw_is_always_wrong(task):
    values, truth = np.array([[0.9, 0.1]]), truth_of(pd.Series(["2"]), task, ("0", "1"))
    assert truth.tolist() == [-1]
    losses = row_losses(values, truth, task)
    assert losses["log_loss"][0] == pytest.approx(36.04, abs=0.01)
    assert losses["brier"][0] == pytest.approx(1.0 if task is Task.BINARY else 0.82)
    found = metrics(Scored(values, truth, np.array([0])), task, 0.5, 0.95)
    assert found["accuracy"].value == 0


def test_truth_is_the_position_of_the_class_or_the_value():
    labels = pd.Series(["b", "a", "c"], dtype="str")
    assert truth_of(labels, Task.MULTICLASS, ("a", "b")).tolist() == [1, 0, -1]
    assert truth_of(pd.Series([1.5, 2.0]), Task.REGRESSION, ()).tolist() == [1.5, 2.0]
    assert truth_of(pd.Series([], dtype=object), Task.BINARY, ("0", "1")).tolist() == []


@pytest.mark.parametrize("actual", [0.0, 1.0])
def test_a_class_that_is_absent_leaves_what_still_has_a_meaning(actual):
    found = binary(truth=np.full(500, actual))
    assert math.isnan(found["auc"].value)
    assert found["auc"].low is None
    assert math.isfinite(found["log_loss"].value)
    assert math.isnan(found["recall"].value) is (actual == 0)
    assert found["precision"].value == actual


def test_a_class_on_one_day_alone_leaves_the_auc_without_an_interval():
    truth = np.zeros(500)
    truth[:5] = 1
    found = binary(truth=truth)["auc"]
    assert math.isfinite(found.value)
    assert (found.low, found.high) == (None, None)


def test_no_positive_call_has_no_precision():
    assert math.isnan(binary(threshold=1.1)["precision"].value)
    assert binary(threshold=1.1)["recall"].value == 0


@pytest.mark.parametrize(
    ("threshold", "recall"), [(0.0, 1.0), (None, 0.0), (0.3, 1.0), (0.31, 0.0)]
)
def test_the_threshold_is_a_positive_call_and_zero_is_a_threshold(threshold, recall):
    values = np.array([[0.7, 0.3], [0.7, 0.3]])
    found = binary(threshold, values, np.array([1.0, 0.0]), np.array([0, 1]))
    assert found["recall"].value == recall


@pytest.mark.parametrize("task", list(Task))
def test_no_rows_have_no_metrics(task):
    values = np.empty((0, 1 if task is Task.REGRESSION else 2))
    found = metrics(Scored(values, np.array([]), np.array([], dtype=int)), task, 0.5, 0.95)
    assert all(math.isnan(e.value) and e.low is None for e in found.values())


def test_gaps_are_predicted_minus_observed():
    assert gaps(np.array([[0.3, 0.7]]), np.array([1.0]), Task.BINARY)[0].tolist() == pytest.approx(
        [0.3, -0.3]
    )
    assert gaps(np.array([[5.0]]), np.array([3.0]), Task.REGRESSION).tolist() == [[2.0]]


def test_the_best_constant_of_classes_is_their_shares():
    truth = np.array([0.0, 0, 0, 1])
    # sklearn.metrics.log_loss([0, 0, 0, 1], [0.25] * 4)
    assert constant_loss(truth, Task.BINARY, 2) == pytest.approx(log_loss(truth, [0.25] * 4))


def test_the_best_constant_of_values_is_their_median():
    assert constant_loss(np.array([0.0, 1.0, 5.0]), Task.REGRESSION, 1) == pytest.approx(5 / 3)


def test_unknown_classes_count_as_one_more_for_the_best_constant():
    known = constant_loss(np.array([0.0, 1, 2]), Task.MULTICLASS, 3)
    assert constant_loss(np.array([0.0, 1, -1]), Task.MULTICLASS, 2) == pytest.approx(known)


@pytest.mark.parametrize("task", list(Task))
def test_the_best_constant_of_no_rows_is_unknown(task):
    assert math.isnan(constant_loss(np.array([]), task, 2))


@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=50),
    st.lists(st.floats(0.01, 1), min_size=3, max_size=3),
)
def test_no_constant_is_better_than_the_best(classes, weights):
    truth, shares = np.array(classes, dtype=float), np.array(weights) / sum(weights)
    values = np.tile(shares, (len(truth), 1))
    loss = row_losses(values, truth, Task.MULTICLASS)["log_loss"].mean()
    assert constant_loss(truth, Task.MULTICLASS, 3) <= loss + 1e-9


scored = st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=2, max_size=60).filter(
    lambda rows: len({r[1] for r in rows}) == 2
)


@given(scored)
def test_auc_is_that_of_scikit_learn_ties_included(rows):
    scores, actual = np.array([r[0] / 10 for r in rows]), np.array([r[1] for r in rows])
    assert roc_auc(scores, actual) == pytest.approx(roc_auc_score(actual, scores), abs=1e-12)
    assert roc_auc(1 - scores, actual) == pytest.approx(1 - roc_auc(scores, actual), abs=1e-12)


MEASURES = {
    ThresholdCriterion.F1: f1_score,
    ThresholdCriterion.ACCURACY: accuracy_score,
    ThresholdCriterion.BALANCED_ACCURACY: balanced_accuracy_score,
}


@given(scored, st.sampled_from(list(ThresholdCriterion)))
def test_no_threshold_is_better_than_the_best_among_the_scores(rows, by):
    scores, actual = np.array([r[0] / 10 for r in rows]), np.array([r[1] for r in rows])
    best = best_threshold(scores, actual, by)
    assert best in scores
    reached = MEASURES[by](actual, scores >= best)
    assert reached == pytest.approx(max(MEASURES[by](actual, scores >= s) for s in scores))


@pytest.mark.parametrize("actual", [[True, True], [False, False], []])
def test_one_class_alone_has_the_threshold_of_a_half(actual):
    scores = np.full(len(actual), 0.2)
    assert best_threshold(scores, np.array(actual, dtype=bool), ThresholdCriterion.F1) == 0.5


@given(st.permutations(range(40)))
def test_order_of_rows_does_not_matter(order):
    take = np.array(order) * 12
    here, there = (
        binary(values=VALUES[np.sort(take)], truth=TRUTH[np.sort(take)], days=DAYS[np.sort(take)]),
        binary(values=VALUES[take], truth=TRUTH[take], days=DAYS[take]),
    )
    for name, estimate in here.items():
        assert there[name].value == pytest.approx(estimate.value, abs=1e-12)
        assert there[name].standard_error == pytest.approx(estimate.standard_error, abs=1e-9)


FEW = np.array([0.1, 0.4, 0.35, 0.8, 0.8, 0.2])
HELD = np.array([0, 0, 1, 1, 0, 0]) == 1


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        # sklearn.metrics.average_precision_score(HELD, FEW)
        (average_precision(FEW, HELD), 0.5),
        # sklearn.metrics.root_mean_squared_error([1, 2, 3], [1, 2, 5])
        (root_mean_square(np.array([0.0, 0.0, 2.0])), 1.1547005383792515),
        # sklearn.metrics.r2_score([1, 2, 3], [1, 2, 5])
        (r_squared(np.array([1.0, 2, 5]), np.array([1.0, 2, 3])), -1.0),
        # sklearn.metrics.f1_score([0, 0, 1, 2], [0, 1, 1, 0], average="macro", zero_division=0)
        (class_f1(np.array([0, 1, 1, 0]), np.array([0.0, 0, 1, 2]))[0], 0.38888888888888884),
        # the same with average="weighted"
        (class_f1(np.array([0, 1, 1, 0]), np.array([0.0, 0, 1, 2]))[1], 0.41666666666666663),
    ],
)
def test_metrics_against_scikit_learn(metric, value):
    assert metric == pytest.approx(value)


def test_a_calibrated_score_has_little_calibration_error():
    random = np.random.default_rng(0)
    scores = random.random(20_000)
    actual = random.random(20_000) < scores
    assert calibration_error(scores, actual) < 0.02
    assert calibration_error(np.clip(scores + 0.2, 0, 1), actual) > 0.15


def test_metrics_of_nothing_have_no_value():
    none = np.empty(0)
    found = (
        average_precision(none, none == 1),
        calibration_error(none, none == 1),
        root_mean_square(none),
        r_squared(none, none),
        *class_f1(none.astype(int), none),
        average_precision(FEW, np.zeros(6, dtype=bool)),
        r_squared(np.ones(3), np.ones(3)),
    )
    assert np.isnan(found).all()
