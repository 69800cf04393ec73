import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from incumbent.distance import distances, p_value
from incumbent.intake import CATEGORICAL, NUMERIC
from incumbent.profile import (
    CATEGORIES,
    CELLS,
    FEWEST_BLOCKS,
    cell_counts,
    count,
    merge,
    null_quantiles,
    profile,
)

KINDS = {"x": NUMERIC, "c": CATEGORICAL}
values = st.one_of(st.floats(), st.sampled_from([0.0, 1.0, 2.0]))
rows = st.lists(st.tuples(values, st.sampled_from(["a", "b", "z", None])), max_size=40)
REFERENCE = pd.DataFrame(
    {"x": [0.0, 1.0, 1.0, 2.0, np.nan], "c": pd.Series(["a", "a", "b", None, "c"], dtype="str")}
)
CELLS_OF_REFERENCE = profile(REFERENCE, KINDS, None)


def table(pairs):
    x = np.array([p[0] for p in pairs], dtype=np.float64)
    return pd.DataFrame({"x": x, "c": pd.Series([p[1] for p in pairs], dtype="str")})


def test_counts_of_cells_closed_at_the_right():
    column = CELLS_OF_REFERENCE.columns["x"]
    assert column.edges == (0.0, 1.0, 2.0)
    assert column.counts == (1, 2, 1, 0)
    assert (column.rows, column.nulls) == (5, 1)


def test_counts_of_categories_with_a_last_cell_for_others():
    column = CELLS_OF_REFERENCE.columns["c"]
    assert column.categories == ("a", "b", "c")
    assert column.counts == (2, 1, 1, 0)
    assert column.nulls == 1


@pytest.mark.parametrize(
    ("value", "cell"),
    [(-np.inf, 0), (0.0, 0), (-0.0, 0), (0.5, 1), (1.0, 1), (2.0, 2), (2.1, 3), (np.inf, 3)],
)
def test_cell_of_a_number(value, cell):
    found = count(pd.DataFrame({"x": [value], "c": ["a"]}), CELLS_OF_REFERENCE).columns["x"]
    assert found.counts[cell] == sum(found.counts) == 1


@pytest.mark.parametrize(("value", "cell"), [("a", 0), ("c", 2), ("new", 3), ("", 3)])
def test_cell_of_a_category(value, cell):
    found = count(pd.DataFrame({"x": [1.0], "c": [value]}), CELLS_OF_REFERENCE).columns["c"]
    assert found.counts[cell] == sum(found.counts) == 1


@given(rows)
def test_every_row_is_counted_once(pairs):
    for column in count(table(pairs), CELLS_OF_REFERENCE).columns.values():
        assert sum(column.counts) + column.nulls == column.rows == len(pairs)


@given(rows, st.lists(st.integers(0, 2), min_size=40, max_size=40))
def test_profiles_of_any_parts_merge_to_the_whole(pairs, part):
    frame, part = table(pairs), np.array(part[: len(pairs)], dtype=int)
    first, second, third = (count(frame[part == k], CELLS_OF_REFERENCE) for k in range(3))
    whole = count(frame, CELLS_OF_REFERENCE)
    assert merge(merge(first, second), third) == whole
    assert merge(first, merge(second, third)) == whole
    assert merge(merge(third, first), second) == whole


@given(rows)
def test_nothing_is_neutral(pairs):
    frame = table(pairs)
    whole = count(frame, CELLS_OF_REFERENCE)
    assert merge(whole, count(frame.iloc[:0], CELLS_OF_REFERENCE)) == whole


