import numpy as np
import pandas as pd
import pytest

from incumbent.data.kinds import CATEGORICAL, NUMERIC
from incumbent.data.profile import profile
from incumbent.data.profile.windows import (
    FEWEST_BLOCKS,
    at_length,
    blocks_in,
    lengths_of,
    whole_blocks,
)
from incumbent.records import Windows

KINDS = {"x": NUMERIC, "c": CATEGORICAL}


@pytest.mark.parametrize(
    ("blocks", "lengths"),
    [
        (0, ()),
        (3, ()),
        (4, (1,)),
        (8, (1, 2)),
        (31, (1, 2, 3, 4, 5, 6, 7)),
        (40, (*range(1, 9), 10)),
    ],
)
def test_the_longest_stretch_is_a_quarter_of_the_reference(blocks, lengths):
    assert lengths_of(blocks) == lengths


def test_null_of_a_column_by_hand():
    # Days of one row each: 0, 0, 0, 1. One day against the rest: |0 - 1/3| three times, |1 - 0|.
    frame = pd.DataFrame({"x": [0.0, 0.0, 0.0, 1.0]})
    found = profile(frame, {"x": NUMERIC}, np.array([10, 11, 15, 20])).null
    (only,) = found["x"]
    assert only.blocks == 1
    # numpy.quantile([1/3, 1/3, 1/3, 1], 0.95)
    assert only.distance == pytest.approx(0.9)
    assert found[""] == found["x"]


@pytest.mark.parametrize(("days", "known"), [(FEWEST_BLOCKS - 1, False), (FEWEST_BLOCKS, True)])
def test_too_few_days_say_nothing_of_what_is_normal(days, known):
    blocks = np.arange(days)
    found = profile(pd.DataFrame({"x": np.arange(days) * 1.0}), {"x": NUMERIC}, blocks)
    assert bool(found.null) is known
    assert found.blocks == days


def test_null_does_not_depend_on_the_order_of_rows_nor_on_the_names_of_days():
    random = np.random.default_rng(3)
    frame = pd.DataFrame({"x": random.normal(size=200), "c": random.choice(list("ab"), 200)})
    days = np.repeat(np.arange(20), 10)
    order = random.permutation(200)
    here = profile(frame, KINDS, days)
    assert profile(frame.iloc[order], KINDS, days[order]).null == here.null
    assert profile(frame, KINDS, days * 7 + 100) == here


@pytest.mark.parametrize("kind", [NUMERIC, CATEGORICAL])
def test_rows_without_common_days_are_not_correlated(kind):
    random = np.random.default_rng(4)
    x = random.normal(size=3_000).round(1)
    frame = pd.DataFrame({"x": x if kind == NUMERIC else pd.Series(x).astype(str)})
    null = profile(frame, {"x": kind}, np.repeat(np.arange(60), 50)).null["x"]
    assert max(k.correlation for k in null) < 0.01


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_correlation_of_rows_that_share_a_day_is_near_the_true_one(share):
    """Of the events below each cut: sum of P(both) - p^2, over sum of p (1 - p)."""
    random = np.random.default_rng(4)
    days = np.repeat(np.arange(400), 20)
    x = share**0.5 * random.normal(size=400)[days] + (1 - share) ** 0.5 * random.normal(size=8_000)
    found = profile(pd.DataFrame({"x": x}), {"x": NUMERIC}, days).null["x"][0].correlation
    cuts = np.quantile(x, np.linspace(0.01, 0.99, 99))
    below = x[:, None] <= cuts
    p = below.mean(axis=0)
    sums = below.reshape(400, 20, -1).sum(axis=1)
    both = ((sums * (sums - 1)) / (20 * 19)).mean(axis=0)
    assert found == pytest.approx((both - p**2).sum() / (p * (1 - p)).sum(), abs=0.04)


def test_days_that_differ_widen_the_null():
    random = np.random.default_rng(4)
    days = np.repeat(np.arange(30), 50)
    steady = random.normal(size=1_500)
    moving = steady + random.normal(size=30)[days]
    calm, stormy = (
        profile(pd.DataFrame({"x": x}), {"x": NUMERIC}, days).null["x"][0] for x in (steady, moving)
    )
    assert calm.distance < stormy.distance / 2
    assert calm.correlation < stormy.correlation / 10


@pytest.mark.parametrize(
    ("blocks", "distance", "correlation"),
    [(0, 0.5, 0.2), (1, 0.5, 0.2), (2, 0.4, 0.15), (3, 0.3, 0.1)],
)
def test_lengths_in_between_are_interpolated(blocks, distance, correlation):
    known = (Windows(1, 0.5, 0.2), Windows(3, 0.3, 0.1))
    found = at_length(known, blocks, 12)
    assert (found.distance, found.correlation) == pytest.approx((distance, correlation))


def test_beyond_the_longest_stretch_blocks_count_as_independent():
    found = at_length((Windows(3, 0.3, 0.1),), 6, 12)
    assert found.correlation == pytest.approx(0.05)
    # 0.3 * sqrt((1/6 + 1/12) / (1/3 + 1/9))
    assert found.distance == pytest.approx(0.225)
    assert at_length((), 6, 12) is None


@pytest.mark.parametrize(
    ("rows", "places"),
    [
        ([], []),
        ([1], [0]),
        ([100, 100, 50], [0, 1, 2]),
        ([100, 100, 49], [0, 1, 1]),
        ([49, 100, 100], [0, 0, 1]),
        ([1, 100, 100, 100, 1], [0, 0, 1, 2, 2]),
        ([100, 1, 100], [0, 1, 2]),
        ([100, 10], [0, 0]),
        ([10, 100], [0, 0]),
    ],
)
def test_a_short_first_or_last_block_joins_its_neighbour(rows, places):
    assert whole_blocks(np.array(rows, dtype=np.int64)).tolist() == places
    days = np.repeat(np.arange(len(rows)), rows)
    assert blocks_in(days) == (places[-1] + 1 if places else 0)


def days_of_two_halves(evening):
    """12 days of a low morning and a high evening, and so many rows of one evening more."""
    x = np.concatenate([np.tile(np.repeat([0.0, 3.0], 25), 12), np.full(evening, 3.0)])
    x += np.random.default_rng(5).normal(size=len(x))
    days = np.append(np.repeat(np.arange(12), 50), np.full(evening, 12))
    return profile(pd.DataFrame({"x": x}), {"x": NUMERIC}, days)


def test_an_evening_that_is_left_over_is_no_day_of_the_null():
    whole, joined, counted = (days_of_two_halves(rows) for rows in (0, 10, 25))
    assert [p.blocks for p in (whole, joined, counted)] == [12, 12, 13]
    day, with_ten_rows, half_a_day = (p.null["x"][0] for p in (whole, joined, counted))
    assert with_ten_rows.distance < 1.2 * day.distance
    assert half_a_day.distance > 1.5 * day.distance
