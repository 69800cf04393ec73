import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incumbent.data.kinds import CATEGORICAL, NUMERIC
from incumbent.data.profile import bin_counts, count, grouped, kinds_in, merge, profile
from incumbent.data.profile.bins import BINS, CATEGORIES
from incumbent.data.profile.lookup import FEWEST_VALUES, Lookup
from incumbent.data.profile.spread import deviation, mean
from incumbent.records import Profile
from incumbent.statistics.distance import distances

KINDS = {"x": NUMERIC, "c": CATEGORICAL}
values = st.one_of(st.floats(), st.sampled_from([0.0, 1.0, 2.0]))
rows = st.lists(st.tuples(values, st.sampled_from(["a", "b", "z", None])), max_size=40)
REFERENCE = pd.DataFrame(
    {"x": [0.0, 1.0, 1.0, 2.0, np.nan], "c": pd.Series(["a", "a", "b", None, "c"], dtype="str")}
)
OF_REFERENCE = profile(REFERENCE, KINDS, None)


def table(pairs):
    x = np.array([p[0] for p in pairs], dtype=np.float64)
    return pd.DataFrame({"x": x, "c": pd.Series([p[1] for p in pairs], dtype="str")})


def counts_of(found):
    return {n: (c.rows, c.nulls, c.counts.tolist()) for n, c in found.columns.items()}


def sums_of(found):
    spread = found.columns["x"].spread
    return [spread.total, spread.squares, spread.below, spread.above]


def one(column, kind=NUMERIC):
    dtype = float if kind == NUMERIC else "str"
    return profile(pd.DataFrame({"x": pd.Series(column, dtype=dtype)}), {"x": kind}, None)


def test_intervals_and_points_take_turns():
    column = OF_REFERENCE.columns["x"]
    assert column.edges.tolist() == [0.0, 1.0, 2.0]
    assert column.counts.tolist() == [0, 1, 0, 2, 0, 1, 0]
    assert (column.rows, column.nulls) == (5, 1)


def test_categories_are_followed_by_others_and_unseen_ones():
    column = OF_REFERENCE.columns["c"]
    assert column.categories == ("a", "b", "c")
    assert column.counts.tolist() == [2, 1, 1, 0, 0]
    assert column.nulls == 1
    assert kinds_in(OF_REFERENCE) == KINDS


@pytest.mark.parametrize(
    ("value", "at"),
    [(-np.inf, 0), (0.0, 1), (-0.0, 1), (0.5, 2), (1.0, 3), (2.0, 5), (2.1, 6), (np.inf, 6)],
)
def test_bin_of_a_number(value, at):
    found = count(pd.DataFrame({"x": [value], "c": ["a"]}), OF_REFERENCE).columns["x"]
    assert found.counts[at] == found.counts.sum() == 1


@pytest.mark.parametrize(("value", "at"), [("a", 0), ("c", 2), ("new", 4), ("", 4)])
def test_bin_of_a_category(value, at):
    found = count(pd.DataFrame({"x": [1.0], "c": [value]}), OF_REFERENCE).columns["c"]
    assert found.counts[at] == found.counts.sum() == 1


SAMPLES = {
    "normal": lambda r, n: r.normal(size=n),
    "lognormal": lambda r, n: r.lognormal(sigma=2, size=n),
    "heavy": lambda r, n: r.standard_t(1, n),
    "counts": lambda r, n: r.poisson(3, n) * 1.0,
    "rounded": lambda r, n: r.normal(size=n).round(1),
    "zeros": lambda r, n: np.where(r.random(n) < 0.9, 0.0, r.exponential(size=n)),
    "huge": lambda r, n: r.normal(size=n) * 1e307,
    "tiny": lambda r, n: r.random(n) * 1e-310,
    "near": lambda r, n: 1e9 + r.random(n) * 1e-6,
}


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("other", SAMPLES)
def test_the_grid_counts_as_a_search_does(sample, other):
    random = np.random.default_rng(0)
    reference, batch = SAMPLES[sample](random, 8_000), SAMPLES[other](random, FEWEST_VALUES)
    cuts = profile(pd.DataFrame({"x": reference}), {"x": NUMERIC}, None).columns["x"].edges
    for found in (batch, np.concatenate([batch, cuts, -cuts, [np.inf, -np.inf, -0.0]])):
        expected = np.searchsorted(cuts, found, "left") + np.searchsorted(cuts, found, "right")
        assert Lookup(cuts, len(found)).bin_of(found).tolist() == expected.tolist()
        assert Lookup(cuts, len(found)).count(found).sum() == len(found)


