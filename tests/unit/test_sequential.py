import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incumbent.statistics.intervals import block_mean
from incumbent.statistics.sequential import boundary, risk_above
from tests.unit.builders import an_estimate

BASELINE = an_estimate(0.5, standard_error=0.01, blocks=25)


def looks_at(means, error=0.02, blocks=5):
    return [an_estimate(m, standard_error=error, blocks=blocks) for m in means]


def alarms(streams, baselines, rows, tolerance=0.05):
    """The look at which each stream of block means first alarms; the number of looks if never.

    Every look is one block; a look's own noise is unknown, as with a single day.
    """
    found = []
    for stream, held_out in zip(streams, baselines, strict=True):
        blocks = np.repeat(np.arange(len(held_out) // rows), rows)
        baseline = block_mean(held_out, blocks, 0.95)
        means, first = stream.reshape(-1, rows).mean(axis=1), len(stream) // rows
        for t in range(5, len(means) + 1):
            seen = an_estimate(means[:t].mean(), standard_error=means[:t].std(ddof=1) / t**0.5)
            looks = [an_estimate(seen.value, standard_error=seen.standard_error, blocks=t)]
            if risk_above(looks, baseline, tolerance, 0.95).low > 0:
                first = t
                break
        found.append(first)
    return np.array(found)


def test_the_boundary_falls_and_costs_more_where_more_confidence_is_asked():
    assert boundary(5, 0.05) > boundary(20, 0.05) > boundary(1_000, 0.05) > 0
    assert boundary(20, 0.01) > boundary(20, 0.05)


@pytest.mark.parametrize(("blocks", "known"), [(4, False), (5, True)])
def test_below_five_blocks_there_is_no_result(blocks, known):
    found = risk_above(looks_at([0.9], blocks=blocks), BASELINE, 0.05, 0.95)
    assert (found is not None) is known


def test_a_promise_without_noise_known_says_nothing():
    assert risk_above(looks_at([0.9] * 3), an_estimate(0.5), 0.05, 0.95) is None
    assert risk_above([], BASELINE, 0.05, 0.95) is None


@given(st.permutations([0.5, 0.6, 0.7, 0.9]))
def test_the_order_of_the_looks_is_of_no_matter(means):
    found = risk_above(looks_at(means), BASELINE, 0.05, 0.95)
    assert found.low == pytest.approx(risk_above(looks_at(sorted(means)), BASELINE, 0.05, 0.95).low)


@given(st.floats(0.1, 1), st.floats(0.1, 1))
def test_more_loss_is_never_less_harm(one, other):
    less, more = sorted((one, other))
    bounds = [risk_above(looks_at([m] * 3), BASELINE, 0.05, 0.95).low for m in (less, more)]
    assert bounds[0] <= bounds[1]


@pytest.mark.slow
def test_fifty_looks_at_a_benign_stream_seldom_alarm():
    """300 exchangeable streams without any tolerance: at most 5%, whose band ends at 24."""
    random = np.random.default_rng(1)
    streams = random.random((300, 50 * 20)) < 0.1
    baselines = random.random((300, 25 * 20)) < 0.1
    found = alarms(streams.astype(float), baselines.astype(float), 20, tolerance=0.0)
    assert (found < 50).sum() <= 24


@pytest.mark.slow
def test_an_error_rate_that_doubles_is_found_within_500_labels():
    """In at least 90% of 200 streams, 20 labels a block."""
    random = np.random.default_rng(2)
    streams = random.random((200, 500)) < 0.2
    baselines = random.random((200, 2_000)) < 0.1
    found = alarms(streams.astype(float), baselines.astype(float), 20)
    assert (found < 25).mean() >= 0.9
