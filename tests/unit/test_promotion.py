from dataclasses import replace

import numpy as np
import pytest

from incumbent.model.baseline import PREDICTION_PREFIX
from incumbent.model.promotion import (
    DISTANCE_ROWS,
    align,
    distance_failure,
    distance_of,
    golden_failure,
    promotion_id,
)
from incumbent.model.training import train
from incumbent.params import Task
from incumbent.records import Champion, Version
from tests.unit.builders import a_frame, a_spec, canonical_rows

SPEC = a_spec(timestamp="t", id="i")


def a_model(spec=SPEC, **columns):
    rows, kinds = canonical_rows(a_frame(**columns), spec)
    return train(rows, spec, kinds), rows


def as_champion(model):
    return Champion(Version("m", 1, "run", "digest"), model)


class Constant:
    """A model that says the same of every row."""

    def __init__(self, *values):
        self.values = values
        self.classes_ = np.array([str(i) for i in range(len(values))])

    def predict_proba(self, rows):
        return np.tile(self.values, (len(rows), 1))

    def predict(self, rows):
        return np.full(len(rows), self.values[0])


class MovedAboveZero(Constant):
    """A model of two classes that says one half, and one quarter where x is above zero."""

    def __init__(self):
        super().__init__(0.5, 0.5)

    def predict_proba(self, rows):
        return np.where(rows[["x"]] > 0, (0.25, 0.75), self.values)


class Counting(Constant):
    """A constant that keeps how many rows it was asked about."""

    def __init__(self, *values):
        super().__init__(*values)
        self.looked_at = []

    def predict_proba(self, rows):
        self.looked_at.append(len(rows))
        return super().predict_proba(rows)


def test_the_same_step_has_the_same_name_and_another_one_has_not():
    here = promotion_id("m", 1, "d", SPEC)
    assert here == promotion_id("m", 1, "d", a_spec(timestamp="t", id="i"))
    others = [
        promotion_id("n", 1, "d", SPEC),
        promotion_id("m", 2, "d", SPEC),
        promotion_id("m", None, "d", SPEC),
        promotion_id("m", 1, "e", SPEC),
        promotion_id("m", 1, "d", a_spec()),
    ]
    assert len({here, *others}) == 6
    assert len(here) == 64


@pytest.mark.parametrize("task", list(Task))
def test_a_model_repeats_its_golden_predictions(task):
    model, _ = a_model(a_spec(task=task, timestamp="t", id="i"))
    assert golden_failure(as_champion(model)) is None


@pytest.mark.parametrize(("off", "fails"), [(1e-10, False), (1e-8, True), (np.nan, True)])
def test_a_prediction_that_is_off_is_a_failure(off, fails):
    model, _ = a_model()
    golden = model.golden.copy()
    golden.loc[3, f"{PREDICTION_PREFIX}1"] += off
    found = golden_failure(as_champion(replace(model, golden=golden)))
    assert (found is not None) is fails


def test_a_column_of_predictions_that_is_gone_is_a_failure():
    model, _ = a_model()
    golden = model.golden.drop(columns=f"{PREDICTION_PREFIX}1")
    assert golden_failure(as_champion(replace(model, golden=golden))) is not None


@pytest.mark.parametrize("name", ["prediction_1", "prediction_score", f"{PREDICTION_PREFIX}score"])
def test_a_feature_may_be_named_like_a_prediction(name):
    model, _ = a_model(**{name: np.arange(240) * 1.0})
    assert name in model.card.profile.columns
    assert golden_failure(as_champion(model)) is None


@pytest.mark.parametrize("task", list(Task))
def test_the_same_model_lies_nowhere_from_itself(task):
    spec = a_spec(task=task, timestamp="t", id="i", promotion_distance=0.0)
    model, rows = a_model(spec)
    assert distance_of(model.pipeline, model.pipeline, rows, spec) == 0
    assert (
        distance_failure(model.pipeline, model.pipeline, rows.head(120), rows.tail(120), spec)
        is None
    )


@pytest.mark.parametrize("where", ["rows that both were fitted on", "the newest rows"])
@pytest.mark.parametrize(("bound", "fails"), [(0.25, False), (0.24, True)])
def test_classes_may_move_by_the_bound_wherever_they_are(where, bound, fails):
    """Total variation; to the newest rows nothing is added: their labels are noise."""
    _, rows = a_model()
    moved, still = rows[rows["x"] > 0], rows[rows["x"] <= 0]
    known, newest = (moved, still) if where == "rows that both were fitted on" else (still, moved)
    judged = Constant(0.5, 0.5)
    refitted = MovedAboveZero()
    found = distance_failure(judged, refitted, known, newest, a_spec(promotion_distance=bound))
    message = f"the refitted model lies 0.250 from the judged one on {where}, allowed {bound:.3f}"
    assert found == (message if fails else None)


