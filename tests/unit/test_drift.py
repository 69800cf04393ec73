import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incumbent.drift import drift, null_quantile
from incumbent.intake import CATEGORICAL, NUMERIC
from incumbent.profile import count, profile
from incumbent.records import ColumnProfile, NullQuantile, Profile
from tests.unit.builders import a_spec

KINDS = {"x": NUMERIC, "c": CATEGORICAL}


def two_cells(first, second):
    """A column of two categories with these counts."""
    return ColumnProfile(CATEGORICAL, first + second, 0, (), ("a", "b"), (first, second, 0))


def held_against(batch, reference=(5_000, 5_000), null=(), score_null=(), blocks=1, **spec):
    known = Profile(sum(reference), 30, {"c": two_cells(*reference)}, {"c": null, "": score_null})
    return drift(Profile(sum(batch), blocks, {"c": two_cells(*batch)}), known, a_spec(**spec))


def rows(n, seed=0, shift=0.0):
    random = np.random.default_rng(seed)
    return pd.DataFrame({"x": random.normal(shift, 1, n), "c": random.choice(["a", "b", "c"], n)})


@pytest.mark.parametrize(("first", "alarm"), [(600, False), (601, True), (399, True), (400, False)])
def test_the_effect_floor_must_be_passed(first, alarm):
    found = held_against((first, 1_000 - first))
    assert found.columns[0].alarm is alarm
    assert found.alarm is alarm
    assert found.score == pytest.approx(abs(first / 1_000 - 0.5))


@pytest.mark.parametrize(("null", "alarm"), [(0.2, True), (0.25, False), (0.3, False)])
def test_the_null_must_be_passed(null, alarm):
    found = held_against((750, 250), null=(NullQuantile(1, null),))
    assert found.columns[0].null_quantile == null
    assert found.alarm is alarm


def test_a_large_distance_of_few_rows_is_no_alarm():
    found = held_against((6, 4))
    assert found.columns[0].distance == pytest.approx(0.1)
    small = held_against((8, 4))
    assert small.columns[0].distance > 0.1
    assert small.columns[0].q > 0.05
    assert not small.alarm


def test_the_discovery_rate_is_the_specs():
    # scipy.stats.chi2_contingency([[70, 50], [5000, 5000]], correction=False).pvalue = 0.0694
    assert not held_against((75, 45), drift_q=0.001).alarm
    assert held_against((75, 45), drift_q=0.05).alarm


@pytest.mark.parametrize(("score_null", "alarm"), [(0.24, True), (0.25, False)])
def test_the_table_alarms_beyond_the_null_of_its_mean(score_null, alarm):
    found = held_against((750, 250), score_null=(NullQuantile(1, score_null),))
    assert found.columns[0].alarm
    assert found.score_null == score_null
    assert found.alarm is alarm


@pytest.mark.parametrize(
    ("blocks", "expected"), [(0, 0.5), (1, 0.5), (3, 0.4), (4, 0.3), (15, 0.3)]
)
def test_null_of_the_longest_stretch_no_longer_than_the_batch(blocks, expected):
    known = (NullQuantile(1, 0.5), NullQuantile(2, 0.4), NullQuantile(4, 0.3))
    reference = Profile(1, 8, {}, {"x": known})
    assert null_quantile(reference, "x", blocks) == expected
    assert null_quantile(reference, "other", blocks) is None


def test_the_reference_has_not_drifted_from_itself():
    reference = profile(rows(500), KINDS, np.repeat(np.arange(25), 20))
    found = drift(reference, reference, a_spec())
    assert found.score == 0
    assert not found.alarm
    assert [c.distance for c in found.columns] == [0, 0]
    assert found.rows == {"reference": 500, "batch": 500}


def test_columns_come_with_the_largest_distance_first():
    reference = profile(rows(2_000), KINDS, None)
    found = drift(count(rows(1_000, 1, shift=1.0), reference), reference, a_spec())
    assert [c.column for c in found.columns] == ["x", "c"]
    assert [c.alarm for c in found.columns] == [True, False]
    assert found.score == pytest.approx(np.mean([c.distance for c in found.columns]))


@pytest.mark.parametrize("sides", [(0, 100), (100, 0), (0, 0)])
def test_no_rows_are_no_drift(sides):
    batch, known = sides
    reference = profile(rows(known), KINDS, None)
    found = drift(count(rows(batch), reference), reference, a_spec())
    assert (found.score, found.alarm) == (None, False)
    assert {(c.distance, c.p, c.q, c.alarm) for c in found.columns} == {(None, None, None, False)}


def test_one_row_is_no_alarm():
    reference = profile(rows(1_000), KINDS, None)
    batch = count(pd.DataFrame({"x": [99.0], "c": ["new"]}), reference, 1)
    found = drift(batch, reference, a_spec())
    assert found.columns[0].distance == 1.0
    assert not found.alarm


def test_a_column_that_has_become_null_alarms():
    reference = profile(rows(1_000), KINDS, None)
    batch = count(rows(500, 1).assign(x=np.nan), reference)
    found = drift(batch, reference, a_spec())
    assert (found.columns[0].column, found.columns[0].distance) == ("x", 1.0)
    assert found.alarm


@given(st.integers(0, 2**31), st.integers(1, 300))
def test_shares_and_probabilities_stay_in_their_bounds(seed, n):
    reference = profile(rows(200, 9), KINDS, np.repeat(np.arange(10), 20))
    found = drift(count(rows(n, seed), reference, 1), reference, a_spec())
    for column in found.columns:
        assert 0 <= column.distance <= 1
        assert 0 <= column.p <= column.q + 1e-12 <= 1 + 1e-12
    assert min(c.distance for c in found.columns) <= found.score <= found.columns[0].distance


@pytest.mark.slow
def test_weather_of_days_is_no_alarm_where_the_reference_has_it_too():
    """Rows of a day share a shift: row-wise p-values alone would alarm on nearly all batches."""
    random = np.random.default_rng(0)
    alarms = significant = 0
    for _ in range(150):
        days = np.repeat(np.arange(75), 40)
        x = random.normal(size=len(days)) + random.normal(size=75)[days]
        frame = pd.DataFrame({"x": x})
        reference = profile(frame[days < 60], {"x": NUMERIC}, days[days < 60])
        batch = count(frame[days >= 60], reference, 15)
        found = drift(batch, reference, a_spec())
        alarms += found.alarm
        significant += found.columns[0].p < 0.05
    assert significant / 150 > 0.6
    assert alarms / 150 < 0.15
