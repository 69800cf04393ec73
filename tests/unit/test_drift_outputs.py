import numpy as np
import pandas as pd
import pytest

from incumbent.data.labels import Labelled
from incumbent.model.baseline import BLOCK_COLUMN, PREDICTION_PREFIX, VALUE
from incumbent.monitoring.drift.outputs import outputs_drift
from incumbent.records import FittedModel, NullQuality
from tests.unit.builders import a_card, a_spec, some_predictions

CLASSES = {"binary": ("0", "1"), "multiclass": ("a", "b", "c"), "regression": ()}
DAYS = np.repeat(np.arange(40), 50)


def draw(task, n, seed, tilt=0.0):
    """What a model says and what is true; with a tilt more of the last class, or larger values."""
    random = np.random.default_rng(seed)
    if task == "regression":
        values = random.normal(tilt, 1, (n, 1))
        return values, pd.Series(values[:, 0] + random.normal(size=n))
    tilts = tilt * np.arange(len(CLASSES[task]))
    values = np.exp(random.normal(size=(n, len(tilts))) + tilts)
    values /= values.sum(axis=1, keepdims=True)
    drawn = (values.cumsum(axis=1) < random.random((n, 1))).sum(axis=1)
    return values, pd.Series(np.array(CLASSES[task], dtype=object)[drawn])


def a_model(task, spec):
    values, truth = draw(task, len(DAYS), 0)
    names = CLASSES[task] or (VALUE,)
    values_by_column = {f"{PREDICTION_PREFIX}{n}": values[:, i] for i, n in enumerate(names)}
    held_out = pd.DataFrame({spec.target: truth, BLOCK_COLUMN: DAYS, **values_by_column})
    return FittedModel(a_card(spec, classes=CLASSES[task]), None, pd.DataFrame(), held_out)


def compared(task, tilt=0.0, matured=1_000, **fields):
    spec = a_spec(task=task, **fields)
    values, truth = draw(task, 1_000, 1, tilt)
    predictions = some_predictions(values, np.repeat([50, 51], 500))
    known = np.arange(matured)
    labelled = Labelled(
        some_predictions(values[known], predictions.blocks[known]), known, truth[known], conflicts=0
    )
    return {c.column: c for c in outputs_drift(a_model(task, spec), predictions, labelled, spec)}


@pytest.mark.parametrize("task", CLASSES)
@pytest.mark.parametrize("timestamp", [None, "t"])
def test_the_same_scores_and_labels_are_silent(task, timestamp):
    found = compared(task, timestamp=timestamp)
    assert list(found) == ["(score)", "(label)"]
    assert not any(c.alarm for c in found.values())
    assert {c.null_quality for c in found.values()} == {NullQuality.SOUND}


@pytest.mark.parametrize("task", CLASSES)
def test_scores_and_label_shares_that_moved_are_found_and_described(task):
    found = compared(task, tilt=1.0, timestamp="t")
    assert all(c.alarm and c.moved for c in found.values())


def test_without_labels_there_is_only_the_score():
    assert list(compared("binary", matured=0)) == ["(score)"]


def test_few_labels_have_no_answer():
    found = compared("binary", matured=5)["(label)"]
    assert found.null_quality is NullQuality.INSUFFICIENT
    assert found.distance is None


def test_the_share_of_a_class_is_measured_in_points():
    model_share = (draw("binary", len(DAYS), 0)[1] == "1").mean()
    share = (draw("binary", 1_000, 1, 1.0)[1] == "1").mean()
    found = compared("binary", tilt=1.0)["(label)"]
    assert found.distance == pytest.approx(share - model_share)
    assert any(change.startswith("'1'") for change in found.moved)


def test_a_version_without_held_out_rows_has_no_answer():
    spec = a_spec()
    model = FittedModel(a_card(spec), None, pd.DataFrame(), pd.DataFrame())
    values, truth = draw("binary", 10, 1)
    predictions = some_predictions(values)
    assert (
        outputs_drift(model, predictions, Labelled(predictions, np.arange(10), truth, 0), spec)
        == ()
    )