@given(rows)
def test_every_row_is_counted_once(pairs):
    for column in count(table(pairs), OF_REFERENCE).columns.values():
        assert column.counts.sum() + column.nulls == column.rows == len(pairs)


@given(rows, st.lists(st.integers(0, 2), min_size=40, max_size=40))
def test_profiles_of_any_parts_merge_to_the_whole(pairs, part):
    frame, part = table(pairs), np.array(part[: len(pairs)], dtype=int)
    first, second, third = (count(frame[part == k], OF_REFERENCE) for k in range(3))
    whole = count(frame, OF_REFERENCE)
    for merged in (
        merge(merge(first, second), third),
        merge(first, merge(second, third)),
        merge(merge(third, first), second),
    ):
        assert counts_of(merged) == counts_of(whole)
        spread, expected = merged.columns["x"].spread, whole.columns["x"].spread
        assert (spread.lowest, spread.lowest_rows) == (expected.lowest, expected.lowest_rows)
        assert (spread.highest, spread.highest_rows) == (expected.highest, expected.highest_rows)
        assert (spread.finite, spread.infinite) == (expected.finite, expected.infinite)


@given(st.lists(st.floats(-1e6, 1e6), max_size=60), st.integers(0, 60))
def test_sums_of_parts_are_those_of_the_whole_to_rounding(x, cut):
    frame = pd.DataFrame({"x": np.array(x, dtype=float), "c": pd.Series(["a"] * len(x), dtype=str)})
    parts = count(frame.iloc[:cut], OF_REFERENCE), count(frame.iloc[cut:], OF_REFERENCE)
    whole = sums_of(count(frame, OF_REFERENCE))
    assert sums_of(merge(*parts)) == pytest.approx(whole, rel=1e-12, abs=1e-6)


@given(rows)
def test_nothing_is_neutral(pairs):
    frame = table(pairs)
    whole = count(frame, OF_REFERENCE)
    assert merge(whole, count(frame.iloc[:0], OF_REFERENCE)) == whole


