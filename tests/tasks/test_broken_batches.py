"""Broken and ordinary batches made from the flights of 2013, each held against January."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from benchmarks.broken_batches import BROKEN, SOUND, Source
from benchmarks.diagnosis import card_of
from benchmarks.histories import read_flights
from incumbent.records import Outcome, Severity
from tasks.validation import validate_content

DELIVERED = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def year(tmp_path_factory):
    """January and the 22 half months after it."""
    return read_flights(tmp_path_factory.mktemp("year") / "flights")


@pytest.fixture(scope="module")
def january(year):
    return card_of(year.tables[0], year)


def validated(year, january, case, number=1):
    frame = year.tables[number].drop(columns=year.spec.target)
    rng = np.random.default_rng(number)
    made = case(Source(frame, year.tables[0], year.spec, year.kinds, rng))
    assert made is not None
    return validate_content(made, year.spec, january, DELIVERED), made


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_half_month_is_quarantined(year, january, name):
    found, _ = validated(year, january, BROKEN[name])
    assert found.report.outcome is Outcome.QUARANTINE
    assert found.frame.empty
    worst = found.report.failures[0]
    assert worst.severity is Severity.CRITICAL
    assert worst.observed
    assert worst.expected


@pytest.mark.parametrize("name", sorted(SOUND))
def test_an_ordinary_half_month_goes_on(year, january, name):
    found, made = validated(year, january, SOUND[name])
    assert found.report.outcome is not Outcome.QUARANTINE
    assert not any(f.severity is Severity.SUSPECT for f in found.report.failures)
    assert len(found.frame) == len(made)


@pytest.mark.parametrize("number", [4, 10, 16, 22])
@pytest.mark.parametrize("column", ["temp", "dewp"])
def test_celsius_for_fahrenheit_shows_in_every_season(year, january, number, column):
    frame = year.tables[number].drop(columns=year.spec.target)
    celsius = frame.assign(**{column: (frame[column] - 32) / 1.8})
    found = validate_content(celsius, year.spec, january, DELIVERED).report
    worst = found.failures[0]
    assert (worst.expectation, worst.column) == ("unit", column)
    assert "Celsius" in worst.observed


def test_no_half_month_of_the_year_is_quarantined(year, january):
    outcomes = [
        validated(year, january, SOUND["as it is"], number)[0].report.outcome
        for number in range(1, len(year.tables))
    ]
    assert outcomes.count(Outcome.QUARANTINE) == 0
    assert len(outcomes) == 22


def test_the_order_of_rows_and_columns_changes_no_failure(year, january):
    found, made = validated(year, january, BROKEN["sentinel -999 in a fifth"])
    order = np.random.default_rng(0).permutation(len(made))
    other = pd.DataFrame(made.iloc[order][made.columns[::-1]])
    again = validate_content(other, year.spec, january, DELIVERED)
    assert again.report == found.report
