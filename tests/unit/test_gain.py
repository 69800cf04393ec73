import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incumbent.policy.gain import (
    BacktestDesign,
    gain_reasons,
    is_significant,
    larger_gain,
    measure_gain,
    no_gain,
    retraining_helps,
    saved_since,
    training_price,
)
from incumbent.records import GainReport, JudgedBatch, PairedBlock
from tests.unit.builders import a_card, a_spec, an_estimate, some_inputs


def saving(value, error=0.01, **fields):
    low, high = value - 1.645 * error, value + 1.645 * error
    saved = an_estimate(value, low, high, standard_error=error)
    found = {"passes": True, "within": False, "rows": 400, "newer": 300} | fields
    return GainReport("log_loss", 0.5, saved, **found)


def judged_batches(value, error=0.01, champion=1, rows=400):
    return JudgedBatch("b", rows, champion, retrained=False, saved=saving(value, error).saved)


def days(champion, newer, rows=100):
    """A block for each day: mean losses of the champion and of the recipe with newer rows."""
    names = ("log_loss", "brier")
    return tuple(
        PairedBlock(day, rows, dict.fromkeys(names, (c * rows, n * rows)))
        for day, (c, n) in enumerate(zip(champion, newer, strict=True))
    )


def measured(evidence, **fields):
    found = {"rows": 1_000, "learnt": 500, "look": 1, "within": False} | fields
    return measure_gain(evidence, a_card(a_spec()), BacktestDesign(**found))


def test_what_is_saved_is_the_champion_minus_the_newer():
    found = measured(days([0.5, 0.6, 0.5, 0.6, 0.5, 0.6], [0.4, 0.5, 0.4, 0.5, 0.4, 0.5]))
    assert found.saved.value == pytest.approx(0.1)
    assert found.champion_loss == pytest.approx(0.55)
    assert (found.passes, is_significant(found)) == (True, True)


def test_what_the_gate_would_hold_back_does_not_pass():
    found = measured(days([0.5] * 6, [0.4, 0.8, 0.4, 0.8, 0.4, 0.8]))
    assert not found.passes
    assert not is_significant(found)


@pytest.mark.parametrize(("rows", "passes"), [(33, True), (34, False)])
def test_fewer_rows_than_the_gate_asks_for_pass(rows, passes):
    evidence = days([0.5] * 6, [0.4, 0.8, 0.4, 0.8, 0.4, 0.8], rows)
    assert measured(evidence).passes is passes


def test_nothing_measured_saves_nothing():
    found = measured(())
    assert math.isnan(found.saved.value)
    assert not is_significant(found)
    assert gain_reasons(some_inputs(gain=found)) == ()


@pytest.mark.parametrize(("champion", "value"), [(1, 24.0), (2, 16.0)])
def test_what_is_saved_adds_up_under_one_champion(champion, value):
    inputs = some_inputs(
        gain=saving(0.04), judged_batches=(judged_batches(0.02, champion=1),), champion=champion
    )
    assert saved_since(inputs).value == pytest.approx(value)


def test_without_noise_known_of_every_batch_nothing_is_summed():
    blind = JudgedBatch("b", 400, 1, retrained=False, saved=an_estimate(0.1))
    assert saved_since(some_inputs(gain=saving(0.04), judged_batches=(blind,))) is None
    assert saved_since(some_inputs()) is None


@pytest.mark.parametrize(("value", "signals"), [(0.0101, ["gain"]), (0.0099, [])])
def test_a_training_is_worth_its_price(value, signals):
    """Two hundredths of a loss of .5 are .01 a row."""
    found = gain_reasons(some_inputs(gain=saving(value, 0.001)))
    assert [r.signal for r in found] == signals


@pytest.mark.parametrize(("cost", "signals"), [(11.99, ["gain"]), (12.01, [])])
def test_costs_set_the_price_of_a_training(cost, signals):
    """.02 saved on each of 400 rows is 8 units of loss, of 1.50 each."""
    spec = a_spec(decision_training_cost=cost, decision_loss_cost=1.5, decision_price=0.9)
    found = gain_reasons(some_inputs(spec, gain=saving(0.02, 0.001)))
    assert [r.signal for r in found] == signals


