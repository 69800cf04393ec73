import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from incumbent.digest import file_digest, folder_digest, table_digest, text_digest

NUMBERS = st.none() | st.floats(allow_nan=False)
TEXTS = st.none() | st.text(st.characters(codec="utf-8"), max_size=5)
ROWS = st.lists(st.tuples(NUMBERS, TEXTS), max_size=8)


def table(rows):
    return pd.DataFrame(
        {
            "x": pd.Series([x for x, _ in rows], dtype="float64"),
            "s": pd.Series([s for _, s in rows], dtype="str"),
        }
    )


@given(ROWS)
def test_the_same_values_have_the_same_digest(rows):
    assert table_digest(table(rows)) == table_digest(table(rows))
    assert len(table_digest(table(rows))) == 64


@given(ROWS)
def test_column_order_does_not_count(rows):
    assert table_digest(table(rows)) == table_digest(table(rows)[["s", "x"]])


@given(ROWS, st.randoms(use_true_random=False))
def test_row_order_counts(rows, random):
    shuffled = random.sample(rows, len(rows))
    assume(repr(shuffled) != repr(rows))
    assert table_digest(table(shuffled)) != table_digest(table(rows))


@given(ROWS, ROWS)
def test_other_rows_have_another_digest(rows, others):
    assume(repr(rows) != repr(others))
    assert table_digest(table(rows)) != table_digest(table(others))


@given(ROWS, st.integers(0, 8))
def test_neither_index_nor_chunks_count(rows, cut):
    whole = table(rows)
    pieces = pd.concat([whole.iloc[:cut], whole.iloc[cut:]])
    relabelled = whole.set_axis(range(10, 10 + len(whole)), axis=0)
    assert table_digest(pieces) == table_digest(relabelled) == table_digest(whole)


@given(ROWS, st.integers(0, 8))
def test_a_slice_has_the_digest_of_its_rows_alone(rows, cut):
    assert table_digest(table(rows).iloc[cut:]) == table_digest(table(rows[cut:]))


@given(st.integers(0, 7), st.integers(0, 7))
def test_the_place_of_a_null_counts(first, second):
    assume(first != second)
    for values in (np.zeros(8), np.array([""] * 8, dtype=object)):
        one, other = pd.Series(values), pd.Series(values)
        one[first], other[second] = None, None
        assert table_digest(one.to_frame("x")) != table_digest(other.to_frame("x"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"s": ["ab", "c"]}, {"s": ["a", "bc"]}),
        ({"s": ["ab", ""]}, {"s": ["", "ab"]}),
        ({"s": ["", None]}, {"s": [None, ""]}),
        ({"s": ["nan"]}, {"s": [None]}),
        ({"x": [0.0, None]}, {"x": [None, 0.0]}),
        ({"x": [1.0]}, {"x": ["1.0"]}),
        ({"x": [0.0] * 8}, {"x": [0.0] * 9}),
        ({"x": [1.0]}, {"y": [1.0]}),
        ({"ab": ["c"]}, {"a": ["bc"]}),
        ({"a": ["x"], "b": ["y"]}, {"a": ["y"], "b": ["x"]}),
    ],
)
def test_tables_that_must_not_be_taken_for_one_another(one, other):
    assert table_digest(pd.DataFrame(one)) != table_digest(pd.DataFrame(other))


def test_times_are_told_apart_to_the_microsecond():
    noon = pd.Timestamp("2013-04-16 12:00", tz="UTC")
    times = [noon, noon + pd.Timedelta(microseconds=1), pd.NaT]
    digests = {table_digest(pd.DataFrame({"at": [t]}, dtype="datetime64[us, UTC]")) for t in times}
    assert len(digests) == 3


def test_text_is_text_however_it_is_stored():
    texts = pd.DataFrame({"s": ["a", None, "é"]})
    assert table_digest(texts.astype(object)) == table_digest(texts)
    assert table_digest(texts.astype("category")) == table_digest(texts)


def test_a_file_is_known_by_the_sha_256_of_its_bytes(tmp_path):
    (tmp_path / "batch").write_bytes(b"truncated")
    assert file_digest(tmp_path / "batch") == hashlib.sha256(b"truncated").hexdigest()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "model" / "deep").mkdir(parents=True)
    (tmp_path / "model" / "a").write_text("1")
    (tmp_path / "model" / "deep" / "b").write_text("2")
    return tmp_path / "model"


def test_a_folder_is_known_wherever_it_lies(folder):
    before = folder_digest(folder)
    assert folder_digest(folder.rename(folder.with_name("moved"))) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a").write_text("3"),
        lambda folder: (folder / "a").rename(folder / "c"),
        lambda folder: (folder / "deep" / "b").rename(folder / "b"),
        lambda folder: (folder / "deep" / "b").unlink(),
        lambda folder: (folder / "new").touch(),
    ],
)
def test_any_change_below_a_folder_counts(folder, change):
    before = folder_digest(folder)
    change(folder)
    assert folder_digest(folder) != before


@given(
    st.lists(st.text(st.characters(codec="utf-8"))), st.lists(st.text(st.characters(codec="utf-8")))
)
def test_no_two_lists_of_texts_are_one(parts, others):
    assert (text_digest(parts) == text_digest(others)) == (parts == others)