def of_values(deviation):
    """Rows whose target is as often this far above zero as below."""
    spec = a_spec(task=Task.REGRESSION, timestamp="t", id="i")
    model, rows = a_model(spec)
    return model, rows.assign(y=np.where(np.arange(240) % 2, deviation, -deviation))


@pytest.mark.parametrize(("bound", "fails"), [(0.5, False), (0.49, True)])
def test_values_that_both_know_may_move_by_the_bound(bound, fails):
    """In deviations of the target, 2 here: from 1 to 2 is one half."""
    spec = a_spec(task=Task.REGRESSION, promotion_distance=bound)
    _, rows = of_values(2.0)
    judged, refitted = (Constant(v) for v in (1.0, 2.0))
    found = distance_failure(judged, refitted, rows, rows, spec)
    assert (found is not None) is fails
    assert found is None or "0.500 from the judged one on rows that both were fitted on" in found


@pytest.mark.parametrize(("bound", "fails"), [(1.0, False), (0.99, True)])
def test_the_newest_values_may_move_by_the_error_of_the_judged_on_top(bound, fails):
    """Predicts 1 for -2 and 2: an error of 2, one deviation. From 1 to 5 is two deviations."""
    spec = a_spec(task=Task.REGRESSION, promotion_distance=bound)
    (_, newest), (_, known) = of_values(2.0), of_values(20.0)
    judged, refitted = (Constant(v) for v in (1.0, 5.0))
    found = distance_failure(judged, refitted, known, newest, spec)
    message = "the refitted model lies 2.000 from the judged one on the newest rows, allowed 1.990"
    assert found == (message if fails else None)


@pytest.mark.parametrize("values", [(np.nan, np.nan), (np.inf, 0.0)])
def test_a_distance_that_is_no_number_is_a_failure(values):
    model, rows = a_model()
    broken = Constant(*values)
    assert (
        distance_failure(model.pipeline, broken, rows, rows, a_spec(promotion_distance=1.0))
        is not None
    )


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize(("known", "newest"), [(0, 240), (240, 0), (0, 0)])
def test_without_rows_nothing_is_known_and_it_fails_closed(task, known, newest):
    spec = a_spec(task=task, timestamp="t", id="i", promotion_distance=1.0)
    model, rows = a_model(spec)
    assert np.isnan(distance_of(model.pipeline, model.pipeline, rows.head(0), spec))
    found = distance_failure(
        model.pipeline, model.pipeline, rows.head(known), rows.head(newest), spec
    )
    assert "lies nan from the judged one" in found


@pytest.mark.parametrize(("bound", "fails"), [(1.0, False), (0.99, True)])
def test_values_that_do_not_vary_are_measured_in_their_own_unit(bound, fails):
    spec = a_spec(task=Task.REGRESSION, promotion_distance=bound)
    _, rows = of_values(2.0)
    judged, refitted = (Constant(v) for v in (1.0, 2.0))
    found = distance_failure(judged, refitted, rows.head(1), rows, spec)
    assert (found is not None) is fails


@pytest.mark.parametrize(
    ("known", "looked_at"),
    [(DISTANCE_ROWS, 5_000), (DISTANCE_ROWS + 1, 2_501), (3 * DISTANCE_ROWS, 5_000)],
)
def test_of_many_known_rows_some_are_looked_at(known, looked_at):
    _, rows = a_model()
    counting = Counting(0.5, 0.5)
    many = rows.iloc[np.arange(known) % len(rows)]
    assert distance_failure(counting, counting, many, rows, a_spec()) is None
    assert counting.looked_at == [looked_at, looked_at, 240, 240]


def test_classes_are_put_in_the_order_of_the_other_model():
    values = np.array([[0.2, 0.8]])
    assert align(values, ("a", "b"), ("a", "b")) is values
    assert align(values, ("b", "a"), ("a", "b")).tolist() == [[0.8, 0.2]]
    assert align(values, ("a", "c"), ("a", "b", "c")).tolist() == [[0.2, 0.0, 0.8]]
