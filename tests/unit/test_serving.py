"""What the module that MLflow loads answers, without MLflow."""

import numpy as np
import pandas as pd
import pytest

from incumbent.errors import UsageError
from incumbent.model.training import train
from incumbent.params import Task
from incumbent.serving import ServedModel
from tests.unit.builders import a_frame, a_spec, canonical_rows

LABEL, PROBABILITY = {"output": "label"}, {"output": "probability"}


def served(task, target):
    spec = a_spec(task=task, timestamp="t", id="i")
    frame = a_frame(y=target)
    rows, kinds = canonical_rows(frame, spec)
    return ServedModel(train(rows, spec, kinds).pipeline), frame.drop(columns="y")


@pytest.mark.parametrize(
    ("task", "n", "classes"),
    [(Task.BINARY, 2, ["0", "1"]), (Task.MULTICLASS, 3, ["0", "1", "2"])],
)
def test_classes_have_a_label_and_a_probability_each(task, n, classes):
    model, raw = served(task, np.arange(240) % n)
    found = model.predict(raw.set_index("i"), PROBABILITY)
    assert found.columns.tolist() == classes
    assert found.index.tolist() == raw["i"].tolist()
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert set(model.predict(raw)) <= set(classes)
    assert model.predict(raw).tolist() == model.predict(raw, LABEL).tolist()


def test_a_regression_answers_its_value():
    model, raw = served(Task.REGRESSION, np.arange(240.0))
    assert pd.api.types.is_float_dtype(model.predict(raw))
    assert model.predict(raw, LABEL).shape == (240,)


@pytest.mark.parametrize(
    ("task", "asked"),
    [(Task.BINARY, "odds"), (Task.BINARY, None), (Task.REGRESSION, "probability")],
)
def test_an_output_that_there_is_not_is_an_error_that_names_those_there_are(task, asked):
    model, raw = served(task, np.arange(240) % 2)
    with pytest.raises(UsageError, match="output: label") as error:
        model.predict(raw, {"output": asked})
    assert repr(asked) in str(error.value)
