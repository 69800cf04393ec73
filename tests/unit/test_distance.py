import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import chebyshev, cityblock, jensenshannon
from scipy.special import rel_entr
from scipy.stats import ks_2samp, wasserstein_distance

from incumbent.data.kinds import CATEGORICAL, NUMERIC
from incumbent.data.profile import bin_counts
from incumbent.data.profile.bins import BINS, cuts_of
from incumbent.data.profile.counting import empty, of_numbers
from incumbent.monitoring.drift.column import Sides, measures
from incumbent.statistics.distance import (
    PSI_SMOOTHING,
    area_between,
    binned,
    certified,
    distances,
    jensen_shannon,
    largest_change,
    stability_index,
    steps,
)

kinds = st.sampled_from([NUMERIC, CATEGORICAL])
count = st.integers(0, 10_000)


@st.composite
def two_samples(draw):
    bins = draw(st.integers(2, 8))
    sides = [draw(st.lists(count, min_size=bins, max_size=bins).filter(any)) for _ in range(2)]
    return tuple(np.array(side, dtype=np.float64) for side in sides)


def two_columns(batch, reference):
    bins = empty(NUMERIC, cuts_of(reference), ())
    return of_numbers(batch, bins), of_numbers(reference, bins)


@given(two_samples(), kinds)
def test_distance_is_in_the_unit_interval_symmetric_and_zero_on_itself(samples, kind):
    a, b = samples
    assert 0 <= distances(a, b, kind) <= 1
    assert distances(a, b, kind) == distances(b, a, kind)
    assert distances(a, a, kind) == 0


@given(two_samples(), kinds)
def test_size_of_the_sample_does_not_move_the_distance(samples, kind):
    a, b = samples
    assert distances(4 * a, b, kind) == pytest.approx(distances(a, b, kind), abs=1e-12)


@given(two_samples())
def test_total_variation_is_at_least_kolmogorov_smirnov(samples):
    assert distances(*samples, CATEGORICAL) >= distances(*samples, NUMERIC) - 1e-12


def test_distances_of_many_at_once():
    batches = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]])
    reference = np.array([1.0, 0, 0])
    assert distances(batches, reference, NUMERIC).tolist() == [0, 1, 1]


@pytest.mark.parametrize("kind", [NUMERIC, CATEGORICAL])
def test_no_rows_have_no_distance(kind):
    none, some = np.zeros(4), np.array([1.0, 2, 3, 0])
    assert np.isnan(distances(none, some, kind))
    assert np.isnan(distances(some, none, kind))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shift", [0.0, 0.3])
@pytest.mark.parametrize("decimals", [1, 2, 16])
def test_the_error_of_binning_is_certified_and_no_more_than_a_cell_holds(seed, shift, decimals):
    random = np.random.default_rng(seed)
    reference = random.normal(size=20_000).round(decimals)
    batch = random.normal(shift, 1.1, 5_000).round(decimals)
    columns = two_columns(batch, reference)
    pair = [bin_counts(c) for c in columns]
    exact = ks_2samp(batch, reference, method="asymp").statistic
    found, bound = certified(*(steps(counts) for counts in pair))
    assert found == pytest.approx(float(distances(*pair, NUMERIC)))
    assert found - 1e-12 <= exact <= found + bound + 1e-12
    assert bound <= max((c.counts[::2] / c.rows).max() for c in columns) + 1e-12
    assert (columns[1].counts[::2] / columns[1].rows).max() < 1 / BINS


def test_kolmogorov_smirnov_of_few_distinct_values_is_exact():
    random = np.random.default_rng(5)
    batch, reference = random.poisson(21, 800) * 1.0, random.poisson(20, 1_200) * 1.0
    pair = [bin_counts(c) for c in two_columns(batch, reference)]
    expected = ks_2samp(batch, reference, method="asymp").statistic
    assert distances(*pair, NUMERIC) == pytest.approx(expected, abs=1e-12)


