import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter
from scipy.stats import binom, t

from incumbent.statistics.intervals import (
    FEW_BLOCKS,
    JACKKNIFE_GROUPS,
    block_mean,
    block_ratio,
    borrow_noise,
    difference,
    jackknife,
    ratio_of_blocks,
    serial_mean,
    share_interval,
    share_noise,
)
from tests.unit.builders import an_estimate

numbers = st.floats(-1e6, 1e6)
rows = st.lists(st.tuples(numbers, st.integers(0, 6)), min_size=1, max_size=60)


def columns(pairs):
    return np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs], dtype=np.int64)


def test_rows_of_their_own_block_give_the_t_interval_of_a_mean():
    # scipy.stats.t.interval(0.90, 4, np.mean(v), scipy.stats.sem(v)), v = [2, 4, 4, 5, 10]
    found = block_mean(np.array([2.0, 4, 4, 5, 10]), np.arange(5), 0.95)
    assert found.value == 5.0
    assert found.low == pytest.approx(2.1398274009, abs=1e-9)
    assert found.high == pytest.approx(7.8601725991, abs=1e-9)
    assert (found.n, found.blocks) == (5, 5)


def test_blocks_of_one_size_are_as_their_means():
    random = np.random.default_rng(0)
    values, days = random.normal(size=60), np.repeat(np.arange(6), 10)
    by_row = block_mean(values, days, 0.9)
    by_day = block_mean(values.reshape(6, 10).mean(axis=1), np.arange(6), 0.9)
    assert by_row.low == pytest.approx(by_day.low, abs=1e-12)
    assert by_row.high == pytest.approx(by_day.high, abs=1e-12)
    assert by_row.n == 60


def test_ratio_is_of_the_sums_and_its_error_is_linearised():
    # by hand: r = 6/12; e = (1 - 2, 5 - 4) = (-1, 1); se = sqrt(2/1 * 2) / 12
    found = ratio_of_blocks(np.array([1.0, 5.0]), np.array([4.0, 8.0]), 12, 0.95)
    assert found.value == 0.5
    assert found.standard_error == pytest.approx(2 / 12)


def test_one_block_has_a_value_and_no_interval():
    found = block_mean(np.array([1.0, 3.0]), np.array([7, 7]), 0.95)
    assert (found.value, found.low, found.high, found.standard_error) == (2.0, None, None, None)
    assert found.blocks == 1


def test_nothing_has_no_value():
    found = block_mean(np.array([]), np.array([], dtype=np.int64), 0.95)
    assert math.isnan(found.value)
    assert (found.low, found.high, found.n, found.blocks) == (None, None, 0, 0)


def test_nothing_in_the_denominator_has_no_value():
    found = block_ratio(np.zeros(4), np.zeros(4), np.arange(4), 0.95)
    assert math.isnan(found.value)
    assert found.low is None


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_has_no_interval(bad):
    found = block_mean(np.array([1.0, bad, 2.0]), np.arange(3), 0.95)
    assert not math.isfinite(found.value)
    assert (found.low, found.high) == (None, None)


def test_huge_values_have_no_warning():
    found = block_mean(np.array([1e200, -1e200, 3e200]), np.arange(3), 0.95)
    assert found.value == pytest.approx(1e200)


