import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incumbent.data.intake import (
    EXCHANGEABLE_BLOCKS,
    as_number,
    as_text,
    as_time,
    blocks_of,
    canonical,
    describe,
    empty_digest,
    ids_of,
    period_of,
)
from incumbent.data.kinds import features_of, kinds_of
from incumbent.digest import table_digest
from incumbent.errors import UnreadableError, UsageError
from incumbent.params import Task
from tests.unit.builders import START, a_frame, a_spec

NONE = "missing"


def texts(values, dtype=None):
    found = as_text(pd.Series(values, dtype=dtype))
    assert found.dtype == "str"
    return found.fillna(NONE).tolist()


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([True, 1, 1.0, "1", None], object, ["1", "1", "1", "1", NONE]),
        ([False, 0, -0.0, "0"], object, ["0"] * 4),
        ([True, None], object, ["1", NONE]),
        ([True, None], "boolean", ["1", NONE]),
        ([True, False], bool, ["1", "0"]),
        ([True, None], "bool[pyarrow]", ["1", NONE]),
        ([1, None], "Int64", ["1", NONE]),
        ([1.0, None, 2.5], "Float64", ["1", NONE, "2.5"]),
        ([1.0, 2.5, -0.0, np.nan], "float64", ["1", "2.5", "0", NONE]),
        ([1.0, np.inf], "float64", ["1", "inf"]),
        ([0.1, 3.0], "float32", ["0.1", "3"]),
        ([1.0, None], "double[pyarrow]", ["1", NONE]),
        (["a", None], "string", ["a", NONE]),
        (["a", None, "", " "], "str", ["a", NONE, "", " "]),
        (["1.0", "01"], "str", ["1.0", "01"]),
        ([2**60 + 1, None], object, [str(2**60 + 1), NONE]),
        ([2**60 + 1, 3], "int64", [str(2**60 + 1), "3"]),
        ([Decimal(3), None], object, ["3", NONE]),
        ([None, None], object, [NONE, NONE]),
        ([np.nan], "float64", [NONE]),
        ([], object, []),
    ],
)
def test_categories_have_one_text(values, dtype, expected):
    assert texts(values, dtype) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, None], ["1", "2", NONE]),
        ([1.0, 2.5, None], ["1", "2.5", NONE]),
        ([True, False, None], ["1", "0", NONE]),
        (["a", None], ["a", NONE]),
        ([3, 3], ["3", "3"]),
        ([None, None], [NONE, NONE]),
    ],
)
def test_pandas_categories_are_read_as_their_values(values, expected):
    assert texts(pd.Categorical(values)) == expected


scalars = st.one_of(
    st.integers(-(2**53), 2**53), st.booleans(), st.text(max_size=3), st.none(), st.floats()
)


@given(st.lists(scalars, min_size=1, max_size=8))
def test_a_value_has_the_same_text_in_any_company(values):
    together = texts(values, object)
    assert together == [texts([value], object)[0] for value in values]


@given(st.lists(st.floats(), min_size=1, max_size=8))
def test_the_type_of_the_column_does_not_change_a_text(values):
    assert texts(values, "float64") == texts(values, object)


@given(st.lists(st.integers(-(2**53), 2**53), min_size=1))
def test_whole_numbers_are_one_category_however_they_are_stored(values):
    assert texts(values, "float64") == texts(values, "int64") == [str(v) for v in values]


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([1, None], "Int64", [1.0, np.nan]),
        ([True, None], "boolean", [1.0, np.nan]),
        ([True, False], bool, [1.0, 0.0]),
        ([1, 2.5, None], object, [1.0, 2.5, np.nan]),
        (["1.5", None], "str", [1.5, np.nan]),
        ([Decimal("1.5"), None], object, [1.5, np.nan]),
        ([np.inf, -np.inf, 1.0], "float64", [np.nan, np.nan, 1.0]),
        ([None, None], object, [np.nan, np.nan]),
        ([], object, []),
    ],
)
def test_numbers_are_finite_floats_or_missing(values, dtype, expected):
    found = as_number(pd.Series(values, dtype=dtype))
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found.to_numpy(), expected)