@given(rows, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(pairs, random):
    shuffled = list(pairs)
    random.shuffle(shuffled)
    assert profile(table(pairs), KINDS, None) == profile(table(shuffled), KINDS, None)


def test_order_of_rows_does_not_choose_among_categories_as_common():
    names = [f"k{i:05}" for i in range(CATEGORIES + 50)]
    here = profile(pd.DataFrame({"c": names}), {"c": CATEGORICAL}, None)
    there = profile(pd.DataFrame({"c": names[::-1]}), {"c": CATEGORICAL}, None)
    assert here == there
    assert here.columns["c"].categories == tuple(names[:CATEGORIES])
    assert here.columns["c"].counts[-1] == 50


def test_the_most_common_categories_have_cells():
    names = [f"k{i:05}" for i in range(CATEGORIES)] + ["often"] * 2
    found = profile(pd.DataFrame({"c": names}), {"c": CATEGORICAL}, None).columns["c"]
    assert "often" in found.categories
    assert len(found.categories) == CATEGORIES
    assert found.counts[-1] == 1


def test_other_columns_or_cells_cannot_be_merged():
    other = profile(REFERENCE.assign(x=7.0), KINDS, None)
    with pytest.raises(ValueError, match="different cells"):
        merge(CELLS_OF_REFERENCE, other)
    with pytest.raises(ValueError, match="different columns"):
        merge(CELLS_OF_REFERENCE, profile(REFERENCE, {"x": NUMERIC}, None))


@pytest.mark.parametrize(
    ("column", "edges", "counts", "nulls"),
    [
        ([], (), (0,), 0),
        ([3.0], (3.0,), (1, 0), 0),
        ([3.0, 3.0], (3.0,), (2, 0), 0),
        ([np.nan, np.nan], (), (0,), 2),
        ([np.inf, -np.inf], (), (2,), 0),
        ([-np.inf, 1.0, np.inf], (1.0,), (2, 1), 0),
        ([-1e308, 1e308], (-1e308, 1e308), (1, 1, 0), 0),
    ],
)
def test_unusual_columns_of_numbers(column, edges, counts, nulls):
    frame = pd.DataFrame({"x": np.array(column, dtype=float)})
    found = profile(frame, {"x": NUMERIC}, None).columns["x"]
    assert (found.edges, found.counts, found.nulls) == (edges, counts, nulls)


@pytest.mark.parametrize(
    ("column", "categories", "counts", "nulls"),
    [([], (), (0,), 0), ([None, None], (), (0,), 2), (["a"], ("a",), (1, 0), 0)],
)
def test_unusual_columns_of_categories(column, categories, counts, nulls):
    frame = pd.DataFrame({"c": pd.Series(column, dtype="str")})
    found = profile(frame, {"c": CATEGORICAL}, None).columns["c"]
    assert (found.categories, found.counts, found.nulls) == (categories, counts, nulls)


def test_a_batch_of_values_where_the_reference_had_none():
    reference = profile(pd.DataFrame({"x": [np.nan] * 4}), {"x": NUMERIC}, None)
    batch = count(pd.DataFrame({"x": [1.0, 2.0]}), reference)
    pair = cell_counts(batch.columns["x"]), cell_counts(reference.columns["x"])
    assert distances(*pair, NUMERIC) == 1.0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_distance_on_cells_is_near_that_of_raw_values(seed, shift):
    random = np.random.default_rng(seed)
    a, b = random.normal(size=20_000), random.normal(shift, 1.1, 5_000)
    reference = profile(pd.DataFrame({"x": a}), {"x": NUMERIC}, None)
    batch = count(pd.DataFrame({"x": b}), reference)
    pair = cell_counts(batch.columns["x"]), cell_counts(reference.columns["x"])
    exact = ks_2samp(b, a, method="asymp")
    largest = max((counts / counts.sum()).max() for counts in pair)
    distance = float(distances(*pair, NUMERIC))
    assert exact.statistic - largest <= distance <= exact.statistic + 1e-12
    assert p_value(*pair, NUMERIC) >= exact.pvalue - 1e-12


def test_a_long_column_has_at_most_so_many_cells():
    x = np.random.default_rng(0).normal(size=50_000)
    column = profile(pd.DataFrame({"x": x}), {"x": NUMERIC}, None).columns["x"]
    assert len(column.counts) <= CELLS + 2
    assert column.edges[0] == x.min()
    assert column.edges[-1] == x.max()


def test_null_of_a_column_by_hand():
    # Days of one row each: 0, 0, 0, 1. Lengths 1 and 2. One day against the rest:
    # |0 - 1/3| three times and |1 - 0|; two days: 1/2 (0,0 | 0,1) twice, and for the middle 1/2.
    frame = pd.DataFrame({"x": [0.0, 0.0, 0.0, 1.0]})
    found = profile(frame, {"x": NUMERIC}, np.array([10, 11, 15, 20])).null
    one, two = found["x"]
    assert (one.blocks, two.blocks) == (1, 2)
    # numpy.quantile([1/3, 1/3, 1/3, 1], 0.95)
    assert one.distance == pytest.approx(0.9)
    assert two.distance == pytest.approx(0.5)
    assert found[""] == found["x"]


@pytest.mark.parametrize(("days", "known"), [(FEWEST_BLOCKS - 1, False), (FEWEST_BLOCKS, True)])
def test_too_few_days_say_nothing_of_what_is_normal(days, known):
    blocks = np.arange(days)
    found = profile(pd.DataFrame({"x": np.arange(days) * 1.0}), {"x": NUMERIC}, blocks)
    assert bool(found.null) is known
    assert found.blocks == days


def test_no_rows_have_no_null():
    empty = pd.DataFrame({"x": np.array([])})
    assert null_quantiles(empty, profile(empty, {"x": NUMERIC}, None), np.array([], int)) == {}


def test_null_does_not_depend_on_the_order_of_rows_nor_on_the_names_of_days():
    random = np.random.default_rng(3)
    frame = pd.DataFrame({"x": random.normal(size=200), "c": random.choice(list("ab"), 200)})
    days = np.repeat(np.arange(20), 10)
    order = random.permutation(200)
    here = profile(frame, KINDS, days)
    assert profile(frame.iloc[order], KINDS, days[order]) == here
    assert profile(frame, KINDS, days * 7 + 100) == here


def test_days_that_differ_widen_the_null():
    random = np.random.default_rng(4)
    days = np.repeat(np.arange(30), 50)
    steady = random.normal(size=1_500)
    moving = steady + random.normal(size=30)[days]
    nulls = [
        profile(pd.DataFrame({"x": x}), {"x": NUMERIC}, days).null["x"][0].distance
        for x in (steady, moving)
    ]
    assert nulls[0] < 0.25
    assert nulls[1] > 0.5