@pytest.mark.parametrize("rows", [100, 400, 1_600])
def test_a_price_from_costs_is_one_of_money_and_not_of_the_size_of_batches(rows):
    spec = a_spec(decision_training_cost=12.0, decision_loss_cost=1.5)
    (reason,) = gain_reasons(some_inputs(spec, gain=saving(10 / rows, 1e-4, rows=rows)))
    assert reason.threshold * 0.5 * rows == pytest.approx(8.0)


@given(st.floats(1e-3, 1e6), st.floats(1e-3, 1e6), st.floats(1, 10))
def test_a_dearer_training_has_a_higher_price_and_dearer_loss_a_lower_one(training, loss, more):
    def price(training, loss):
        spec = a_spec(decision_training_cost=training, decision_loss_cost=loss)
        return training_price(spec, 200.0)

    assert price(training * more, loss) >= price(training, loss) >= price(training, loss * more)


def test_without_costs_the_price_is_as_given():
    assert training_price(a_spec(decision_price=0.07), 123.0) == 0.07


def test_small_savings_pay_in_the_end():
    inputs = some_inputs(
        gain=saving(0.004, 0.001), judged_batches=(judged_batches(0.004, 0.001),) * 2
    )
    (reason,) = gain_reasons(inputs)
    assert reason.observed == pytest.approx(0.024)


@pytest.mark.parametrize("gain", [saving(0.1, 0.08), saving(0.1, passes=False), saving(-0.01)])
def test_what_is_not_shown_or_not_passed_is_no_reason(gain):
    assert gain_reasons(some_inputs(gain=gain, judged_batches=(judged_batches(0.005),))) == ()


def test_newer_rows_that_hurt_now_are_no_reason_whatever_they_saved_before():
    assert (
        gain_reasons(some_inputs(gain=saving(-0.01, 0.001), judged_batches=(judged_batches(0.3),)))
        == ()
    )


@pytest.mark.parametrize(
    ("gain", "broken", "answer"),
    [
        (None, False, True),
        (saving(0.03), False, True),
        (saving(0.03, 0.03), False, False),
        (saving(0.03, 0.03), True, True),
        (saving(-0.03, 0.03), True, False),
        (saving(math.nan), True, False),
        (saving(0.03, passes=False), False, False),
    ],
)
def test_whether_newer_rows_help_a_champion_that_does_harm(gain, broken, answer):
    assert retraining_helps(some_inputs(gain=gain), broken=broken) is answer


def test_no_gain_is_a_reason():
    reason = no_gain(some_inputs(gain=saving(0.01, 0.02)))
    assert reason.text == "newer rows save +0.0100 [-0.0229, +0.0429]: no significant gain"


def test_the_batch_itself_teaches_where_the_rows_before_do_not():
    before, within = saving(0.0), saving(0.2, within=True)
    assert larger_gain(before, within) == within
    assert larger_gain(within, before) == within
    refused = larger_gain(saving(0.0, passes=False), within)
    assert refused.within
    assert not refused.passes


@pytest.mark.parametrize("saved", [0.1, 0.3])
def test_labels_are_learnable_where_either_backtest_shows_it(saved):
    shown_by, not_by = (an_estimate(v, standard_error=0.1) for v in (0.8, 0.0))
    for one, other in ((shown_by, not_by), (not_by, shown_by)):
        both = larger_gain(saving(saved, slope=one), saving(0.2, within=True, slope=other))
        assert both.slope == shown_by


def test_a_slope_without_a_value_is_none():
    assert measured((), slope=an_estimate(math.nan)).slope is None


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.0001, 0.1))
def test_more_to_be_saved_is_never_less_of_a_reason(one, other, error):
    less, more = sorted((one, other))
    if gain_reasons(some_inputs(gain=saving(less, error))):
        assert gain_reasons(some_inputs(gain=saving(more, error)))


def test_a_recipe_that_is_as_good_seldom_pays():
    """200 champions with nothing to gain, 5% nominal: the binomial band of 200 ends at 19."""
    random, found = np.random.default_rng(5), 0
    for _ in range(200):
        losses = 0.5 + 0.05 * random.normal(size=(15, 1)) + 0.02 * random.normal(size=(15, 2))
        report = measured(days(*losses.T))
        found += bool(gain_reasons(some_inputs(gain=report)))
    assert found <= 19