@given(rows, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(pairs, random):
    values, days = columns(pairs)
    order = list(range(len(values)))
    random.shuffle(order)
    here, there = block_mean(values, days, 0.95), block_mean(values[order], days[order], 0.95)
    assert here.value == pytest.approx(there.value, abs=1e-6)
    assert here.blocks == there.blocks
    if here.low is not None:
        assert here.low == pytest.approx(there.low, abs=1e-5)


@given(rows)
def test_the_interval_holds_the_value_and_widens_with_confidence(pairs):
    values, days = columns(pairs)
    narrow, wide = block_mean(values, days, 0.8), block_mean(values, days, 0.99)
    if narrow.low is not None:
        assert wide.low <= narrow.low <= narrow.value <= narrow.high <= wide.high


def test_difference_of_independent_samples():
    new = an_estimate(3.0, standard_error=0.3, blocks=12, n=50)
    old = an_estimate(1.0, standard_error=0.4, blocks=5)
    # scipy.stats.t.ppf(0.95, 4) * 0.5
    found = difference(new, old, 0.95)
    assert found.value == 2.0
    assert found.standard_error == pytest.approx(0.5)
    assert found.low == pytest.approx(2 - 1.0659233930, abs=1e-9)
    assert (found.n, found.blocks) == (50, 5)


@pytest.mark.parametrize("sides", [(None, 0.1), (0.1, None), (None, None)])
def test_difference_with_unknown_noise_has_no_interval(sides):
    new, old = (an_estimate(1.0, standard_error=s) for s in sides)
    found = difference(new, old, 0.95)
    assert (found.value, found.low, found.high) == (0.0, None, None)


def test_a_mean_of_few_blocks_takes_the_noise_that_another_has_seen():
    known = an_estimate(9.0, standard_error=0.1, blocks=16)
    found = borrow_noise(an_estimate(1.0, standard_error=None, blocks=4, n=50), known, 0.95)
    # a block has the noise .1 sqrt(16) = .4, four have .2; scipy.stats.t.ppf(0.95, 15) = 1.7530504
    assert (found.value, found.n) == (1.0, 50)
    assert found.standard_error == pytest.approx(0.2)
    assert found.low == pytest.approx(1 - 0.35061007, abs=1e-7)
    assert found.high == pytest.approx(1 + 0.35061007, abs=1e-7)


@pytest.mark.parametrize("own", [None, 0.0, 0.01])
@pytest.mark.parametrize("blocks", [1, 2, FEW_BLOCKS - 1])
def test_below_five_blocks_noise_is_borrowed(blocks, own):
    known = an_estimate(standard_error=0.1, blocks=25)
    found = borrow_noise(an_estimate(1.0, standard_error=own, blocks=blocks), known, 0.95)
    assert found.standard_error == pytest.approx(0.5 / math.sqrt(blocks))


@pytest.mark.parametrize("own", [None, 0.0, 9.0])
@pytest.mark.parametrize("blocks", [0, FEW_BLOCKS, FEW_BLOCKS + 1, 40])
def test_five_blocks_speak_for_themselves_and_none_for_nothing(blocks, own):
    known = an_estimate(standard_error=0.1, blocks=25)
    estimate = an_estimate(1.0, 0.9, 1.1, standard_error=own, blocks=blocks)
    assert borrow_noise(estimate, known, 0.95) is estimate


@pytest.mark.parametrize("blocks", [1, 4, 5])
def test_what_the_other_does_not_know_cannot_be_borrowed(blocks):
    known = an_estimate(standard_error=None, blocks=1)
    estimate = an_estimate(1.0, 0.9, 1.1, standard_error=0.05, blocks=blocks)
    assert borrow_noise(estimate, known, 0.95) is estimate


def test_borrowing_never_hides_noise_that_was_seen():
    known = an_estimate(standard_error=0.1, blocks=16)
    estimate = an_estimate(1.0, standard_error=0.7, blocks=2)
    assert borrow_noise(estimate, known, 0.95).standard_error == 0.7


@pytest.mark.parametrize("own", [0.001, 0.2])
def test_shared_noise_is_the_greater_with_the_freedom_of_both(own):
    known = an_estimate(standard_error=0.1, blocks=36)  # a block has .6, nine have .2
    found = share_noise(an_estimate(1.0, standard_error=own, blocks=9), known, 0.95)
    assert found.standard_error == pytest.approx(0.2)
    assert found.low == pytest.approx(1 - 0.2 * t.ppf(0.95, 35 + 8))


def test_noise_that_many_blocks_could_not_tell_stays_unknown():
    known = an_estimate(standard_error=0.1, blocks=36)
    estimate = an_estimate(1.0, standard_error=None, blocks=FEW_BLOCKS)
    assert share_noise(estimate, known, 0.95) is estimate


def test_independent_blocks_are_as_sure_as_their_mean_but_for_few():
    values, blocks = np.random.default_rng(3).normal(size=10_000), np.arange(10_000)
    alone, serial = (mean(values, blocks, 0.95) for mean in (block_mean, serial_mean))
    # 22 lags, b = .0023: 1 + 1.33 b = 1.003, and the autocorrelations of noise beside it
    assert serial.value == alone.value
    assert 1.003 < serial.standard_error / alone.standard_error < 1.1


def test_blocks_like_their_neighbours_are_less_sure():
    """Bartlett weights 1/2 at lag 1 (four blocks are too few; of five, two lags: 2/3, 1/3)."""
    residual = np.array([1.0, 1.0, 0.0, -1.0, -1.0])
    # r1 = (1 + 0 + 0 + 1) / 4, r2 = (0 - 1 + 0) / 4; R = 1 + 2 (2/3 .5 - 1/3 .25) = 1.5
    alone, serial = (m(residual, np.arange(5), 0.95) for m in (block_mean, serial_mean))
    expected = math.sqrt(1.5) * (1 + 1.33 * 3 / 5)
    assert serial.standard_error / alone.standard_error == pytest.approx(expected)


@pytest.mark.parametrize(("correlation", "share"), [(0.0, 0.9), (0.5, 0.85), (0.7, 0.77)])
def test_the_interval_of_days_that_hang_together_covers_their_mean(correlation, share):
    """Of 90%, from 60 days; taken as independent: .90, .65 and .51 (2,000 seeds)."""
    covered, runs = 0, 400
    for seed in range(runs):
        shocks = np.random.default_rng(seed).normal(size=160)
        days = lfilter([1], [1, -correlation], shocks)[100:]
        found = serial_mean(days, np.arange(60), 0.95)
        covered += found.low <= 0 <= found.high
    assert covered >= binom.ppf(0.025, runs, share)


@pytest.mark.parametrize("days", [[], [2.0], [1.0, 2.0, 1.0, 2.0], [3.0] * 9])
def test_few_blocks_and_equal_ones_know_nothing_of_neighbours(days):
    values, blocks = np.array(days), np.arange(len(days))
    alone, serial = (mean(values, blocks, 0.95) for mean in (block_mean, serial_mean))
    np.testing.assert_equal(serial.standard_error, alone.standard_error)


def test_jackknife_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(1).normal(size=JACKKNIFE_GROUPS)
    found = jackknife(lambda kept: float(values[kept].mean()), np.arange(20), 0.95)
    # scipy.stats.sem(values): the jackknife of a mean is exact
    assert found.standard_error == pytest.approx(values.std(ddof=1) / math.sqrt(20), abs=1e-12)
    assert found.value == pytest.approx(values.mean())


def test_jackknife_takes_at_most_twenty_groups():
    values = np.arange(100.0)
    assert jackknife(lambda kept: float(values[kept].mean()), np.arange(100), 0.95).blocks == 20


@pytest.mark.parametrize("blocks", [[], [3, 3]])
def test_jackknife_below_two_blocks_has_no_interval(blocks):
    found = jackknife(lambda _: 1.0, np.array(blocks, dtype=np.int64), 0.95)
    assert (found.value, found.low, found.high) == (1.0, None, None)


def test_jackknife_of_what_a_group_alone_makes_known_has_no_interval():
    found = jackknife(lambda kept: 1.0 if kept[0] else math.nan, np.arange(5), 0.95)
    assert (found.value, found.low, found.high) == (1.0, None, None)


def coverage(noise_of_days, sizes, runs=1_500, seed=0):
    """Share of runs in which the lower bound stays below the true mean of zero."""
    random, below = np.random.default_rng(seed), 0
    for _ in range(runs):
        days = np.repeat(np.arange(len(sizes)), sizes)
        shared = noise_of_days * random.normal(size=len(sizes))
        values = random.normal(size=len(days)) + shared[days]
        below += block_mean(values, days, 0.95).low <= 0
    return below, runs


@pytest.mark.slow
@pytest.mark.parametrize("noise_of_days", [0.0, 1.0])
def test_coverage_is_what_it_says(noise_of_days):
    below, runs = coverage(noise_of_days, [40] * 15)
    low, high = binom.interval(0.999, runs, 0.95)
    assert low <= below <= high


@pytest.mark.slow
def test_coverage_of_uneven_days_loses_little():
    below, runs = coverage(1.0, [5, 10, 20, 40, 80, 160, 200, 100, 50, 25, 12, 60, 90, 130, 30])
    assert below / runs > 0.91


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17 (1998), table I, method 5
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_the_interval_of_a_share_is_that_of_clopper_and_pearson(hits, n, low, high):
    assert share_interval(hits, n, 0.975) == pytest.approx((low, high), abs=5e-5)
    assert share_interval(n - hits, n, 0.975) == pytest.approx((1 - high, 1 - low), abs=5e-5)


def test_without_rows_a_share_may_be_anything():
    assert share_interval(0, 0, 0.975) == (0.0, 1.0)