@given(rows, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(pairs, random):
    shuffled = list(pairs)
    random.shuffle(shuffled)
    here, there = (profile(table(p), KINDS, None) for p in (pairs, shuffled))
    assert counts_of(here) == counts_of(there)
    assert here.columns["x"].edges.tolist() == there.columns["x"].edges.tolist()


def test_order_of_rows_does_not_choose_among_categories_as_common():
    names = [f"k{i:05}" for i in range(CATEGORIES + 50)]
    here, there = one(names, CATEGORICAL), one(names[::-1], CATEGORICAL)
    assert here == there
    assert here.columns["x"].categories == tuple(names[:CATEGORIES])
    assert here.columns["x"].counts[-2:].tolist() == [50, 0]


def test_what_is_rare_in_the_reference_cannot_be_told_from_what_is_new():
    reference = one([f"k{i:05}" for i in range(CATEGORIES)] + ["often"] * 2, CATEGORICAL)
    assert "often" in reference.columns["x"].categories
    batch = count(pd.DataFrame({"x": ["new", "often"]}), reference).columns["x"]
    assert batch.counts[-2:].tolist() == [1, 0]


def test_other_columns_or_bins_cannot_be_merged():
    other = profile(REFERENCE.assign(x=7.0), KINDS, None)
    with pytest.raises(ValueError, match="different bins"):
        merge(OF_REFERENCE, other)
    with pytest.raises(ValueError, match="different columns"):
        merge(OF_REFERENCE, profile(REFERENCE, {"x": NUMERIC}, None))


def test_profiles_of_the_same_counts_are_equal_and_others_are_not():
    column = OF_REFERENCE.columns["x"]
    assert column == profile(REFERENCE, KINDS, None).columns["x"]
    assert column != OF_REFERENCE.columns["c"]
    assert column != "x"


@pytest.mark.parametrize(
    ("column", "edges", "counts", "nulls"),
    [
        ([], [], [0], 0),
        ([3.0], [3.0], [0, 1, 0], 0),
        ([3.0, 3.0], [3.0], [0, 2, 0], 0),
        ([np.nan, np.nan], [], [0], 2),
        ([np.inf, -np.inf], [], [2], 0),
        ([-np.inf, 1.0, np.inf], [1.0], [1, 1, 1], 0),
        ([-1e308, 1e308], [-1e308, 1e308], [0, 1, 0, 1, 0], 0),
    ],
)
def test_unusual_columns_of_numbers(column, edges, counts, nulls):
    found = one(column).columns["x"]
    assert (found.edges.tolist(), found.counts.tolist(), found.nulls) == (edges, counts, nulls)
    for value in (mean(found), deviation(found)):
        assert value is None or np.isfinite(value)


@pytest.mark.parametrize(
    ("column", "categories", "counts", "nulls"),
    [([], (), [0, 0], 0), ([None, None], (), [0, 0], 2), (["a"], ("a",), [1, 0, 0], 0)],
)
def test_unusual_columns_of_categories(column, categories, counts, nulls):
    found = one(column, CATEGORICAL).columns["x"]
    assert (found.categories, found.counts.tolist(), found.nulls) == (categories, counts, nulls)


def test_a_batch_of_values_where_the_reference_had_none():
    reference = one([np.nan] * 4)
    batch = count(pd.DataFrame({"x": [1.0, 2.0]}), reference)
    pair = bin_counts(batch.columns["x"]), bin_counts(reference.columns["x"])
    assert distances(*pair, NUMERIC) == 1.0


@pytest.mark.parametrize("spread", [1.0, 100.0, 1e12])
@pytest.mark.parametrize("middle", [0.0, 1e9])
def test_mean_and_deviation_are_those_of_numpy(spread, middle):
    x = np.random.default_rng(0).normal(middle, spread, 5_000)
    found = one(x).columns["x"]
    assert mean(found) == pytest.approx(x.mean(), rel=1e-9, abs=1e-9 * spread)
    assert deviation(found) == pytest.approx(x.std(), rel=1e-9)


def test_extremes_come_with_the_rows_that_hold_them():
    spread = one([1.0, 2.0, 2.0, np.inf, np.nan]).columns["x"].spread
    assert (spread.finite, spread.infinite) == (3, 1)
    assert (spread.lowest, spread.lowest_rows, spread.highest, spread.highest_rows) == (1, 1, 2, 2)


def test_a_long_column_has_at_most_so_many_cuts_and_fine_tails():
    x = np.random.default_rng(0).normal(size=50_000)
    column = one(x).columns["x"]
    assert len(column.edges) <= BINS + 1 + 2 * 7
    assert (column.edges[0], column.edges[-1]) == (x.min(), x.max())
    assert column.counts[::2].max() < len(x) / BINS
    assert column.counts[:10].sum() <= 20  # the lowest values are all but cuts themselves


def test_a_value_that_many_rows_share_has_a_bin_of_its_own():
    x = np.random.default_rng(0).normal(size=50_000)
    x[:1_000] = 0.123
    column = one(x).columns["x"]
    at = int(np.searchsorted(column.edges, 0.123))
    assert column.edges[at] == 0.123
    assert column.counts[2 * at + 1] == 1_000


def test_days_are_places_in_time_and_too_many_share_one():
    assert grouped(np.array([7, 3, 7]))[:2] == (2, 1)
    assert grouped(np.array([7, 3, 7]))[2].tolist() == [1, 0, 1]
    blocks, shared, place = grouped(np.arange(3_000))
    assert (blocks, shared) == (3_000, 3)
    assert place.max() == 999


def test_blocks_are_known_and_rows_without_time_have_no_null():
    days = np.repeat(np.arange(8), 5)
    frame = pd.DataFrame({"x": np.arange(40.0), "c": ["a"] * 40})
    assert profile(frame, KINDS, days).blocks == 8
    assert profile(frame, KINDS, None) == Profile(40, 0, profile(frame, KINDS, None).columns)
    assert not profile(frame.iloc[:0], KINDS, days[:0]).null
