import numpy as np
import pandas as pd
import pytest

from incumbent.data.labels import Labelled
from incumbent.errors import SpecError
from incumbent.monitoring.harm import judge_harm
from incumbent.monitoring.slices import FEWEST_LABELS, MOST_VALUES, frequent, require_slices
from tests.unit.builders import a_card, a_spec, some_predictions

KINDS = {"x": "numeric", "c": "categorical", "d": "categorical"}


def a_batch(slices, n=400):
    """Right on the rows of "a", wrong on all others, over 20 days."""
    column = next(iter(slices.values()))
    values = np.where(column == "a", 0.9, 0.1)
    predictions = some_predictions(values, np.arange(n) % 20, slices)
    return Labelled(predictions, np.arange(n), pd.Series(["1"] * n, dtype="str"), 0)


def judged(slices, *columns):
    spec = a_spec(harm_slices=columns)
    return judge_harm(a_batch(slices), 400, a_card(spec))


def texts(*pairs):
    """As many times each text as it says."""
    return np.concatenate([np.full(n, text, dtype=object) for text, n in pairs])


def test_each_slice_has_the_metrics_of_its_own_rows():
    found = judged({"c": texts(("a", 100), ("b", 270), ("rare", 30))}, "c")
    assert [(s.column, s.value, s.matured) for s in found.slices] == [
        ("c", "b", 270),
        ("c", "a", 100),
        ("c", "rare", 30),
    ]
    assert [s.metrics["accuracy"].value for s in found.slices] == [0.0, 1.0, 0.0]
    assert found.slices[1].metrics["log_loss"].value == pytest.approx(-np.log(0.9))
    assert found.slices[1].metrics["log_loss"].n == 100
    assert found.slices[1].metrics["log_loss"].low is not None
    assert "auc" not in found.slices[1].metrics  # one class only
    assert found.unsliced == ()


def test_slices_change_nothing_else():
    slices = {"c": texts(("a", 200), ("b", 200))}
    without, within = judged(slices), judged(slices, "c")
    assert without.slices == ()
    assert (without.metrics, without.signals) == (within.metrics, within.signals)


def test_the_rows_without_a_value_are_a_slice():
    found = judged({"c": texts(("a", 200), (None, 150), (np.nan, 50))}, "c")
    assert [(s.value, s.matured) for s in found.slices] == [(None, 200), ("a", 200)]


def test_columns_stand_in_the_order_of_the_spec_and_once():
    slices = {"c": texts(("a", 400)), "d": texts(("b", 400)), "e": texts(("a", 400))}
    found = judged(slices, "d", "c", "d")
    assert [s.column for s in found.slices] == ["d", "c"]


def test_what_was_not_kept_is_named():
    found = judged({"c": texts(("a", 400))}, "d", "c")
    assert [s.column for s in found.slices] == ["c"]
    assert found.unsliced == ("d",)


@pytest.mark.parametrize(("rows", "shown"), [(FEWEST_LABELS - 1, False), (FEWEST_LABELS, True)])
def test_a_slice_needs_labels(rows, shown):
    assert bool(frequent(texts(("a", rows)))) is shown


def test_of_many_values_the_most_frequent():
    pairs = [(f"v{k:02}", 30 + k % 2) for k in range(MOST_VALUES + 4)]
    found = [value for value, _ in frequent(texts(*pairs))]
    odd, even = ([text for text, n in pairs if n == rows] for rows in (31, 30))
    assert found == [*odd, *even][:MOST_VALUES]


def test_no_rows_have_no_slices():
    assert frequent(np.array([], dtype=object)) == []


@pytest.mark.parametrize("columns", [(), ("c",), ("d", "c")])
def test_categorical_features_may_be_slices(columns):
    require_slices(a_spec(harm_slices=columns), KINDS)


@pytest.mark.parametrize(
    ("column", "observed"), [("x", "a numeric feature"), ("z", "no feature of the model")]
)
def test_other_columns_may_not(column, observed):
    with pytest.raises(SpecError, match=f"'{column}' of `harm_slices`") as caught:
        require_slices(a_spec(harm_slices=("c", column)), KINDS)
    assert caught.value.observed == observed
    assert caught.value.allowed == "categorical features: c, d"


def test_a_model_of_numbers_has_no_slices():
    with pytest.raises(SpecError, match="the model has none"):
        require_slices(a_spec(harm_slices=("x",)), {"x": "numeric"})
