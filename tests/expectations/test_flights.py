"""The example suite: one impossible row, one failure."""

import pandas as pd
import pytest

from expectations import flights
from incumbent.records import Outcome, Severity
from tests.expectations.checked import validate


@pytest.fixture
def batch():
    row = {
        "temp": 40.0,
        "dewp": 30.0,
        "humid": 60.0,
        "wind_speed": 10.0,
        "precip": 0.0,
        "pressure": 1012.0,
        "visib": 10.0,
        "distance": 1400,
        "minute_of_day": 315,
        "day_of_week": 1,
    }
    return pd.DataFrame([row] * 5)


def test_an_ordinary_day_passes(batch):
    assert validate(batch, [flights.suite()]).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("temp", -41),
        ("temp", 131),
        ("dewp", 101),
        ("humid", 100.5),
        ("wind_speed", 1048.36),
        ("wind_speed", -1),
        ("precip", -0.01),
        ("pressure", 849),
        ("visib", -1),
        ("distance", 0),
    ],
)
def test_an_impossible_measurement_warns_and_is_excluded(batch, column, value):
    batch[column] = batch[column].astype(float)
    batch.loc[2, column] = value
    report = validate(batch, [flights.suite()])
    assert [(f.column, f.rows, f.severity) for f in report.failures] == [
        (column, 1, Severity.WARNING)
    ]
    assert report.outcome is Outcome.WARN
    assert report.excluded == (2,)


@pytest.mark.parametrize(("column", "low", "high"), flights.LIMITS)
def test_limits_themselves_are_possible(batch, column, low, high):
    batch[column] = [low, high, low, high, low]
    assert validate(batch, [flights.suite()]).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("column", "value"),
    [("minute_of_day", -1), ("minute_of_day", 1440), ("day_of_week", 7)],
)
def test_a_clock_that_is_wrong_sets_the_batch_aside(batch, column, value):
    batch.loc[2, column] = value
    report = validate(batch, [flights.suite()])
    assert [(f.column, f.severity) for f in report.failures] == [(column, Severity.CRITICAL)]
    assert report.outcome is Outcome.QUARANTINE
    assert report.excluded == ()


def test_a_missing_measurement_is_not_an_impossible_one(batch):
    batch.loc[2, "wind_speed"] = None
    assert validate(batch, [flights.suite()]).outcome is Outcome.PASS
