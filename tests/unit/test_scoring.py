import numpy as np
import pytest

from incumbent.data.profile import profile
from incumbent.errors import SpecError
from incumbent.model.scoring import latency_of, predict, require_same_model, score
from incumbent.model.training import fit
from incumbent.params import IDENTITY, Task
from incumbent.records import Latency, ModelCard
from tests.unit.builders import a_card, a_frame, a_spec, canonical_rows

TARGETS = {
    Task.BINARY: np.arange(240) % 2,
    Task.MULTICLASS: np.arange(240) % 3,
    Task.REGRESSION: np.arange(240) * 0.5,
}
WIDTH = {Task.BINARY: 2, Task.MULTICLASS: 3, Task.REGRESSION: 1}


def fitted(task=Task.BINARY):
    spec = a_spec(task=task, timestamp="t", id="i")
    rows, kinds = canonical_rows(a_frame(y=TARGETS[task]), spec)
    card = a_card(spec)
    card = ModelCard(
        spec, card.classes, 0.5, profile(rows, kinds, None), card.baseline, card.training
    )
    return card, fit(rows, spec, kinds), rows


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("n", [0, 1, 240])
def test_predictions_have_a_column_per_class_or_one(task, n):
    card, pipeline, rows = fitted(task)
    values = predict(pipeline, rows[list(card.profile.columns)].head(n), task)
    assert values.shape == (n, WIDTH[task])
    assert values.dtype == np.float64
    if task is not Task.REGRESSION:
        np.testing.assert_allclose(values.sum(axis=1), 1)


def test_a_batch_is_scored_with_ids_days_and_what_may_be_learnt_from():
    card, pipeline, rows = fitted()
    found = score(card, pipeline, rows.head(10), (0, 9))
    assert found.ids.tolist() == rows["i"].head(10).tolist()
    assert found.blocks.tolist() == [15_706] * 8 + [15_707] * 2
    assert found.trainable.tolist() == [False] + [True] * 8 + [False]
    expected = pipeline.predict_proba(rows[["x", "c"]].head(10))
    np.testing.assert_array_equal(found.values, expected)


def test_the_values_of_slices_are_kept_beside():
    card, pipeline, rows = fitted()
    assert score(card, pipeline, rows, ()).slices == {}
    found = score(card, pipeline, rows.head(10), (), ("c",)).slices
    assert {name: held.tolist() for name, held in found.items()} == {
        "c": rows["c"].head(10).tolist()
    }


@pytest.mark.parametrize("field", IDENTITY)
def test_a_champion_serves_the_spec_that_it_was_trained_with(field):
    trained = a_spec(features=("x",), categorical=("c",))
    require_same_model(trained.model_copy(update={"harm_tolerance": 0.5}), trained)
    with pytest.raises(SpecError, match=f"`{field}`"):
        require_same_model(trained.model_copy(update={field: "other"}), trained)


@pytest.mark.parametrize("columns", [["c", "x", "y", "i", "t"], ["t", "i", "x", "c"]])
def test_order_of_columns_and_a_missing_target_do_not_matter(columns):
    card, pipeline, rows = fitted()
    found = score(card, pipeline, rows[columns], ())
    np.testing.assert_array_equal(found.values, score(card, pipeline, rows, ()).values)
    assert found.trainable.all()


def test_every_row_is_scored_whatever_it_holds():
    card, pipeline, rows = fitted()
    strange = rows.head(4).copy()
    strange["x"] = [np.nan, 1e308, -1e308, 0.0]
    strange["c"] = np.array([None, "unseen", "", "a"], dtype=object)
    found = score(card, pipeline, strange, ())
    assert np.isfinite(found.values).all()


def test_a_row_is_scored_as_it_is_in_a_batch():
    card, pipeline, rows = fitted()
    whole = score(card, pipeline, rows, ()).values
    alone = score(card, pipeline, rows.iloc[[17]], ()).values
    np.testing.assert_allclose(alone[0], whole[17], rtol=0, atol=1e-12)


def test_an_empty_batch_has_no_predictions():
    card, pipeline, rows = fitted()
    found = score(card, pipeline, rows.head(0), ())
    assert found.values.shape == (0, 2)
    assert len(found.ids) == len(found.blocks) == len(found.trainable) == 0


def test_latency_is_the_median_row_and_the_one_in_twenty():
    found = latency_of([5.0, *[1.0] * 18, 9.0], 40.0)
    assert (found.row_ms, found.batch_ms) == (1.0, 40.0)
    assert found.row_p95_ms == pytest.approx(5.2)  # numpy: 5 + .05 * (9 - 5)


def test_a_batch_without_rows_has_no_latency_of_rows():
    assert latency_of([], 0.1) == Latency(None, 0.1)
