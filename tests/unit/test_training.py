from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st

from incumbent.data.profile import profile
from incumbent.digest import table_digest
from incumbent.errors import UsageError
from incumbent.gateways.registry.folder import TRUSTED_TYPES
from incumbent.model.baseline import PREDICTION_PREFIX
from incumbent.model.scoring import classes_of, encoded, labels_of, predict
from incumbent.model.training import (
    GOLDEN_ROWS,
    evaluate_recipe,
    fit,
    golden_rows,
    importances,
    train,
    with_threshold,
)
from incumbent.model.windows import (
    newer_half,
    newest_of_each,
    one_day_warning,
    recency,
    sample,
    split,
)
from incumbent.params import Task, ThresholdCriterion
from tests.unit.builders import START, a_frame, a_spec, canonical_rows

SPEC = a_spec(timestamp="t", id="i")


def trained(frame, spec=SPEC):
    rows, kinds = canonical_rows(frame, spec)
    return train(rows, spec, kinds), rows, kinds


def on_days(*sizes):
    """Rows of days with these sizes."""
    days = np.repeat(np.arange(len(sizes)), sizes)
    times = pd.to_datetime(START) + pd.to_timedelta(days, unit="D")
    return canonical_rows(a_frame(len(days), t=times), SPEC)[0]


@pytest.mark.parametrize(
    ("sizes", "head"),
    [
        ((5, 5, 5, 5), 15),
        ((8, 8, 8), 16),
        ((2, 2, 16), 4),
        ((18, 2), 18),
        ((1, 19), 1),
        ((19, 1), 19),
    ],
)
def test_the_tail_begins_with_a_day_and_neither_part_is_empty(sizes, head):
    rows = on_days(*sizes).sample(frac=1, random_state=0)
    older, newer = split(rows, SPEC)
    assert (len(older), len(newer)) == (head, sum(sizes) - head)
    assert older["t"].max() < newer["t"].min()


@pytest.mark.parametrize(
    ("n", "head"), [(2, 1), (4, 3), (199, 149), (200, 150), (1_000, 750), (1_110, 832)]
)
def test_rows_without_time_are_split_where_the_share_says(n, head):
    rows, _ = canonical_rows(a_frame(n)[["x", "y"]], a_spec())
    older, newer = split(rows, a_spec())
    assert (len(older), len(newer)) == (head, n - head)
    assert older.index.max() < newer.index.min()


