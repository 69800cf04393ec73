import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incumbent.data.kinds import CATEGORICAL, NUMERIC
from incumbent.data.profile import count, profile
from incumbent.monitoring.drift import drift, persistent
from incumbent.monitoring.drift.column import FEWEST_ROWS, SOUND_WINDOWS
from incumbent.records import ColumnProfile, DriftReport, NullQuality, Profile, Windows
from tests.unit.builders import a_spec

KINDS = {"x": NUMERIC, "c": CATEGORICAL}
NO_CUTS = np.zeros(0)


def two_bins(first, second):
    """A column of two categories with these counts."""
    counts = np.array([first, second, 0, 0])
    return ColumnProfile(CATEGORICAL, first + second, 0, NO_CUTS, ("a", "b"), counts)


def held_against(batch, reference=(5_000, 5_000), null=(), score_null=(), blocks=1, **spec):
    known = {name: k for name, k in (("c", null), ("", score_null)) if k}
    there = Profile(sum(reference), 30 if known else 0, {"c": two_bins(*reference)}, known)
    return drift(Profile(sum(batch), blocks, {"c": two_bins(*batch)}), there, a_spec(**spec))


def rows(n, seed=0, shift=0.0):
    random = np.random.default_rng(seed)
    return pd.DataFrame({"x": random.normal(shift, 1, n), "c": random.choice(["a", "b", "c"], n)})


@pytest.mark.parametrize(("first", "alarm"), [(1_099, False), (1_101, True), (899, True)])
def test_the_effect_floor_must_be_passed(first, alarm):
    found = held_against((first, 2_000 - first), drift_effect_floor=0.05)
    assert found.columns[0].alarm is alarm
    assert found.alarm is alarm
    assert found.score == pytest.approx(abs(first / 2_000 - 0.5))


@pytest.mark.parametrize(("null", "alarm"), [(0.2, True), (0.25, False), (0.3, False)])
def test_the_null_must_be_passed(null, alarm):
    found = held_against((750, 250), null=(Windows(1, null, 0.0),))
    assert found.columns[0].null_quantile == null
    assert found.alarm is alarm


def test_rows_of_one_block_are_worth_less():
    # 1,000 rows of correlation .1 are worth 1000 / (1 + 999 * .1) = 9.9 independent ones
    known = (Windows(1, 0.0, 0.1),)
    found = held_against((750, 250), null=known).columns[0]
    assert found.effective == pytest.approx(9.911, abs=1e-3)
    assert found.p > 0.1
    assert held_against((750, 250)).columns[0].p < 1e-9


def test_a_large_distance_of_few_rows_is_no_alarm():
    small = held_against((14, 8))
    assert small.columns[0].distance > 0.1
    assert small.columns[0].q > 0.05
    assert not small.alarm


def test_the_discovery_rate_is_the_specs():
    # scipy.stats.chi2_contingency([[75, 45], [5000, 5000]], correction=False).pvalue = 0.0066
    assert not held_against((75, 45), drift_q=0.001).columns[0].alarm
    assert held_against((75, 45), drift_q=0.05).columns[0].alarm


@pytest.mark.parametrize(("score_null", "alarm"), [(0.24, True), (0.25, False)])
def test_the_table_alarms_beyond_the_null_of_its_mean(score_null, alarm):
    found = held_against((750, 250), score_null=(Windows(1, score_null, 0.0),))
    assert found.columns[0].alarm
    assert found.score_null == score_null
    assert found.alarm is alarm


def test_the_table_wants_more_certainty_than_a_column():
    # p = .028: a discovery, and no alarm of the table at .005
    found = held_against((72, 48))
    assert found.columns[0].alarm
    assert found.p == pytest.approx(found.columns[0].q)
    assert not found.alarm


@pytest.mark.parametrize(
    ("null_quality", "beyond", "earlier", "alarm"),
    [
        (NullQuality.SOUND, True, [], True),
        (NullQuality.WEAK_NULL, True, [], False),
        (NullQuality.WEAK_NULL, True, [False, False], False),
        (NullQuality.WEAK_NULL, True, [True, False], True),
        (NullQuality.WEAK_NULL, False, [True, True], False),
        (NullQuality.SOUND, False, [True, True], False),
    ],
)
def test_a_weak_null_must_be_passed_repeatedly(null_quality, beyond, earlier, alarm):
    report = DriftReport((), 0.1, None, beyond, {}, null_quality=null_quality, beyond=beyond)
    found = persistent(report, earlier, 2)
    assert found.alarm is alarm
    assert found.earlier == sum(earlier)


