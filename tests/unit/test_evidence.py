import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, kstwobign, norm

from incumbent.statistics.evidence import (
    effective_rows,
    p_of_categories,
    p_of_order,
    p_of_share,
    p_of_unseen,
    q_values,
    quantile_of_categories,
    quantile_of_order,
)

counts = st.lists(st.integers(0, 10_000), min_size=4, max_size=4).map(np.float64)


@given(counts, counts)
def test_p_is_a_probability_symmetric_and_one_on_itself(a, b):
    for rest in (0, 2):
        assert 0 <= p_of_categories(a, b, rest) <= 1
        assert p_of_categories(a, b, rest) == pytest.approx(p_of_categories(b, a, rest), abs=1e-9)
        assert p_of_categories(a, a, rest) == pytest.approx(1.0)


@pytest.mark.parametrize(("n", "m"), [(50, 80), (500, 20_000), (10**6, 10**6)])
@pytest.mark.parametrize("distance", [0.0, 0.01, 0.2, 1.0])
def test_order_is_held_to_the_kolmogorov_distribution(n, m, distance):
    # scipy.stats.kstwobign.sf(sqrt(n m / (n + m)) d)
    expected = kstwobign.sf(np.sqrt(n * m / (n + m)) * distance)
    assert p_of_order(distance, n, m) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_chi_square_is_that_of_scipy():
    table = np.array([[30.0, 50, 20, 0], [100, 90, 110, 0]])
    expected = chi2_contingency(table[:, :3], correction=False).pvalue
    assert p_of_categories(*table) == pytest.approx(expected, rel=1e-12)


def test_rare_categories_are_pooled():
    table = np.array([[50.0, 45, 3, 2], [50, 47, 2, 1]])
    pooled = np.array([[50.0, 45, 5], [50, 47, 3]])  # expects 4 in either sample: not enough
    assert p_of_categories(*table) != pytest.approx(chi2_contingency(pooled).pvalue)
    expected = chi2_contingency(np.array([[50.0, 50], [50, 50]])).pvalue
    assert p_of_categories(*table) == pytest.approx(expected)


def test_rare_categories_that_suffice_together_stand_alone():
    table = np.array([[50.0, 40, 6, 4], [60, 38, 1, 1]])
    # expected counts of the last two in the smaller sample: 3.5 and 2.5, together 6
    expected = chi2_contingency(np.array([[50.0, 40, 10], [60, 38, 2]]), correction=False).pvalue
    assert p_of_categories(*table) == pytest.approx(expected, rel=1e-12)


def test_what_is_left_over_is_never_a_category():
    # 40 values of one row each in the reference; in the batch 40 others, which it had not seen.
    batch, reference = np.array([60.0, *[0] * 40, 40]), np.array([60.0, *[1] * 40, 0])
    assert p_of_categories(batch, reference, rest=1) == 1.0
    assert p_of_categories(batch, reference, rest=0) < 1e-6


@pytest.mark.parametrize("batch", [[0, 0], [10, 0], [0, 1], [3, 1]])
def test_too_few_rows_for_two_cells_prove_nothing(batch):
    assert p_of_categories(np.array(batch, float), np.array([1_000.0, 0])) == 1.0


def test_a_share_is_held_to_chi_square_where_rows_suffice():
    # scipy.stats.chi2_contingency([[30, 170], [90, 910]], correction=False).pvalue
    expected = chi2_contingency([[30, 170], [90, 910]], correction=False).pvalue
    assert p_of_share(30, 200, 90, 1_000) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("sides", [(4, 100, 0, 400), (96, 100, 400, 400)])
def test_a_rare_share_is_held_to_the_binomial(sides):
    # 2 * scipy.stats.binom.sf(3, 4, 0.2) = 2 * 0.2 ** 4
    assert p_of_share(*sides) == pytest.approx(0.0032)


