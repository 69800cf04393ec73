import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from incumbent.monitoring.drift.domain import FEWEST_ROWS, MOST_ROWS, area_under_curve, domain_check


def correlated(seed, n, correlation):
    random = np.random.default_rng(seed)
    x, y, z = random.normal(size=(3, n))
    return np.column_stack([x, correlation * x + (1 - correlation**2) ** 0.5 * y, z])


@pytest.mark.parametrize("seed", range(3))
def test_a_correlation_that_falls_with_equal_margins_is_found(seed):
    found = domain_check(correlated(seed, 2_000, 0.0), correlated(seed + 50, 5_000, 0.8), seed)
    assert found.alarm
    assert found.auc > 0.6
    assert (found.batch, found.reference) == (2_000, MOST_ROWS)


@pytest.mark.slow
def test_rows_of_one_distribution_cannot_be_told_apart():
    reports = [
        domain_check(correlated(s, 1_000, 0.8), correlated(s + 500, 3_000, 0.8), s)
        for s in range(30)
    ]
    assert not any(r.alarm for r in reports)
    # scipy.stats.binom.ppf(0.999, 30, 0.05) = 6
    assert sum(r.p < 0.05 for r in reports) <= 6


def test_what_stretches_of_the_reference_show_is_no_alarm():
    batch, reference = correlated(0, 1_000, 0.8) + 0.5, correlated(1, 3_000, 0.8)
    windows = tuple(correlated(s, 1_000, 0.8) + (s - 3) for s in (2, 3, 4))
    assert domain_check(batch, reference, 0).alarm
    found = domain_check(batch, reference, 0, windows)
    assert found.null > found.auc
    assert not found.alarm


def test_the_same_seed_gives_the_same_answer():
    sides = correlated(0, 300, 0.5), correlated(1, 3_000, 0.5)
    assert domain_check(*sides, 7) == domain_check(*sides, 7)


@pytest.mark.parametrize("rows", [0, 1, FEWEST_ROWS - 1])
def test_too_few_rows_have_no_answer(rows):
    found = domain_check(correlated(0, rows, 0.0), correlated(1, 1_000, 0.8), 0)
    assert (found.auc, found.p, found.alarm) == (None, None, False)


def test_nulls_and_infinities_are_values_like_others():
    rows = correlated(0, 400, 0.0)
    rows[::3, 0], rows[::5, 1] = np.nan, np.inf
    assert domain_check(rows, correlated(1, 400, 0.0), 0).alarm


def test_the_area_is_that_of_mann_and_whitney():
    random = np.random.default_rng(0)
    score, positive = random.normal(size=200).round(1), random.random(200) < 0.3
    # scipy.stats.mannwhitneyu(score[positive], score[~positive]).statistic / (n m)
    u = mannwhitneyu(score[positive], score[~positive]).statistic
    n = positive.sum()
    assert area_under_curve(score, positive) == pytest.approx(u / (n * (200 - n)))
