import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, ks_2samp

from incumbent.distance import distances, p_value, q_values
from incumbent.intake import CATEGORICAL, NUMERIC

kinds = st.sampled_from([NUMERIC, CATEGORICAL])
count = st.integers(0, 10_000)


@st.composite
def two_samples(draw):
    cells = draw(st.integers(2, 8))
    sides = [draw(st.lists(count, min_size=cells, max_size=cells).filter(any)) for _ in range(2)]
    return tuple(np.array(side, dtype=np.float64) for side in sides)


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


@given(two_samples(), kinds)
def test_p_is_a_probability_symmetric_and_one_on_itself(samples, kind):
    a, b = samples
    assert 0 <= p_value(a, b, kind) <= 1
    assert p_value(a, b, kind) == pytest.approx(p_value(b, a, kind), abs=1e-9)
    assert p_value(a, a, kind) == pytest.approx(1.0)


def test_distances_of_many_at_once():
    batches = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]])
    reference = np.array([1.0, 0, 0])
    assert distances(batches, reference, NUMERIC).tolist() == [0, 1, 1]


@pytest.mark.parametrize("kind", [NUMERIC, CATEGORICAL])
def test_no_rows_have_no_distance_and_no_evidence(kind):
    none, some = np.zeros(3), np.array([1.0, 2, 3])
    assert np.isnan(distances(none, some, kind))
    assert np.isnan(distances(some, none, kind))
    assert p_value(none, some, kind) == 1.0
    assert p_value(some, none, kind) == 1.0


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.2])
def test_kolmogorov_smirnov_of_whole_numbers_is_that_of_scipy(shift):
    random = np.random.default_rng(5)
    a = random.poisson(20, 800)
    b = random.poisson(20 + 4 * shift, 1_200)
    cells = [np.bincount(v, minlength=80).astype(float) for v in (a, b)]
    # Cells of one value each lose nothing; scipy refines the p of n m / (n + m) = 480 rows.
    expected = ks_2samp(a, b, method="asymp")
    assert distances(*cells, NUMERIC) == pytest.approx(expected.statistic, abs=1e-12)
    assert p_value(*cells, NUMERIC) == pytest.approx(expected.pvalue, abs=0.03)
    assert p_value(*cells, NUMERIC) >= expected.pvalue - 1e-12


def test_chi_square_is_that_of_scipy():
    table = np.array([[30.0, 50, 20, 0], [100, 90, 110, 0]])
    # scipy.stats.chi2_contingency(table[:, :3]).pvalue
    expected = chi2_contingency(table[:, :3]).pvalue
    assert p_value(*table, CATEGORICAL) == pytest.approx(expected, rel=1e-12)


def test_rare_categories_are_pooled():
    table = np.array([[50.0, 45, 3, 2], [50, 47, 2, 1]])
    expected = chi2_contingency(np.array([[50.0, 50], [50, 50]])).pvalue
    assert p_value(*table, CATEGORICAL) == pytest.approx(expected)


def test_rare_categories_that_suffice_together_stand_alone():
    table = np.array([[50.0, 40, 6, 4], [60, 38, 1, 1]])
    # expected counts of the last two in the smaller sample: 3.5 and 2.5, together 6
    expected = chi2_contingency(np.array([[50.0, 40, 10], [60, 38, 2]]), correction=False).pvalue
    assert p_value(*table, CATEGORICAL) == pytest.approx(expected, rel=1e-12)


def test_a_single_row_of_a_new_category_proves_nothing():
    batch, reference = np.array([60.0, 39, 1]), np.array([60_000.0, 40_000, 0])
    assert p_value(batch, reference, CATEGORICAL) > 0.5


@pytest.mark.parametrize("batch", [[10, 0], [0, 1], [3, 1]])
def test_too_few_rows_for_two_cells_prove_nothing(batch):
    small = np.array(batch, dtype=float)
    reference = np.array([1_000.0, 0])
    assert p_value(small, reference, CATEGORICAL) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("categories", [3, 60])
def test_chi_square_keeps_its_level_on_two_samples(categories):
    random, shares = np.random.default_rng(0), np.full(categories, 1 / categories)
    fired = sum(
        p_value(random.multinomial(300, shares), random.multinomial(400, shares), CATEGORICAL)
        < 0.05
        for _ in range(2_000)
    )
    assert fired / 2_000 < 0.065


def test_q_values_are_those_of_benjamini_and_hochberg():
    # scipy.stats.false_discovery_control([0.005, 0.009, 0.05, 0.04, 0.9])
    found = q_values(np.array([0.005, 0.009, 0.05, 0.04, 0.9]))
    assert found.tolist() == pytest.approx([0.0225, 0.0225, 0.0625, 0.0625, 0.9])


def test_no_columns_have_no_q_values():
    assert q_values(np.array([])).tolist() == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_q_is_at_least_p_and_does_not_depend_on_the_order(p, random):
    order = list(range(len(p)))
    random.shuffle(order)
    values = np.array(p)
    q = q_values(values)
    assert (q >= values - 1e-12).all()
    assert (q <= 1).all()
    assert q_values(values[order]).tolist() == q[order].tolist()