def test_numbers_as_pandas_categories_keep_their_holes():
    found = as_number(pd.Series(pd.Categorical([1, 2, None])))
    np.testing.assert_array_equal(found.to_numpy(), [1, 2, np.nan])


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["abc"], name="x"),
        pd.Series([""], name="x"),
        pd.Series(pd.to_datetime(["2013-01-01"]), name="x"),
        pd.Series(pd.to_timedelta(["1D"]), name="x"),
    ],
)
def test_what_is_no_number_is_refused_by_name(column):
    with pytest.raises(UnreadableError, match="'x' should be numeric"):
        as_number(column)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2013-04-16T08:00:00Z", "2013-04-16T08:00:00"),
        ("2013-04-16T08:00:00+02:00", "2013-04-16T06:00:00"),
        ("2013-04-16 08:00:00", "2013-04-16T08:00:00"),
        ("2013-04-16", "2013-04-16T00:00:00"),
        (dt.date(2013, 4, 16), "2013-04-16T00:00:00"),
        (pd.Timestamp("2013-04-16 08:00", tz="Europe/Berlin"), "2013-04-16T06:00:00"),
        (pd.Timestamp("2013-04-16 08:00:00.123456789"), "2013-04-16T08:00:00.123456"),
    ],
)
def test_times_are_in_utc_to_the_microsecond(value, expected):
    found = as_time(pd.Series([value]))
    assert str(found.dtype) == "datetime64[us, UTC]"
    assert found[0] == pd.Timestamp(expected, tz="UTC")


def test_times_of_one_column_may_be_written_differently():
    found = as_time(pd.Series(["2013-01-01 00:00:00", "2013-01-01 00:00:00.5", "2013-01-02"]))
    assert found.dt.microsecond.tolist() == [0, 500_000, 0]


@pytest.mark.parametrize("value", ["junk", "01/02/2013", "10000-01-01", 20130101, 1.5, True])
def test_what_is_no_time_or_would_be_a_guess_is_refused(value):
    with pytest.raises(UnreadableError, match="'t' should hold timestamps"):
        as_time(pd.Series([value], name="t"))


@pytest.mark.parametrize("values", [["2013-01-01", None], [None, None], [np.nan]])
def test_a_missing_time_is_refused(values):
    with pytest.raises(UnreadableError, match="without a timestamp"):
        as_time(pd.Series(values, name="t"))


def test_features_are_all_but_target_timestamp_and_id():
    spec = a_spec(timestamp="t", id="i")
    assert features_of(a_frame(2), spec) == ("x", "c")
    assert features_of(a_frame(2), a_spec(features=("c",))) == ("c",)


def test_kinds_of_columns():
    frame = a_frame(
        3,
        code=[1, 2, 3],
        flag=[True, False, True],
        maybe=pd.Series([1, None, 2], dtype=object),
        group=pd.Categorical([1, 2, None]),
        empty=np.nan,
        nothing=pd.Series([None] * 3, dtype=object),
    )
    assert kinds_of(frame, a_spec(timestamp="t", id="i", categorical=("code",))) == {
        "x": "numeric",
        "c": "categorical",
        "code": "categorical",
        "flag": "numeric",
        "maybe": "numeric",
        "group": "numeric",
        "empty": "numeric",
        "nothing": "categorical",
    }


@pytest.mark.parametrize(
    ("when", "why"),
    [(pd.Timestamp("2013-01-01", tz="UTC"), "times"), (pd.Timedelta("1D"), "durations")],
)
def test_a_feature_of_times_is_refused(when, why):
    with pytest.raises(UsageError, match=f"'when': {why}"):
        kinds_of(a_frame(2, when=when), a_spec(timestamp="t", id="i"))


def test_canonical_columns_have_one_type_each_and_keep_the_order_of_rows():
    spec = a_spec(timestamp="t", id="i")
    frame = a_frame(4).iloc[::-1]
    found = canonical(frame, spec, kinds_of(frame, spec))
    assert {n: str(d) for n, d in found.dtypes.items()} == {
        "x": "float64",
        "c": "str",
        "i": "str",
        "t": "datetime64[us, UTC]",
        "y": "str",
    }
    assert found["i"].tolist() == ["r3", "r2", "r1", "r0"]
    assert found.index.tolist() == [0, 1, 2, 3]
    assert set(found["y"]) <= {"0", "1"}


def test_canonical_does_without_a_target_and_without_rows():
    spec = a_spec(timestamp="t", id="i")
    frame = a_frame(4)
    found = canonical(frame.drop(columns="y").iloc[:0], spec, kinds_of(frame, spec))
    assert list(found.columns) == ["x", "c", "i", "t"]
    assert len(found) == 0
    assert str(found["t"].dtype) == "datetime64[us, UTC]"


def test_canonical_twice_is_canonical():
    spec = a_spec(timestamp="t", id="i")
    frame = a_frame(20, code=np.where(np.arange(20) % 3, 1.0, np.nan))
    once = canonical(frame, spec, kinds_of(frame, spec))
    pd.testing.assert_frame_equal(canonical(once, spec, kinds_of(frame, spec)), once)


def test_targets_of_values_are_numbers():
    spec = a_spec(task=Task.REGRESSION)
    found = canonical(pd.DataFrame({"x": [1], "y": [2]}), spec, {"x": "numeric"})
    assert found["y"].dtype == np.float64


