import math
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incumbent.data.labels import Labelled
from incumbent.model.baseline import baseline_of
from incumbent.monitoring.harm import (
    CALIBRATION,
    CONSTANT,
    INVERSION,
    LOSS,
    RISK,
    SKILL,
    UNRELATED,
    at_look,
    calibration_signal,
    inversion_signal,
    judge_harm,
    loss_signal,
    skill_signal,
)
from incumbent.params import Task
from incumbent.statistics.metrics import Scored
from tests.unit.builders import a_card, a_spec, an_estimate, some_predictions


def labelled(values, labels, blocks=None):
    predictions = some_predictions(values, blocks)
    column = pd.Series(labels, dtype=None if np.asarray(labels).dtype.kind == "f" else "str")
    return Labelled(predictions, np.arange(len(labels)), column, 0)


def a_batch(n=400, days=20, seed=0, skew=0.0, flip=False):
    """Labels drawn from the predictions; `skew` moves the predictions, `flip` inverts labels."""
    random = np.random.default_rng(seed)
    truth = random.beta(2, 2, n)
    y = random.random(n) < truth
    values = np.clip(truth + skew, 0.001, 0.999)
    return labelled(values, np.where(y ^ flip, "1", "0"), np.arange(n) * days // n)


def signals(report):
    return {s.signal: s for s in report.signals}


def harmed(report):
    return {s.signal for s in report.signals if s.harmed}


@pytest.mark.parametrize(("n", "enough"), [(0, False), (1, False), (199, False), (200, True)])
def test_below_the_labels_needed_nothing_is_concluded(n, enough):
    report = judge_harm(a_batch(n, days=max(min(n, 20), 1), skew=0.4), 500, a_card())
    assert (report.matured, report.rows, report.enough) == (n, 500, enough)
    assert bool(report.signals) is enough
    assert ("log_loss" in report.metrics) is (n > 0)


def test_a_sound_batch_shows_no_harm():
    card = a_card(
        loss=an_estimate(0.65, standard_error=0.02),
        gap=an_estimate(0.0, -0.05, 0.05, standard_error=0.03, blocks=20),
    )
    report = judge_harm(a_batch(), 400, card)
    assert set(signals(report)) == {RISK, LOSS, CALIBRATION, SKILL, INVERSION, UNRELATED}
    assert harmed(report) == set()
    assert report.baseline.value == 0.65


def test_predictions_off_their_mean_are_named():
    report = judge_harm(a_batch(skew=0.25), 400, a_card())
    assert CALIBRATION in harmed(report)
    signal = signals(report)[CALIBRATION]
    assert signal.observed == pytest.approx(0.2, abs=0.06)
    assert signal.threshold == pytest.approx(0.05 * 0.5)
    assert signal.text == f"predicted minus observed {signal.observed:+.3f}, allowed ±0.025"


def test_labels_upside_down_are_named():
    found = harmed(judge_harm(a_batch(2_000, flip=True), 2_000, a_card()))
    assert {INVERSION, SKILL, LOSS} <= found


def test_a_batch_of_one_class_says_nothing_of_skill():
    """A right model of rare events is no worse than a constant that knows there were none."""
    random = np.random.default_rng(0)
    values = random.beta(1, 99, 300)
    report = judge_harm(
        labelled(values, ["0"] * 300, np.arange(300) // 20),
        300,
        a_card(
            loss=an_estimate(0.05, standard_error=0.01),
            gap=an_estimate(0.0, -0.01, 0.01, standard_error=0.006, blocks=15),
        ),
    )
    assert set(signals(report)) == {RISK, LOSS, CALIBRATION, CONSTANT}
    assert harmed(report) == set()
    assert "auc" not in report.metrics
    assert "recall" not in report.metrics


@pytest.mark.parametrize(("share", "faulty"), [(0.0233, False), (0.0234, True)])
def test_one_class_is_a_fault_where_others_were_surely_to_be_expected(share, faulty):
    batch = labelled(np.full(300, share), ["0"] * 300, np.arange(300) // 20)  # 7 of 300: .02333
    found = signals(judge_harm(batch, 300, a_card()))[CONSTANT]
    assert found.harmed is faulty
    assert found.observed == pytest.approx(300 * share)


@pytest.mark.parametrize(("off", "faulty"), [(0.52, False), (0.53, True)])
def test_one_value_is_a_fault_where_it_lies_off_what_was_predicted(off, faulty):
    """A dry week is no fault, where none was to rain."""
    spec, truth = a_spec(task=Task.REGRESSION), np.full(300, 4.0)
    batch = labelled((truth + off)[:, None], truth, np.arange(300) // 20)
    assert signals(judge_harm(batch, 300, a_card(spec)))[CONSTANT].harmed is faulty


@pytest.mark.parametrize("seed", range(6))
def test_one_day_upside_down_is_shown_with_the_noise_of_the_days_before(seed):
    report = judge_harm(noisy(seed, days=1, per_day=400, flip=True), 400, card_from(100 + seed))
    assert report.metrics["log_loss"].blocks == 1
    assert report.metrics["log_loss"].low is None
    assert {LOSS, SKILL} <= harmed(report)
    assert all(s.low < s.observed < s.high for s in report.signals if s.harmed)


def test_one_sound_day_shows_no_harm():
    report = judge_harm(noisy(0, days=1, per_day=400), 400, card_from(100))
    assert set(signals(report)) == {LOSS, CALIBRATION, SKILL, INVERSION, UNRELATED}
    assert harmed(report) == set()


def test_one_sound_day_in_twenty_is_called_harm():
    runs = 60
    days = (noisy(10_000 + seed, days=1, per_day=400) for seed in range(runs))
    found = [harmed(judge_harm(day, 400, card_from(seed))) for seed, day in enumerate(days)]
    assert sum(map(bool, found)) <= 6  # scipy.stats.binom.ppf(0.95, 60, 0.05)


def test_one_day_proves_no_harm_where_the_promise_knows_no_noise():
    unknown = an_estimate(0.5, standard_error=None, blocks=1)
    card = a_card(loss=unknown, gap=unknown)
    report = judge_harm(a_batch(2_000, days=1, skew=0.4, flip=True), 2_000, card)
    assert signals(report)[LOSS].observed > signals(report)[LOSS].threshold
    assert harmed(report) == set()


@pytest.mark.parametrize(("days", "harm"), [(1, True), (4, True), (5, False)])
def test_fewer_than_five_days_borrow_noise(days, harm):
    """Of the baseline: .01 over 10 days; of its own days, none is known."""
    card = a_card(
        loss=an_estimate(0.5, standard_error=0.01),
        gap=an_estimate(0.0, -0.01, 0.01, standard_error=0.01),
    )
    unknown = {"standard_error": None, "blocks": days}
    assert loss_signal(an_estimate(0.6, **unknown), card).harmed is harm
    assert calibration_signal(an_estimate(-0.1, **unknown), card).harmed is harm
    assert skill_signal(an_estimate(0.1, **unknown), card).harmed is harm


def test_borrowed_noise_must_be_overcome():
    # one day: .01 sqrt(10) = .03162; with the baseline's own .01: hypot = .03317
    # scipy.stats.t.ppf(0.95, 9) = 1.8331: .0608
    card = a_card(loss=an_estimate(0.5, standard_error=0.01))
    one_day = {"standard_error": None, "blocks": 1}
    assert not loss_signal(an_estimate(0.5607, **one_day), card).harmed
    assert loss_signal(an_estimate(0.5609, **one_day), card).harmed


def test_a_class_that_the_model_never_saw_harms():
    spec = a_spec(task=Task.MULTICLASS)
    random = np.random.default_rng(0)
    values = random.dirichlet([5, 5], 400)
    labels = np.where(
        np.arange(400) % 4 == 0, "new", np.where(random.random(400) < values[:, 1], "1", "0")
    )
    report = judge_harm(labelled(values, labels, np.arange(400) // 20), 400, a_card(spec))
    assert {LOSS, SKILL} <= harmed(report)
    assert set(report.metrics) == {"log_loss", "brier", "accuracy", "f1_macro", "f1_weighted"}


@pytest.mark.parametrize(
    ("shift", "expected"), [(0.0, set()), (3.0, {RISK, LOSS, CALIBRATION, SKILL})]
)
def test_values_are_judged_by_their_absolute_error(shift, expected):
    spec = a_spec(task=Task.REGRESSION)
    random = np.random.default_rng(0)
    truth = random.normal(size=400)
    values = (truth + random.normal(0, 0.3, 400) + shift)[:, None]
    card = a_card(
        spec,
        loss=an_estimate(0.25, standard_error=0.01),
        gap=an_estimate(0, -0.05, 0.05, standard_error=0.03),
    )
    report = judge_harm(labelled(values, truth, np.arange(400) // 20), 400, card)
    assert set(signals(report)) == {RISK, LOSS, CALIBRATION, SKILL, UNRELATED}
    assert harmed(report) == expected
    assert report.metric_name == "mae"


@pytest.mark.parametrize(
    ("loss", "expected"), [(0.524, False), (0.525, False), (0.5251, True), (math.nan, False)]
)
def test_loss_within_the_tolerance_is_borne(loss, expected):
    # baseline 0.5, tolerance 5%: 0.525
    found = loss_signal(an_estimate(loss, standard_error=0.001), a_card())
    assert found.threshold == 0.525
    assert found.harmed is expected


@pytest.mark.parametrize(("error", "expected"), [(0.040, True), (0.041, False)])
def test_loss_above_the_tolerance_must_surely_be_above_the_baseline(error, expected):
    # The baseline is as noisy as the batch: scipy.stats.t.ppf(0.95, 18) = 1.7341 degrees of both,
    # 0.1 / (1.7341 sqrt(2)) = 0.04078
    found = loss_signal(an_estimate(0.6, standard_error=error), a_card())
    assert found.harmed is expected


@pytest.mark.parametrize("side", ["loss", "baseline"])
def test_unknown_noise_shows_no_loss(side):
    loss = an_estimate(9.0, standard_error=None if side == "loss" else 0.01)
    baseline = an_estimate(0.5, standard_error=None if side == "baseline" else 0.01)
    assert not loss_signal(loss, a_card(loss=baseline)).harmed


@pytest.mark.parametrize(
    ("gap", "low", "high", "expected"),
    [
        (0.026, 0.001, 0.051, True),
        (0.025, 0.001, 0.049, False),
        (0.026, 0.0, 0.052, False),
        (-0.026, -0.051, -0.001, True),
        (-0.026, -0.052, 0.0, False),
        (0.9, None, None, False),
        (math.nan, None, None, False),
    ],
)
def test_a_gap_must_be_sure_and_beyond_what_is_allowed(gap, low, high, expected):
    assert calibration_signal(an_estimate(gap, low, high), a_card()).harmed is expected


@pytest.mark.parametrize(
    ("blocks", "allowed"), [(30, 0.05 * math.sqrt(2)), (10, 0.1), (1, 0.05 * math.sqrt(31))]
)
def test_fewer_days_may_be_further_off(blocks, allowed):
    # reach .05 over 30 days is t s / sqrt(30): t s sqrt(1/B + 1/30) = .05 sqrt(1 + 30/B)
    card = a_card(gap=an_estimate(0.01, -0.04, 0.06, standard_error=0.03, blocks=30))
    found = calibration_signal(an_estimate(0.2, 0.1, 0.3, blocks=blocks), card)
    assert found.threshold == pytest.approx(allowed)


@pytest.mark.parametrize(
    ("low", "expected"), [(0.001, True), (0.0, False), (-0.1, False), (None, False)]
)
def test_a_constant_must_surely_be_better(low, expected):
    assert skill_signal(an_estimate(0.1, low, 0.2), a_card()).harmed is expected


@pytest.mark.parametrize(
    ("high", "expected"), [(0.499, True), (0.5, False), (None, False), (math.nan, False)]
)
def test_inversion_must_be_sure(high, expected):
    assert inversion_signal(an_estimate(0.4, 0.3, high)).harmed is expected


@given(st.floats(0.3, 3), st.floats(0, 1), st.floats(0.001, 0.3))
def test_more_loss_is_never_less_harm(loss, more, error):
    here = loss_signal(an_estimate(loss, standard_error=error), a_card())
    there = loss_signal(an_estimate(loss + more, standard_error=error), a_card())
    assert there.harmed or not here.harmed


@cache
def card_from(seed, days=15):
    """A card whose baseline is from days of the same distribution as the batches."""
    seen = noisy(seed, days)
    truth = (seen.labels == "1").to_numpy(float)
    scored = Scored(seen.predictions.values, truth, seen.predictions.blocks)
    made = baseline_of(scored, a_spec(), 0.5)
    return a_card(loss=made.loss, gap=made.gap)


def noisy(seed, days=15, per_day=40, *, flip=False):
    """A right model whose days share a shift that it cannot know."""
    random = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), per_day)
    log_odds = random.normal(0, 1, len(day))
    shift = random.normal(0, 0.5, days)[day]
    y = random.random(len(day)) < 1 / (1 + np.exp(-log_odds - shift))
    values = 1 / (1 + np.exp(-log_odds))
    return labelled(values, np.where(y ^ flip, "1", "0"), day)


@pytest.mark.slow
@pytest.mark.parametrize(("days", "per_day"), [(1, 400), (2, 200), (4, 150), (5, 120), (15, 40)])
def test_false_alarms_stay_near_the_confidence(days, per_day):
    runs, rows = 200, days * per_day
    batches = (noisy(10_000 + seed, days, per_day) for seed in range(runs))
    found = [harmed(judge_harm(b, rows, card_from(seed))) for seed, b in enumerate(batches)]
    assert sum(map(bool, found)) <= 15  # scipy.stats.binom.ppf(0.95, 200, 0.05)


@pytest.mark.slow
def test_fifty_sound_batches_are_seldom_ever_called_harm():
    """No two rules and no two looks add up to more than the error that the spec allows."""
    runs, alarmed = 40, 0
    for seed in range(runs):
        card, earlier, ever = card_from(seed, days=60), [], False
        for look in range(50):
            report = judge_harm(noisy([seed, look], days=10), 400, card, earlier)
            earlier.append(report.metrics["log_loss"])
            ever |= bool(harmed(report))
        alarmed += ever
    assert alarmed <= 4  # scipy.stats.binom.ppf(0.95, 40, 0.05)


@pytest.mark.parametrize(
    ("look", "confidence"), [(1, 1 - 0.025 / 6), (2, 1 - 0.025 / 18), (9, 1 - 0.025 / 270)]
)
def test_every_look_at_a_champion_has_a_share_of_the_error(look, confidence):
    assert at_look(a_card(), look).spec.harm_confidence == pytest.approx(confidence)


def test_what_no_batch_shows_alone_all_together_show():
    """A loss a fifth above the baseline, in days that differ by more."""
    random = np.random.default_rng(4)
    truth = random.normal(size=400)
    error = np.repeat(random.choice([0.4, 0.68], 20), 20) * random.choice([-1, 1], 400)
    spec = a_spec(task=Task.REGRESSION)
    card = a_card(spec, loss=an_estimate(0.5, standard_error=0.004, blocks=30))
    earlier = [an_estimate(0.6, standard_error=0.031, blocks=20)] * 8
    joined = labelled((truth + error)[:, None], truth, np.arange(400) // 20)
    alone, together = (
        judge_harm(joined, 400, card, judged_batches) for judged_batches in ((), earlier)
    )
    assert not signals(alone)[RISK].harmed
    assert signals(together)[RISK].harmed
    assert not signals(together)[LOSS].harmed


def test_a_class_without_labels_is_reported():
    spec = a_spec(task=Task.MULTICLASS)
    values = np.random.default_rng(0).dirichlet([5, 5, 5], 400)
    labels = np.where(values.argmax(axis=1) == 0, "a", "c")
    report = judge_harm(labelled(values, labels), 400, a_card(spec, classes=("a", "b", "c")))
    assert report.absent == ("b",)
    assert all(np.isfinite(e.value) for e in report.metrics.values())
    assert judge_harm(labelled(values[:0], labels[:0]), 400, a_card(spec)).absent == ()
