from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from incumbent.params import Task
from incumbent.promotion import align, distance_failure, golden_failure, promotion_id
from incumbent.records import Champion, FittedModel, Version
from incumbent.training import train
from tests.unit.builders import a_card, a_frame, a_spec, canonical_rows

SPEC = a_spec(timestamp="t", id="i")


def a_model(spec=SPEC, **columns):
    rows, kinds = canonical_rows(a_frame(**columns), spec)
    return train(rows, spec, kinds), rows


def as_champion(model):
    return Champion(Version("m", 1, "run", "digest"), model)


def of_classes(*classes):
    return FittedModel(a_card(a_spec(), classes=classes), None, pd.DataFrame())


class Constant:
    """A model that says the same of every row."""

    def __init__(self, *said):
        self.said = said
        self.classes_ = np.array([str(i) for i in range(len(said))])

    def predict_proba(self, rows):
        return np.tile(self.said, (len(rows), 1))

    def predict(self, rows):
        return np.full(len(rows), self.said[0])


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
    golden.loc[3, "prediction_1"] += off
    found = golden_failure(as_champion(replace(model, golden=golden)))
    assert (found is not None) is fails


def test_a_column_of_predictions_that_is_gone_is_a_failure():
    model, _ = a_model()
    golden = model.golden.drop(columns="prediction_1")
    assert golden_failure(as_champion(replace(model, golden=golden))) is not None


def test_a_feature_may_be_named_like_a_prediction():
    model, _ = a_model(prediction_score=np.arange(240) * 1.0)
    assert golden_failure(as_champion(model)) is None


def test_the_same_model_lies_nowhere_from_itself():
    model, rows = a_model()
    assert distance_failure(model, model, rows, a_spec(promotion_distance=0.0)) is None


@pytest.mark.parametrize(("bound", "fails"), [(0.25, False), (0.24, True)])
def test_the_distance_of_classes_is_total_variation(bound, fails):
    model, rows = a_model()
    judged = replace(model, pipeline=Constant(0.5, 0.5))
    refitted = replace(model, pipeline=Constant(0.25, 0.75))
    found = distance_failure(judged, refitted, rows, a_spec(promotion_distance=bound))
    assert (found is not None) is fails


@pytest.mark.parametrize(("bound", "fails"), [(0.51, False), (0.49, True)])
def test_the_distance_of_values_is_in_deviations_of_the_target(bound, fails):
    spec = a_spec(task=Task.REGRESSION, promotion_distance=bound)
    model, rows = a_model(a_spec(task=Task.REGRESSION, timestamp="t", id="i"))
    rows = rows.assign(y=np.where(np.arange(240) % 2, 2.0, -2.0))  # deviation 2.004
    judged, refitted = (replace(model, pipeline=Constant(v)) for v in (1.0, 2.0))
    assert (distance_failure(judged, refitted, rows, spec) is not None) is fails


@pytest.mark.parametrize("said", [(np.nan, np.nan), (np.inf, 0.0)])
def test_a_distance_that_is_no_number_is_a_failure(said):
    model, rows = a_model()
    broken = replace(model, pipeline=Constant(*said))
    assert distance_failure(model, broken, rows, a_spec(promotion_distance=1.0)) is not None


def test_one_row_of_values_has_no_deviation_and_fails_closed():
    spec = a_spec(task=Task.REGRESSION, timestamp="t", id="i", promotion_distance=1.0)
    model, rows = a_model(spec)
    assert distance_failure(model, model, rows.head(1), spec) is not None


def test_classes_are_put_in_the_order_of_the_other_model():
    values = np.array([[0.2, 0.8]])
    assert align(values, of_classes("a", "b"), of_classes("a", "b")) is values
    assert align(values, of_classes("b", "a"), of_classes("a", "b")).tolist() == [[0.8, 0.2]]
    aligned = align(values, of_classes("a", "c"), of_classes("a", "b", "c"))
    assert aligned.tolist() == [[0.2, 0.0, 0.8]]
