import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incumbent.params import Task
from incumbent.statistics.slope import calibration_slope, related, unrelated
from tests.unit.builders import an_estimate

ROWS = 400


def scored(task, random, rows=ROWS):
    """Predictions that are right on average, and the outcomes drawn from them."""
    if task is Task.REGRESSION:
        values = random.normal(size=(rows, 1))
        return values, values[:, 0] + random.normal(size=rows)
    values = random.dirichlet(np.ones(2 if task is Task.BINARY else 4), rows)
    drawn = (random.random(rows)[:, None] > values.cumsum(axis=1)).sum(axis=1)
    return values, drawn.astype(float)


def slope(values, truth, task):
    return calibration_slope(values, truth, task, 0.95)


@pytest.mark.parametrize("task", list(Task))
def test_right_predictions_have_slope_one(task):
    values, truth = scored(task, np.random.default_rng(0), 20_000)
    assert slope(values, truth, task).value == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("task", list(Task))
def test_shuffled_labels_are_told_from_true_ones(task):
    """200 shuffles: 0.3% lie out of reach, and the binomial band of that ends at 4."""
    random, missed = np.random.default_rng(1), 0
    for _ in range(200):
        values, truth = scored(task, random)
        true, shuffled = slope(values, truth, task), slope(values, random.permutation(truth), task)
        assert related(true)
        assert not unrelated(true)
        missed += related(shuffled) or not unrelated(shuffled)
    assert missed <= 4


def test_a_shift_of_all_outcomes_leaves_the_slope():
    values, truth = scored(Task.REGRESSION, np.random.default_rng(2))
    shifted = slope(values, truth + 50, Task.REGRESSION).value
    assert shifted == pytest.approx(slope(values, truth, Task.REGRESSION).value)


def test_one_wild_outcome_hides_no_shuffling():
    random = np.random.default_rng(3)
    values, truth = scored(Task.REGRESSION, random)
    truth = random.permutation(truth)
    truth[0] = 1e6
    assert unrelated(slope(values, truth, Task.REGRESSION))


def test_labels_upside_down_are_another_matter():
    values, truth = scored(Task.BINARY, np.random.default_rng(4))
    found = slope(values, 1 - truth, Task.BINARY)
    assert found.value < -0.8
    assert not unrelated(found)


@pytest.mark.parametrize(("rows", "spread"), [(0, 1.0), (ROWS, 0.0)])
def test_nothing_to_go_by_is_nan_and_shows_nothing(rows, spread):
    values, truth = scored(Task.REGRESSION, np.random.default_rng(5), rows)
    assert math.isnan(slope(values, truth * 0, Task.REGRESSION).value)
    found = slope(values * spread, truth, Task.REGRESSION)
    assert math.isnan(found.value)
    assert found.low is None
    assert not unrelated(found)
    assert not related(found)


@pytest.mark.parametrize(
    ("value", "error", "answer"),
    [
        (0.0, 0.1, True),
        (0.29, 0.1, True),
        (0.31, 0.1, False),
        (-0.31, 0.1, False),
        (0.0, 0.31, False),
        (0.0, 0.30, True),
        (0.0, None, False),
    ],
)
def test_unrelated_on_both_sides_of_its_bounds(value, error, answer):
    high = None if error is None else value + 1.645 * error
    assert unrelated(an_estimate(value, None, high, standard_error=error)) is answer


@pytest.mark.parametrize(("value", "answer"), [(0.31, True), (0.29, False), (-0.31, False)])
def test_related_on_both_sides_of_its_bound(value, answer):
    assert related(an_estimate(value, standard_error=0.1)) is answer
    assert not related(None)


@given(st.floats(-2, 2), st.floats(0.01, 1))
def test_no_labels_are_both(value, error):
    found = an_estimate(value, value - 1.645 * error, value + 1.645 * error, standard_error=error)
    assert not (related(found) and unrelated(found))