def test_stability_index_and_shares_are_those_of_scipy():
    batch, reference = np.array([12.0, 30, 58, 7]), np.array([40.0, 25, 30, 12])
    p, q = (batch + 0.5) / (batch + 0.5).sum(), (reference + 0.5) / (reference + 0.5).sum()
    # sum(scipy.special.rel_entr(p, q)) + sum(scipy.special.rel_entr(q, p))
    entropy = rel_entr(p, q).sum() + rel_entr(q, p).sum()
    assert stability_index(batch, reference, 0.5) == pytest.approx(entropy, rel=1e-12)
    p, q = batch / batch.sum(), reference / reference.sum()
    # scipy.spatial.distance.cityblock(p, q) / 2, scipy.spatial.distance.chebyshev(p, q)
    total_variation = float(distances(batch, reference, "categorical"))
    assert total_variation == pytest.approx(cityblock(p, q) / 2, rel=1e-12)
    assert largest_change(batch, reference) == pytest.approx(chebyshev(p, q), rel=1e-12)


def test_stability_index_by_hand():
    # sum((p - q) * log(p / q)) for p = [.3, .7], q = [.5, .5]
    assert stability_index(np.array([30.0, 70]), np.array([50.0, 50]), 0) == pytest.approx(
        0.16945957207744072, rel=1e-12
    )
    # p = [10.5, .5] / 11, q = [.5, .5]: (p - q) is +-5/11, so 5 / 11 * log(10.5 / .5)
    found = stability_index(np.array([10.0, 0]), np.array([5.0, 5]), PSI_SMOOTHING)
    assert found == pytest.approx(1.3838738353288287, rel=1e-12)


@given(two_samples())
def test_divergences_are_symmetric_not_negative_and_zero_on_themselves(samples):
    a, b = samples
    for divergence in (stability_index, jensen_shannon, largest_change):
        assert divergence(a, b) >= 0
        assert divergence(a, b) == pytest.approx(divergence(b, a), abs=1e-9)
        assert divergence(a, a) == 0
    assert jensen_shannon(a, b) <= 1 + 1e-12
    assert largest_change(a, b) <= 1


@given(two_samples())
def test_jensen_shannon_is_that_of_scipy(samples):
    # scipy.spatial.distance.jensenshannon(a, b, base=2) ** 2
    expected = jensenshannon(*samples, base=2) ** 2
    assert jensen_shannon(*samples) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("shift", [0.0, 0.5, 10.0])
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_wasserstein_is_near_that_of_scipy_in_deviations_of_the_reference(shift, scale):
    random = np.random.default_rng(1)
    reference, batch = random.normal(5, 2, 20_000), random.normal(5 + shift, 2 * scale, 5_000)
    here, there = two_columns(batch, reference)
    found = measures(Sides(here, there, None, here.rows, there.rows))["wasserstein_sd"]
    expected = wasserstein_distance(batch, reference) / reference.std()
    assert found == pytest.approx(expected, abs=0.005)


def test_wasserstein_on_values_that_are_all_cuts_is_exact():
    batch, reference = np.array([0.0, 1, 4, 4, 9, -3]), np.array([0.0, 1, 2, 4, 4])
    here, there = two_columns(batch, reference)
    found = measures(Sides(here, there, None, 6, 5))["wasserstein_sd"]
    # scipy.stats.wasserstein_distance(batch, reference) / numpy.std(reference)
    assert found == pytest.approx(wasserstein_distance(batch, reference) / reference.std())


def test_area_between_curves_that_cross_is_that_of_two_triangles():
    # F - G goes from .5 to -.5 over a width of 1: two triangles of base 1/2 and height .5
    gap = np.array([0.0, 0.5, -0.5, 0.0, 0.0])
    assert area_between(gap, np.array([0.0, 1.0])) == pytest.approx(0.25)


def test_cells_are_joined_into_bins_of_like_mass_and_nulls_stay_apart():
    batch, reference = binned(np.append(np.ones(100), 7.0), np.append(np.full(100, 3.0), 1.0))
    assert reference.tolist() == [30.0] * 10 + [1.0]
    assert batch.tolist() == [10.0] * 10 + [7.0]
