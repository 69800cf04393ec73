"""The prediction store on real files, and on fsspec's memory where a URI is meant."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from incumbent.errors import IntegrityError, OutOfReachError, UsageError
from incumbent.gateways.predictions import PredictionStore
from incumbent.records import Exploration, LabelArrival, Predictions

BATCH, OTHER = "a" * 64, "b" * 64
FIRST, SECOND = (LabelArrival(digit * 64, f"/labels/{digit}.csv") for digit in "12")

ids = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=8))


@st.composite
def predictions(draw: st.DrawFn) -> Predictions:
    n, k = draw(st.integers(0, 12)), draw(st.integers(1, 4))
    return Predictions(
        ids=np.array(draw(st.lists(ids, min_size=n, max_size=n)), dtype=object),
        blocks=draw(arrays(np.int64, n)),
        values=draw(arrays(np.float64, (n, k))),
        trainable=draw(arrays(np.bool_, n)),
    )


def some(*scores: float) -> Predictions:
    n = len(scores)
    return Predictions(
        ids=np.array([f"row-{i}" for i in range(n)], dtype=object),
        blocks=np.arange(n),
        values=np.array(scores).reshape(n, 1),
        trainable=np.ones(n, dtype=bool),
    )


def assert_same(found: Predictions, expected: Predictions) -> None:
    assert found.ids.tolist() == expected.ids.tolist()
    for name in ("blocks", "values", "trainable"):
        actual, wanted = getattr(found, name), getattr(expected, name)
        assert actual.dtype == wanted.dtype
        np.testing.assert_array_equal(actual, wanted)
        assert actual.flags.writeable


@pytest.fixture(params=["folder", "memory"])
def root(request, tmp_path: Path) -> str:
    return str(tmp_path / "store") if request.param == "folder" else f"memory://{tmp_path}"


@pytest.fixture
def store(root: str) -> PredictionStore:
    return PredictionStore(root)


@pytest.fixture
def folder(tmp_path: Path) -> PredictionStore:
    return PredictionStore(str(tmp_path))


@settings(max_examples=60, deadline=None)
@given(expected=predictions())
def test_what_is_read_is_what_was_written(tmp_path_factory, expected):
    store = PredictionStore(str(tmp_path_factory.mktemp("store")))
    store.write("flights", BATCH, 1, expected)
    assert_same(store.read("flights", BATCH, 1), expected)


def test_kept_rows_keep_their_columns_their_kinds_and_their_gaps(store):
    rows = pd.DataFrame(
        {
            "price": [1.5, np.nan],
            "page": pd.array(["EWR", None], dtype=object),
            "at": pd.to_datetime(["2013-01-01T05:00", "2013-01-02T00:00"], utc=True),
        }
    )
    assert store.read_rows("flights", BATCH) is None
    store.write_rows("flights", BATCH, rows)
    pd.testing.assert_frame_equal(store.read_rows("flights", BATCH), rows)


def some_rows(*prices: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "price": np.array(prices, dtype=np.float64),
            "page": pd.array(["EWR", None, "JFK"][: len(prices)], dtype="str"),
            "at": pd.to_datetime(["2013-01-01T05:00"] * len(prices), utc=True).as_unit("us"),
            "bought": np.arange(len(prices)),
        }
    )


def test_rows_kept_together_are_those_of_each_batch(store):
    tables = {BATCH: some_rows(1.5, np.nan, -0.0), "b" * 64: some_rows(), "c" * 64: some_rows(2.0)}
    assert store.read_together("flights", "0", "key") is None
    store.write_together("flights", "0", "key", tables)
    found = store.read_together("flights", "0", "key")
    assert [*found] == [*tables]
    for digest, rows in tables.items():
        pd.testing.assert_frame_equal(found[digest], rows)


def test_rows_that_were_made_from_something_else_are_none(store):
    store.write_together("flights", "0", "key", {BATCH: some_rows(1.0)})
    assert store.read_together("flights", "0", "another") is None
    store.write_together("flights", "0", "another", {BATCH: some_rows(2.0)})
    assert store.read_together("flights", "0", "key") is None
    assert store.read_together("flights", "0", "another")[BATCH]["price"].tolist() == [2.0]


def test_arrivals_are_listed_by_batch(store):
    other, arrivals = "b" * 64, ("2" * 64, "1" * 64)
    assert store.label_arrivals("flights", [BATCH]) == {BATCH: ()}
    for arrival in arrivals:
        store.write_labels("flights", BATCH, LabelArrival(arrival, "/l.csv"), ["a"], [1])
    found = store.label_arrivals("flights", [other, BATCH])
    assert found == {other: (), BATCH: ("1" * 16, "2" * 16)}


def test_nan_and_infinite_scores_stay_what_they_are(store):
    store.write("flights", BATCH, 1, some(np.nan, np.inf, -np.inf, -0.0))
    found = store.read("flights", BATCH, 1).values
    np.testing.assert_array_equal(found, [[np.nan], [np.inf], [-np.inf], [-0.0]])
    assert np.signbit(found[3, 0])


def test_more_than_ten_classes_keep_their_order(store):
    wide = Predictions(
        ids=np.array(["x"], dtype=object),
        blocks=np.array([0]),
        values=np.arange(12.0).reshape(1, 12),
        trainable=np.array([True]),
    )
    store.write("flights", BATCH, 1, wide)
    assert_same(store.read("flights", BATCH, 1), wide)


def test_the_rows_that_were_drawn_are_kept_with_their_propensity(store):
    drawn = Exploration(np.array([True, False, True]), np.full(3, 0.05))
    store.write("flights", BATCH, 1, replace(some(0.5, 0.25, 0.75), exploration=drawn))
    found = store.read("flights", BATCH, 1).exploration
    assert found.explored.tolist() == [True, False, True]
    assert found.propensity.tolist() == [0.05] * 3


def test_without_exploration_a_file_has_the_columns_of_earlier_releases(folder, tmp_path):
    folder.write("flights", BATCH, 1, some(0.5, 0.25))
    (path,) = tmp_path.rglob("*.parquet")
    assert list(pd.read_parquet(path)) == ["id", "block", "trainable", "value_0"]
    assert folder.read("flights", BATCH, 1).exploration is None


def test_a_missing_id_of_either_kind_is_none(store):
    gaps = Predictions(
        ids=np.array(["a", np.nan, None], dtype=object),
        blocks=np.arange(3),
        values=np.ones((3, 1)),
        trainable=np.ones(3, dtype=bool),
    )
    store.write("flights", BATCH, 1, gaps)
    assert store.read("flights", BATCH, 1).ids.tolist() == ["a", None, None]


def test_the_values_of_slices_are_kept_with_their_gaps(store):
    held = {
        "carrier (iata)": np.array(["UA", np.nan, ""], dtype=object),
        "value_0": np.array([None, None, None], dtype=object),
    }
    store.write("flights", BATCH, 1, replace(some(0.5, 0.25, 0.75), slices=held))
    found = store.read("flights", BATCH, 1)
    assert {name: column.tolist() for name, column in found.slices.items()} == {
        "carrier (iata)": ["UA", None, ""],
        "value_0": [None, None, None],
    }
    assert found.values.tolist() == [[0.5], [0.25], [0.75]]


def test_what_was_kept_without_slices_has_none(store):
    store.write("flights", BATCH, 1, some(0.5))
    assert store.read("flights", BATCH, 1).slices == {}


def test_what_was_never_written_is_none(store):
    assert store.read("flights", BATCH, 1) is None
    store.write("flights", BATCH, 1, some(0.5))
    assert store.read("flights", BATCH, 2) is None
    assert store.read("flights", OTHER, 1) is None
    assert store.read("hotels", BATCH, 1) is None


def test_written_again_it_is_one_file_with_the_same_bytes(folder, tmp_path):
    folder.write("flights", BATCH, 3, some(0.5, 0.25))
    (file,) = tmp_path.rglob("*.*")
    before = file.read_bytes()
    folder.write("flights", BATCH, 3, some(0.5, 0.25))
    assert list(tmp_path.rglob("*.*")) == [file]
    assert file.read_bytes() == before
    assert file.relative_to(tmp_path).as_posix() == f"flights/predictions/{'a' * 16}-v3.parquet"


def test_a_reader_sees_a_whole_file_or_none_while_others_write(folder):
    big = some(*np.linspace(0, 1, 20_000))

    def write(_: int) -> None:
        folder.write("flights", BATCH, 1, big)

    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, i) for i in range(12)]
        while not all(w.done() for w in writing):
            found = folder.read("flights", BATCH, 1)
            assert found is None or len(found.ids) == 20_000
        for w in writing:
            w.result()
    assert_same(folder.read("flights", BATCH, 1), big)


def test_what_a_crash_left_half_written_is_never_read(folder, tmp_path):
    labels = tmp_path / "flights" / "labels"
    labels.mkdir(parents=True)
    (labels / f"{'a' * 16}-{'1' * 16}.parquet.0123.part").write_bytes(b"PAR1 half")
    assert folder.read_labels("flights", BATCH).empty


def test_without_labels_the_frame_is_empty_and_has_its_columns(store):
    found = store.read_labels("flights", BATCH)
    assert found.columns.tolist() == ["id", "label", "arrival", "path"]
    assert len(found) == 0


def test_arrivals_are_kept_apart_in_a_stable_order(store):
    store.write_labels("flights", BATCH, SECOND, ["b", "c"], np.array(["0", "1"], dtype=object))
    store.write_labels("flights", BATCH, FIRST, ["c", "a"], ["0", "1"])
    store.write_labels("flights", OTHER, FIRST, ["z"], ["1"])
    found = store.read_labels("flights", BATCH)
    assert found["id"].tolist() == ["c", "a", "b", "c"]
    assert found["label"].tolist() == ["0", "1", "0", "1"]
    arrivals = [FIRST, FIRST, SECOND, SECOND]
    assert found["arrival"].tolist() == [arrival.digest for arrival in arrivals]
    assert found["path"].tolist() == [arrival.path for arrival in arrivals]
    assert found.index.tolist() == [0, 1, 2, 3]


def test_an_arrival_written_again_does_not_double_its_rows(store):
    for _ in range(2):
        store.write_labels("flights", BATCH, FIRST, ["a", "a"], ["0", "1"])
    assert store.read_labels("flights", BATCH)["label"].tolist() == ["0", "1"]


def test_labels_keep_their_kind_and_their_gaps(store):
    store.write_labels("flights", BATCH, FIRST, ["a", "b"], np.array([1.5, np.nan]))
    numbers = store.read_labels("flights", BATCH)["label"]
    assert numbers.dtype == np.float64
    assert numbers.isna().tolist() == [False, True]
    store.write_labels("hotels", BATCH, FIRST, ["a", "b"], pd.Series(["1", None]))
    texts = store.read_labels("hotels", BATCH)["label"]
    assert texts.iloc[0] == "1"
    assert texts.isna().tolist() == [False, True]


def test_an_arrival_without_rows_changes_nothing(store):
    store.write_labels("flights", BATCH, FIRST, [], [])
    store.write_labels("flights", BATCH, SECOND, ["a"], ["1"])
    assert store.read_labels("flights", BATCH)["label"].tolist() == ["1"]


def test_as_many_labels_as_ids(store):
    with pytest.raises(ValueError, match="length"):
        store.write_labels("flights", BATCH, FIRST, ["a"], ["1", "0"])


def test_a_damaged_file_is_said_to_be_damaged(folder, tmp_path):
    folder.write("flights", BATCH, 1, some(0.5))
    (file,) = tmp_path.rglob("*.parquet")
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(IntegrityError, match="not what was written") as caught:
        folder.read("flights", BATCH, 1)
    assert str(file) in caught.value.observed
    assert "restore" in caught.value.next_step


def test_a_root_that_cannot_be_written_is_out_of_reach(tmp_path):
    (tmp_path / "file").touch()
    store = PredictionStore(str(tmp_path / "file"))
    with pytest.raises(OutOfReachError, match="INCUMBENT_PREDICTIONS") as caught:
        store.write("flights", BATCH, 1, some(0.5))
    assert str(tmp_path / "file") in caught.value.observed


def test_an_unknown_protocol_is_wrong_usage():
    with pytest.raises(UsageError, match="nowhere"):
        PredictionStore("nowhere://bucket")