def test_the_p_of_unseen_values_is_that_of_the_normal_where_it_is_the_larger():
    unseen, n, once, twice, m = 120, 900, 900, 300, 9_000
    expected = (unseen + once) / (n + m)
    deviation = np.sqrt(expected / n + (once + 2 * twice) / m**2)
    # 2 * scipy.stats.norm.sf(abs(120 / 900 - 900 / 9000), scale=deviation)
    by_normal = 2 * norm.sf(abs(unseen / n - once / m), scale=deviation)
    found = p_of_unseen(unseen, n, once, twice, m)
    assert found == pytest.approx(max(by_normal, p_of_share(unseen, n, once, m)), rel=1e-9)
    assert by_normal <= found < 0.05


@pytest.mark.parametrize("sides", [(0, 0, 3, 10), (3, 10, 0, 0), (0, 10, 0, 10)])
def test_no_rows_and_no_hits_prove_nothing(sides):
    assert p_of_share(*sides) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize(("n", "m"), [(300, 400), (50, 20_000)])
@pytest.mark.parametrize("categories", [2, 3, 60, 500])
def test_tests_of_categories_keep_their_level_with_sparse_ones(n, m, categories):
    random, weight = np.random.default_rng(0), 1 / np.arange(1, categories + 1)
    shares = weight / weight.sum()
    found = np.array(
        [
            p_of_categories(random.multinomial(n, shares) * 1.0, random.multinomial(m, shares))
            for _ in range(2_000)
        ]
    )
    # two standard errors above .05 and .005 of 2,000
    assert (found < 0.05).mean() < 0.06
    assert (found < 0.005).mean() < 0.0095


def test_q_values_are_those_of_benjamini_and_hochberg():
    # scipy.stats.false_discovery_control([0.005, 0.009, 0.05, 0.04, 0.9])
    found = q_values(np.array([0.005, 0.009, 0.05, 0.04, 0.9]))
    assert found.tolist() == pytest.approx([0.0225, 0.0225, 0.0625, 0.0625, 0.9])


def test_no_columns_have_no_q_values():
    assert q_values(np.array([])).tolist() == []


def test_weights_divide_p_and_columns_without_weight_cannot_be_found():
    # weights scaled to a mean of 1: 1.5, 1.5, 0, so p / w is .02, .2, 1
    found = q_values(np.array([0.03, 0.3, 1e-9]), np.array([1.0, 1.0, 0.0]))
    assert found.tolist() == pytest.approx([0.06, 0.3, 1.0])
    assert q_values(np.array([0.1]), np.array([0.0])).tolist() == [0.1]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_q_is_at_least_p_and_does_not_depend_on_the_order(p, random):
    order = list(range(len(p)))
    random.shuffle(order)
    values = np.array(p)
    q = q_values(values)
    assert (q >= values - 1e-12).all()
    assert (q <= 1).all()
    assert q_values(values[order]).tolist() == q[order].tolist()


@given(st.floats(0.01, 1), st.integers(10, 10**6), st.integers(10, 10**6))
def test_the_quantile_of_order_is_where_p_crosses_its_level(level, n, m):
    quantile = quantile_of_order(1 - level, n, m)
    assert quantile == 1.0 or p_of_order(quantile, n, m) == pytest.approx(level, rel=1e-6)


@pytest.mark.parametrize(("categories", "n"), [(2, 1_000), (10, 500), (1_000, 500)])
def test_the_quantile_of_categories_is_near_that_of_simulation(categories, n):
    random, shares = np.random.default_rng(0), np.full(categories, 1 / categories)
    a, b = (random.multinomial(n, shares, 2_000) / n for _ in range(2))
    expected = np.quantile(np.abs(a - b).sum(axis=1) / 2, 0.95)
    found = quantile_of_categories(1.645, shares, n, n)
    assert expected * 0.85 <= found <= expected * 1.25


def test_rows_of_one_block_tell_less():
    assert effective_rows(1_000, 0.0) == 1_000
    assert effective_rows(1_000, 1.0) == 1
    assert effective_rows(0, 0.5) == 0