@pytest.mark.parametrize(("hours", "head"), [(8, 30), (1, 30)])
def test_rows_of_one_day_are_cut_between_hours_and_those_of_one_hour_between_rows(hours, head):
    times = START + pd.to_timedelta(np.arange(40) * hours * 60 // 40, unit="min")
    rows = on_days(40).assign(t=times)
    older, newer = split(rows, SPEC)
    assert len(older) == head
    assert older["t"].max() <= newer["t"].min()
    assert one_day_warning(rows, SPEC)
    noise = evaluate_recipe(rows, SPEC, {"x": "numeric"}).baseline.loss
    assert noise.blocks == (2 if hours > 1 else 10)
    assert noise.standard_error is not None


@pytest.mark.parametrize("sizes", [(), (1,)])
def test_fewer_than_two_rows_cannot_be_split(sizes):
    with pytest.raises(UsageError, match="cannot be split by time"):
        split(on_days(*sizes), SPEC)


def test_one_row_without_time_cannot_be_split():
    with pytest.raises(UsageError, match="cannot be split"):
        split(pd.DataFrame({"x": [1.0], "y": ["1"]}), a_spec())


def test_what_a_model_learns_by_heart_shows_between_its_own_rows_and_those_held_out():
    """Noise that many leaves can tell apart: nothing of it holds for later rows."""
    frame = a_frame(y=np.random.default_rng(5).integers(0, 2, 240))
    spec = SPEC.model_copy
    learnt = [trained(frame, spec(update={"training_iterations": n}))[0].card for n in (1, 100)]
    gaps = [card.baseline.loss.value - card.fitted_loss for card in learnt]
    assert gaps[1] > 0.2 > 4 * gaps[0]


def test_the_first_champion_is_judged_on_the_tail_and_fitted_on_all():
    model, rows, kinds = trained(a_frame())
    _, tail = split(rows, SPEC)
    card = model.card
    assert card.classes == ("0", "1")
    assert card.baseline.loss.n == card.baseline.gap.n == len(tail) == 64
    assert card.baseline.loss.blocks == 8
    assert card.baseline.metrics["log_loss"] == card.baseline.loss.value < np.log(2)
    assert card.training.rows == 240
    assert card.training.batches == ()
    assert card.training.digest == table_digest(rows)
    assert card.training.period.start == START
    assert card.profile.rows == 240
    assert card.profile.blocks == 30
    np.testing.assert_array_equal(
        model.pipeline.predict_proba(rows[list(kinds)]),
        fit(rows, SPEC, kinds).predict_proba(rows[list(kinds)]),
    )


def test_the_profile_can_be_made_again_from_the_training_set():
    model, rows, kinds = trained(a_frame(c=["a", None] * 120))
    days = rows["t"].dt.tz_localize(None).to_numpy().astype("datetime64[D]").astype(np.int64)
    known = model.card.profile
    same = {"weights": known.weights, "known_rows": known.known_rows}
    assert replace(profile(rows, kinds, days), **same) == known


def test_a_feature_weighs_as_much_as_the_loss_rises_without_it():
    model, rows, kinds = trained(a_frame())
    weights = importances(model.pipeline, rows, model.card.spec, kinds)
    assert weights == model.card.profile.weights
    assert weights["x"] > 0.1 > weights["c"] >= 0


@pytest.mark.parametrize("by", list(ThresholdCriterion))
def test_the_threshold_is_a_score_of_the_tail(by):
    spec = a_spec(timestamp="t", id="i", training_threshold=by)
    model, rows, kinds = trained(a_frame(), spec)
    head, tail = split(rows, spec)
    assert model.card.threshold in fit(head, spec, kinds).predict_proba(tail[list(kinds)])[:, 1]


@pytest.mark.parametrize("classes", [("0", "1"), ("no", "yes")])
def test_the_stored_model_answers_the_label_by_its_threshold(classes):
    frame = a_frame()
    model, rows, kinds = trained(frame.assign(y=np.array(classes)[frame["y"]]))
    blob = skops.io.dumps(model.pipeline)
    stored = skops.io.loads(blob, trusted=list(TRUSTED_TYPES))
    values = stored.predict_proba(frame)
    np.testing.assert_array_equal(values, predict(model.pipeline, rows[list(kinds)], Task.BINARY))
    assert stored.predict(frame).tolist() == labels_of(model.card, values).tolist()
    assert stored.classes_.tolist() == list(classes)


def test_a_score_at_the_threshold_is_positive_and_scores_stay():
    rows, kinds = canonical_rows(a_frame(), SPEC)
    plain = fit(rows, SPEC, kinds)
    features = rows[list(kinds)]
    scores = plain.predict_proba(features)[:, 1]
    at = float(np.sort(scores)[len(scores) // 4])
    cut = with_threshold(plain, at)
    assert (cut.predict(features) == "1").tolist() == (scores >= at).tolist()
    assert (scores == at).any()
    np.testing.assert_array_equal(cut.predict_proba(features)[:, 1], scores)
    values = predict(plain, features, Task.BINARY)
    np.testing.assert_array_equal(encoded(cut, features, values), encoded(plain, features, values))


@pytest.mark.parametrize("task", [Task.MULTICLASS, Task.REGRESSION])
def test_other_tasks_have_no_threshold(task):
    spec = a_spec(task=task, timestamp="t", id="i")
    model, _, _ = trained(a_frame(y=np.arange(240) % 3), spec)
    assert model.card.threshold is None
    assert with_threshold(model.pipeline, None) is model.pipeline
    assert model.card.classes == (("0", "1", "2") if task is Task.MULTICLASS else ())
    assert model.card.baseline.metric_name == ("log_loss" if task is Task.MULTICLASS else "mae")
    assert np.isfinite(model.card.baseline.loss.value)


def test_a_class_that_only_the_tail_holds_does_not_spoil_the_baseline():
    spec = a_spec(task=Task.MULTICLASS, timestamp="t", id="i")
    model, _, _ = trained(a_frame(y=np.where(np.arange(240) < 230, np.arange(240) % 2, 2)), spec)
    assert model.card.classes == ("0", "1", "2")
    assert model.card.baseline.loss.value < 1  # of the classes that the judged model knew
    assert set(model.held_out["y"]) == {"0", "1"}


def test_the_same_rows_and_seed_give_the_same_model():
    here, _, _ = trained(a_frame())
    there, _, _ = trained(a_frame())
    assert here.card == there.card
    pd.testing.assert_frame_equal(here.golden, there.golden)


@pytest.mark.parametrize(
    "column",
    [
        np.nan,
        1.0,
        None,
        "only",
        np.where(np.arange(240) % 7 == 0, np.inf, 1.0),
        np.where(np.arange(240) % 2 == 0, np.inf, -np.inf),
        np.where(np.arange(240) % 2 == 0, 1e308, -1e308),
        np.where(np.arange(240) < 200, np.nan, 1.0),
        [f"k{i}" for i in range(240)],
        pd.Categorical(["u", None] * 120),
        pd.array([True, None] * 120, dtype="boolean"),
    ],
    ids=[
        "null",
        "constant",
        "none",
        "one text",
        "inf",
        "infs",
        "huge",
        "late",
        "ids",
        "cat",
        "flag",
    ],
)
def test_unusual_columns_are_survived(column):
    model, rows, kinds = trained(a_frame(z=column))
    assert "z" in model.card.profile.columns
    values = model.pipeline.predict_proba(rows[list(kinds)].assign(x=np.nan, c="unseen"))
    assert np.isfinite(values).all()


def test_a_feature_that_was_always_null_may_come_to_have_values():
    model, rows, kinds = trained(a_frame(z=np.nan))
    before = model.pipeline.predict_proba(rows[list(kinds)])
    after = model.pipeline.predict_proba(rows.assign(z=7.0)[list(kinds)])
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("columns", [["i", "t", "y"], ["i", "t", "y", "z"]])
def test_nothing_to_learn_from_is_refused(columns):
    with pytest.raises(UsageError, match="no feature to learn from"):
        trained(a_frame(z=np.nan)[columns])


@pytest.mark.parametrize(
    ("task", "classes", "fine"),
    [
        (Task.BINARY, 1, False),
        (Task.BINARY, 2, True),
        (Task.BINARY, 3, False),
        (Task.MULTICLASS, 1, False),
        (Task.MULTICLASS, 2, True),
        (Task.MULTICLASS, 3, True),
        (Task.REGRESSION, 1, True),
    ],
)
def test_classes_must_fit_the_task(task, classes, fine):
    spec = a_spec(task=task, timestamp="t", id="i")
    rows, kinds = canonical_rows(a_frame(y=np.arange(240) % classes), spec)
    if fine:
        assert len(classes_of(fit(rows, spec, kinds), task)) == (
            0 if task is Task.REGRESSION else classes
        )
    else:
        with pytest.raises(UsageError, match="does not fit the task"):
            fit(rows, spec, kinds)


@pytest.mark.parametrize(("n", "golden"), [(1, 1), (99, 99), (100, 100), (199, 100), (240, 100)])
def test_golden_rows_repeat_the_predictions(n, golden):
    model, rows, kinds = trained(a_frame())
    found = golden_rows(model.pipeline, rows.head(n), SPEC, kinds)
    assert len(found) == golden <= GOLDEN_ROWS
    again = model.pipeline.predict_proba(found[list(kinds)])
    np.testing.assert_array_equal(found[f"{PREDICTION_PREFIX}1"].to_numpy(), again[:, 1])


@settings(max_examples=30)
@given(st.integers(1, 3_000), st.integers(0, 3_000), st.integers(0, 5), st.booleans())
def test_a_sample_of_a_sample_and_newer_rows_is_the_sample_of_all(first, newer, seed, named):
    """What was left out of a training set once would not be drawn later either."""
    spec = a_spec(training_max_rows=1_000, training_seed=seed, id="i" if named else None)
    ids = [f"r{k}" for k in range(first)] + [f"r{k // 2 + first // 2}" for k in range(newer)]
    rows = pd.DataFrame({"i": ids, "x": np.arange(len(ids)) * 0.5})
    older, whole = newest_of_each(rows[:first], spec), newest_of_each(rows, spec)
    extended = newest_of_each(pd.concat([sample(older, spec), rows[first:]]), spec)
    assert sample(extended, spec).equals(sample(whole, spec))


@pytest.mark.parametrize(
    ("n", "kept"), [(999, 999), (1_000, 1_000), (1_001, 1_000), (3_000, 1_000)]
)
def test_a_sample_is_drawn_above_the_limit_alone(n, kept):
    rows = pd.DataFrame({"k": np.arange(n)})
    spec = a_spec(training_max_rows=1_000)
    found = sample(rows, spec)
    assert len(found) == kept
    assert found["k"].is_unique
    assert found["k"].is_monotonic_increasing
    assert found.equals(sample(rows, spec))
    if n == 3_000:
        assert not found.equals(sample(rows, a_spec(training_max_rows=1_000, training_seed=1)))


@pytest.mark.parametrize(
    ("ids", "kept"),
    [
        (["a", "b", "c"], [0, 1, 2]),
        (["a", "b", "a"], [1, 2]),
        (["a", "a", "a"], [2]),
        (["b", "a", "b", "a", "c"], [2, 3, 4]),
        ([], []),
    ],
)
def test_a_correction_replaces_what_it_corrects(ids, kept):
    rows = pd.DataFrame({"i": pd.Series(ids, dtype="str"), "k": np.arange(len(ids))})
    found = newest_of_each(rows.set_index(rows.index + 7), SPEC)
    assert found["k"].tolist() == kept
    assert found.index.equals(pd.RangeIndex(len(kept)))
    assert newest_of_each(found, SPEC).equals(found)


def test_without_an_id_no_row_is_a_correction():
    rows = pd.DataFrame({"i": ["a", "a"], "k": [1, 1]}, index=[0, 0])
    found = newest_of_each(rows, a_spec())
    assert found["k"].tolist() == [1, 1]
    assert found.index.equals(pd.RangeIndex(2))


def test_golden_predictions_do_not_take_the_name_of_a_feature():
    model, rows, kinds = trained(a_frame(prediction_1=np.arange(240) * 1.0))
    found = golden_rows(model.pipeline, rows.head(5), SPEC, kinds)
    assert found["prediction_1"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert f"{PREDICTION_PREFIX}1" in found


def weights_of(days, **fields):
    rows = pd.DataFrame({"t": pd.to_datetime(np.array(days), unit="D", utc=True).as_unit("us")})
    return recency(rows, a_spec(timestamp="t", **fields))


@pytest.mark.parametrize(
    ("half_life", "weights"),
    [(0.5, [0.25, 0.5, 1.0, 1.0]), (1.0, [0.5, 0.5**0.5, 1.0, 1.0])],
)
def test_a_row_counts_half_for_every_half_life_of_age(half_life, weights):
    found = weights_of([0, 10, 20, 20], training_half_life=half_life)
    np.testing.assert_allclose(found, weights)


def test_rows_without_time_age_by_their_position():
    found = recency(pd.DataFrame({"x": range(3)}), a_spec(training_half_life=0.5))
    np.testing.assert_allclose(found, [0.25, 0.5, 1.0])


@pytest.mark.parametrize(("days", "half_life"), [([0, 10], 0.0), ([3, 3], 0.5), ([], 0.5)])
def test_all_rows_count_alike_without_a_half_life_or_a_span(days, half_life):
    assert weights_of(days, training_half_life=half_life) is None


def test_a_world_that_stands_still_loses_an_eighth_of_its_rows():
    w = weights_of(range(2_000))
    assert w.sum() ** 2 / (len(w) * (w**2).sum()) == pytest.approx(0.866, abs=0.001)


def test_rows_that_count_more_are_followed():
    frame = a_frame().assign(y=[0, 1] * 120, x=0.0, c="a")
    rows, kinds = canonical_rows(frame, SPEC)
    ones = fit(rows, SPEC, kinds, np.where(rows["y"] == "1", 3.0, 1.0))
    assert ones.predict_proba(rows[list(kinds)])[:, 1] == pytest.approx(0.75, abs=0.15)
    assert ones.predict_proba(rows[list(kinds)])[0, 1] > 0.6


@pytest.mark.parametrize(("days", "newer"), [(3, None), (4, 2), (5, 3), (6, 3)])
def test_the_newer_half_of_the_days_of_a_batch(days, newer):
    times = pd.to_datetime(np.repeat(range(days), 2), unit="D", utc=True).as_unit("us")
    found = newer_half(pd.DataFrame({"t": times}), SPEC)
    expected = None if newer is None else [False] * 2 * (days - newer) + [True] * 2 * newer
    assert (None if found is None else found.tolist()) == expected


def test_a_batch_without_times_has_no_halves():
    assert newer_half(pd.DataFrame({"x": range(100)}), a_spec()) is None