def test_the_reference_has_not_drifted_from_itself():
    reference = profile(rows(500), KINDS, np.repeat(np.arange(25), 20))
    found = drift(reference, reference, a_spec())
    assert found.score == 0
    assert not found.alarm
    assert [c.distance for c in found.columns] == [0, 0]
    assert found.rows == {"reference": 500, "batch": 500}


def test_columns_in_alarm_come_first_and_say_what_moved():
    reference = profile(rows(2_000), KINDS, None)
    found = drift(count(rows(1_000, 1, shift=1.0), reference), reference, a_spec())
    assert [c.column for c in found.columns] == ["x", "c"]
    assert [c.alarm for c in found.columns] == [True, False]
    assert found.columns[0].moved
    assert not found.columns[1].moved
    assert found.score == pytest.approx(np.mean([c.distance for c in found.columns]))
    assert found.weighted_score is None


def test_columns_that_the_model_needs_weigh_more():
    columns = {name: two_bins(500, 500) for name in "abc"}
    there = Profile(1_000, 0, columns, weights={"a": 0.0, "b": 1.0, "c": 9.0})
    here = {"a": two_bins(300, 200), "b": two_bins(300, 200), "c": two_bins(260, 240)}
    found = drift(Profile(500, 0, here), there, a_spec())
    assert [c.column for c in found.columns] == ["b", "a", "c"]
    assert found.weighted_score == pytest.approx((0.1 * 1 + 0.02 * 9) / 10)
    assert found.score == pytest.approx(0.22 / 3)


@pytest.mark.parametrize("sides", [(0, 100), (100, 0), (0, 0), (FEWEST_ROWS - 1, 1_000), (1, 9)])
def test_too_few_rows_have_no_answer(sides):
    batch, known = sides
    reference = profile(rows(known), KINDS, None)
    found = drift(count(rows(batch), reference), reference, a_spec())
    assert (found.score, found.p, found.alarm) == (None, None, False)
    assert found.null_quality is NullQuality.INSUFFICIENT
    for c in found.columns:
        assert (c.distance, c.p, c.q, c.alarm) == (None, None, None, False)
        assert c.null_quality is NullQuality.INSUFFICIENT


def test_as_many_rows_as_needed_have_an_answer():
    reference = profile(rows(1_000), KINDS, None)
    assert drift(count(rows(FEWEST_ROWS), reference), reference, a_spec()).score is not None


@pytest.mark.parametrize(
    ("days", "batch_days", "null_quality"),
    [
        (SOUND_WINDOWS, 1, NullQuality.SOUND),
        (SOUND_WINDOWS, 2, NullQuality.WEAK_NULL),
        (3, 1, NullQuality.WEAK_NULL),
        (0, 1, NullQuality.SOUND),
    ],
)
def test_few_stretches_are_a_weak_null(days, batch_days, null_quality):
    frame = rows(600)
    blocks = np.arange(600) * days // 600 if days else None
    reference = profile(frame, KINDS, blocks)
    found = drift(count(frame, reference, batch_days), reference, a_spec())
    assert found.null_quality is null_quality


def test_a_column_that_has_become_null_alarms():
    reference = profile(rows(1_000), KINDS, None)
    batch = count(rows(500, 1).assign(x=np.nan), reference)
    found = drift(batch, reference, a_spec())
    assert (found.columns[0].column, found.columns[0].distance) == ("x", 1.0)
    assert found.columns[0].shares["nulls_batch"] == 1.0
    assert found.columns[0].measures["wasserstein_sd"] is None
    assert found.alarm


def test_a_few_more_nulls_are_found_by_their_own_test():
    frame, batch = rows(20_000), rows(1_000, 1)
    frame.loc[frame.index % 100 == 0, "x"] = np.nan
    batch.loc[batch.index % 10 == 0, "x"] = np.nan
    reference = profile(frame, KINDS, None)
    found = {c.column: c for c in drift(count(batch, reference), reference, a_spec()).columns}["x"]
    assert found.p_values["nulls"] < 1e-20 < found.p_values["values"]
    assert found.alarm
    assert found.moved[0] == "null 1% -> 10%"