@pytest.mark.parametrize("target", [[True, False], [1, 0], [1.0, 0.0], ["1", "0"]])
def test_two_classes_are_one_and_zero_however_they_are_stored(target):
    spec = a_spec()
    found = canonical(pd.DataFrame({"x": [1, 2], "y": target}), spec, {"x": "numeric"})
    assert found["y"].tolist() == ["1", "0"]


def test_blocks_are_days_in_utc():
    times = ["1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "2013-01-02T00:30:00+02:00"]
    frame = pd.DataFrame({"t": as_time(pd.Series(times))})
    assert blocks_of(frame, a_spec(timestamp="t")).tolist() == [-1, 0, 15_706]


@pytest.mark.parametrize(("rows", "blocks"), [(0, 0), (1, 1), (200, 200), (201, 200), (999, 200)])
def test_rows_without_time_are_dealt_into_blocks(rows, blocks):
    found = blocks_of(pd.DataFrame({"x": np.zeros(rows)}), a_spec())
    assert len(np.unique(found)) == blocks <= EXCHANGEABLE_BLOCKS
    assert len(found) == rows


def test_ids_are_the_column_or_the_position():
    frame = a_frame(3)
    assert ids_of(frame, a_spec(id="i")).tolist() == ["r0", "r1", "r2"]
    assert ids_of(frame, a_spec()).tolist() == ["0", "1", "2"]


def test_period_is_from_the_oldest_to_the_newest_row():
    spec = a_spec(timestamp="t", id="i")
    frame = canonical(a_frame(9), spec, {"x": "numeric"}).sample(frac=1, random_state=0)
    found = period_of(frame, spec)
    assert (found.start, found.end) == (START, START + dt.timedelta(days=1))
    assert period_of(frame, a_spec()) is None
    assert period_of(frame.iloc[:0], spec) is None


def test_a_batch_is_known_by_all_but_its_target():
    spec, frame = a_spec(timestamp="t", id="i"), a_frame(8)
    batch = describe("a/b.csv", "b", frame, spec)
    assert (batch.id, batch.path, batch.rows) == ("b", "a/b.csv", 8)
    assert batch.period.start == START
    assert describe("", "", frame.assign(y=0), spec).digest == batch.digest
    assert describe("", "", frame.drop(columns="y"), spec).digest == batch.digest
    assert describe("", "", frame.assign(x=0.0), spec).digest != batch.digest


def test_deliveries_without_rows_are_known_by_their_names():
    spec, frame = a_spec(timestamp="t", id="i"), a_frame(8).iloc[:0]
    april, may = describe("a/april.csv", "april", frame, spec), describe("", "may", frame, spec)
    assert april.rows == may.rows == 0
    assert april.digest != may.digest
    assert describe("b/april.csv", "april", frame, spec).digest == april.digest
    content = table_digest(frame.drop(columns="y"))
    assert april.digest == empty_digest("april", content) != content
    assert describe("", "april", frame.drop(columns="x"), spec).digest != april.digest


def test_a_batch_with_rows_is_known_by_them_under_any_name():
    spec, frame = a_spec(timestamp="t", id="i"), a_frame(1)
    digests = {describe("", name, frame, spec).digest for name in ("april", "may")}
    assert digests == {table_digest(frame.drop(columns="y"))}


def test_what_is_empty_is_told_apart_by_name_and_by_kind_of_emptiness():
    pairs = [("april", "d"), ("may", "d"), ("april", "e"), ("aprild", "")]
    found = {empty_digest(*pair) for pair in pairs}
    assert len(found) == 4
    assert {len(digest) for digest in found} == {64}


@pytest.mark.parametrize("times", [["junk", "x"], [1, 2], [None, None], [True, False]])
def test_a_batch_without_readable_times_has_no_period(times):
    frame = pd.DataFrame({"t": times, "x": [1, 2]})
    assert describe("p", "n", frame, a_spec(timestamp="t")).period is None


def test_a_batch_that_lacks_the_timestamp_has_no_period():
    assert describe("p", "n", pd.DataFrame({"x": [1]}), a_spec(timestamp="t")).period is None


def test_readable_times_give_the_period_of_the_others():
    frame = pd.DataFrame({"t": ["2013-01-01", "junk"]})
    assert describe("p", "n", frame, a_spec(timestamp="t")).period.end == START


@pytest.mark.parametrize("far", ["9999-12-31", "1677-09-22", "1970-01-01"])
def test_a_time_far_from_all_others_does_not_stretch_the_period(far):
    times = pd.date_range("2024-01-01", periods=200, freq="h", tz="UTC").as_unit("us").to_series()
    times.iloc[7] = pd.Timestamp(far, tz="UTC").as_unit("us")
    found = period_of(pd.DataFrame({"t": times.reset_index(drop=True)}), a_spec(timestamp="t"))
    assert (found.start.year, found.end.year) == (2024, 2024)
