import numpy as np
import pytest

from incumbent.statistics.metrics import roc_auc
from incumbent.statistics.overlap import share_of_second


def share(first, second, **given):
    blocks = np.arange(len(first)) % 9, np.arange(len(second)) % 9
    return share_of_second((first, second), blocks, seed=0, **given)


def test_where_nothing_moved_it_is_one_half_whatever_the_sizes():
    random = np.random.default_rng(0)
    found = share(random.normal(size=(600, 2)), random.normal(size=(1_800, 2)))
    assert found.shape == (2_400,)
    assert found.mean() == pytest.approx(0.5, abs=0.05)


def test_it_follows_the_densities():
    random = np.random.default_rng(0)
    first, second = random.normal(size=(3_000, 1)), random.normal(1.0, size=(3_000, 1))
    found, x = share(first, second), np.concatenate([first, second])[:, 0]
    true = 1 / (1 + np.exp(0.5 - x))  # of two normal densities, one sigma apart
    assert np.abs(found - true).mean() < 0.08


def test_weights_count():
    random = np.random.default_rng(0)
    first, second = random.integers(0, 2, (2_000, 1)), np.ones((2_000, 1))
    assert share(first, second, weights=np.where(first[:, 0] == 1, 1.0, 1e-9)).mean() == (
        pytest.approx(0.5, abs=0.3)
    )
    assert share(first, second)[2_000:].mean() > 0.6


def test_what_only_names_the_block_is_not_learnt():
    random = np.random.default_rng(0)
    days = np.repeat(np.arange(80), 20)
    weather = random.normal(size=80)[days][:, None]
    second = days % 2 == 1
    samples, blocks = (weather[~second], weather[second]), (days[~second], days[second])
    found = share_of_second(samples, blocks, seed=0)
    auc = roc_auc(found, np.repeat([False, True], 800))
    assert 0.3 < auc < 0.7  # rows of a day that the classifier had seen would give 1