def test_new_values_of_a_column_of_many_rare_ones_are_no_alarm_and_half_of_them_are():
    random, weight = np.random.default_rng(0), 1 / np.arange(1, 2_001)
    draw = lambda n: pd.DataFrame({"c": random.choice(2_000, n, p=weight / weight.sum())})  # noqa: E731
    reference = profile(draw(1_000).astype(str), {"c": CATEGORICAL}, None)
    batch = draw(1_000).astype(str)
    calm = drift(count(batch, reference), reference, a_spec())
    assert calm.columns[0].shares["unseen"] > 0.1
    assert not calm.columns[0].alarm
    batch.loc[batch.index % 2 == 0, "c"] = "new"
    found = drift(count(batch, reference), reference, a_spec())
    assert found.alarm
    assert found.columns[0].p_values["unseen"] < 1e-20


@given(st.integers(0, 2**31), st.integers(FEWEST_ROWS, 300))
def test_shares_and_probabilities_stay_in_their_bounds(seed, n):
    reference = profile(rows(200, 9), KINDS, np.repeat(np.arange(10), 20))
    found = drift(count(rows(n, seed), reference, 1), reference, a_spec())
    for column in found.columns:
        assert 0 <= column.distance <= 1
        assert 0 <= column.p <= column.q + 1e-12 <= 1 + 1e-12
        assert 0 <= column.error <= 1
    distances = [c.distance for c in found.columns]
    assert min(distances) <= found.score <= max(distances)


UNUSUAL = {
    "unit": lambda x: x * 1_000,
    "sentinel": lambda x: np.where(np.arange(len(x)) % 100 < 18, -999.0, x),
    "constant": lambda x: x * 0 + 3.0,
    "null": lambda x: x * np.nan,
    "infinite": lambda x: np.where(np.arange(len(x)) % 10 == 0, np.inf, x),
    "huge": lambda x: x * 1e300,
}


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("unit", "times 1e+3"),
        ("sentinel", "value -999 0% -> 18%"),
        ("constant", "value 3 0% -> 100%"),
        ("null", "null 0% -> 100%"),
        ("infinite", "infinite 0% -> 10%"),
        ("huge", "mean 20"),
    ],
)
def test_faults_are_named(fault, change):
    frame, batch = rows(5_000, 0, 20.0), rows(1_000, 1, 20.0)
    reference = profile(frame, KINDS, None)
    broken = batch.assign(x=UNUSUAL[fault](batch["x"].to_numpy()))
    found = drift(count(broken, reference), reference, a_spec())
    assert found.alarm
    assert found.columns[0].column == "x"
    assert change in " ".join(found.columns[0].moved)


@pytest.mark.parametrize("there", UNUSUAL)
@pytest.mark.parametrize("here", UNUSUAL)
def test_unusual_columns_on_both_sides_give_numbers_or_none(there, here):
    x = np.random.default_rng(0).normal(size=500)
    sides = [pd.DataFrame({"x": UNUSUAL[fault](x)}) for fault in (there, here)]
    reference = profile(sides[0], {"x": NUMERIC}, np.arange(500) // 25)
    found = drift(count(sides[1], reference, 2), reference, a_spec())
    values = [found.score, found.p, *found.columns[0].measures.values()]
    assert all(v is None or np.isfinite(v) for v in values)
    assert (found.score == 0) is (there == here)


@pytest.mark.slow
def test_weather_of_days_is_no_alarm_where_the_reference_has_it_too():
    """Rows of a day share a shift: row-wise p-values alone would alarm on nearly all batches."""
    random = np.random.default_rng(0)
    alarms = found_columns = 0
    for _ in range(150):
        days = np.repeat(np.arange(75), 40)
        x = random.normal(size=len(days)) + random.normal(size=75)[days]
        frame = pd.DataFrame({"x": x})
        reference = profile(frame[days < 60], {"x": NUMERIC}, days[days < 60])
        found = drift(count(frame[days >= 60], reference, 15), reference, a_spec())
        alarms += found.alarm
        found_columns += found.columns[0].alarm
    assert found_columns / 150 < 0.1
    assert alarms / 150 < 0.05
