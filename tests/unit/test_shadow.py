import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from incumbent.params import Task
from incumbent.policy.shadow import burden_of, compare, judge, pair
from incumbent.records import Burden, PairedBlock, Ruling, ShadowReport
from incumbent.statistics.intervals import block_mean
from tests.unit.builders import a_spec, an_estimate

SPEC = a_spec()
REFRESH, REPLACEMENT = Burden.REFRESH, Burden.REPLACEMENT


def a_report(primary, guardrail=None, n=200, **fields):
    return ShadowReport(
        "log_loss",
        0.5,
        0.5 + (primary.value if math.isfinite(primary.value) else 0.0),
        primary,
        {"brier": guardrail or an_estimate(-0.01, -0.02, 0.0)},
        {"log_loss": 0.01, "brier": 0.004},
        n,
        fields.get("look", 1),
    )


def losses(random, days, worse=0.0, noise=0.0, rows=40):
    """Paired losses near .5; the challenger's are worse on average, its days share noise."""
    day = np.repeat(np.arange(days), rows)
    champion = random.gamma(2, 0.25, len(day))
    shared = worse + noise * random.normal(size=days)[day]
    challenger = champion + shared + random.normal(0, 0.1, len(day))
    return (
        {"log_loss": champion, "brier": champion / 2},
        {"log_loss": challenger, "brier": challenger / 2},
        day,
    )


def test_losses_are_summed_per_block():
    champion, challenger = {"mae": np.array([1.0, 2, 4])}, {"mae": np.array([0.5, 2, 1])}
    assert pair(champion, challenger, np.array([7, 3, 7])) == (
        PairedBlock(3, 1, {"mae": (2.0, 2.0)}),
        PairedBlock(7, 2, {"mae": (5.0, 1.5)}),
    )


def test_no_rows_have_no_blocks():
    nothing = {"mae": np.array([])}
    assert pair(nothing, nothing, np.array([], dtype=np.int64)) == ()


def test_the_difference_is_paired_with_an_interval_over_days():
    champion, challenger, day = losses(np.random.default_rng(0), 12, worse=0.03, noise=0.02)
    report = compare(pair(champion, challenger, day), SPEC, 1)
    # Look 1 has half of the error: .95 becomes .975.
    expected = block_mean(challenger["log_loss"] - champion["log_loss"], day, 0.975)
    for name in ("value", "low", "high", "standard_error"):
        assert getattr(report.primary, name) == pytest.approx(getattr(expected, name), abs=1e-12)
    assert report.champion_loss == pytest.approx(champion["log_loss"].mean())
    assert report.challenger_loss == pytest.approx(challenger["log_loss"].mean())
    assert report.margins["log_loss"] == pytest.approx(0.02 * champion["log_loss"].mean())
    assert report.margins["brier"] == pytest.approx(0.02 * champion["brier"].mean())
    assert (report.n, report.primary.n, report.primary.blocks, report.look) == (480, 480, 12, 1)


@pytest.mark.parametrize(
    ("look", "confidence"), [(1, 0.975), (2, 1 - 0.05 / 6), (9, 1 - 0.05 / 90)]
)
def test_every_look_has_its_share_of_the_error(look, confidence):
    champion, challenger, day = losses(np.random.default_rng(0), 12)
    report = compare(pair(champion, challenger, day), SPEC, look)
    expected = block_mean(challenger["log_loss"] - champion["log_loss"], day, confidence)
    assert report.primary.high == pytest.approx(expected.high)


def test_the_shares_of_all_looks_are_one():
    assert sum(1 / (k * (k + 1)) for k in range(1, 100_000)) == pytest.approx(1, abs=1e-4)


def test_a_day_that_two_batches_share_is_one_block():
    champion, challenger, day = losses(np.random.default_rng(0), 6, noise=0.1)
    early = np.arange(len(day)) < 100  # within the third day
    parts = [
        pair(
            {k: v[kept] for k, v in champion.items()},
            {k: v[kept] for k, v in challenger.items()},
            day[kept],
        )
        for kept in (early, ~early)
    ]
    whole = compare(pair(champion, challenger, day), SPEC, 1)
    apart = compare((*parts[0], *parts[1]), SPEC, 1)
    assert apart.primary.blocks == 6
    assert apart.primary.high == pytest.approx(whole.primary.high)
    assert apart.n == whole.n


def test_order_of_the_evidence_does_not_matter():
    champion, challenger, day = losses(np.random.default_rng(0), 9, noise=0.1)
    evidence = pair(champion, challenger, day)
    here, there = compare(evidence, SPEC, 1), compare(evidence[::-1], SPEC, 1)
    assert here.primary.high == pytest.approx(there.primary.high)


def test_values_are_compared_by_absolute_and_squared_error():
    champion = {"mae": np.array([1.0, 2, 3]), "squared_error": np.array([1.0, 4, 9])}
    report = compare(pair(champion, champion, np.arange(3)), a_spec(task=Task.REGRESSION), 1)
    assert (report.metric_name, list(report.guardrails)) == ("mae", ["squared_error"])


@pytest.mark.parametrize("burden", list(Burden))
@pytest.mark.parametrize(("n", "promoted"), [(0, False), (199, False), (200, True)])
def test_too_few_rows_are_extended(n, promoted, burden):
    verdict = judge(a_report(an_estimate(-0.1, -0.2, -0.05), n=n), burden, SPEC)
    assert verdict.verdict is (Ruling.PROMOTE if promoted else Ruling.EXTEND)
    assert verdict.burden is burden


def test_no_evidence_at_all_is_extended():
    report = compare((), SPEC, 1)
    assert report.n == 0
    assert judge(report, REFRESH, SPEC).verdict is Ruling.EXTEND


@pytest.mark.parametrize("burden", list(Burden))
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["primary", "guardrail"])
def test_what_could_not_be_computed_never_promotes(bad, where, burden):
    good, broken = an_estimate(-0.1, -0.2, -0.05), an_estimate(bad)
    report = a_report(broken, good) if where == "primary" else a_report(good, broken)
    assert judge(report, burden, SPEC).verdict is Ruling.REJECT


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("side", [0, 1])
def test_a_loss_that_is_no_number_never_promotes(bad, side):
    tables = list(losses(np.random.default_rng(0), 10, worse=-0.2))
    tables[side]["log_loss"][5] = bad
    assert judge(compare(pair(*tables), SPEC, 1), REFRESH, SPEC).verdict is Ruling.REJECT


def test_bounds_that_are_no_numbers_never_promote():
    primary = an_estimate(-0.1, math.nan, math.nan)
    assert judge(a_report(primary), REFRESH, SPEC).verdict is Ruling.EXTEND


@pytest.mark.parametrize("burden", list(Burden))
def test_one_block_says_nothing_of_the_noise_and_is_extended(burden):
    champion, challenger, day = losses(np.random.default_rng(0), 1, worse=-0.4, rows=500)
    verdict = judge(compare(pair(champion, challenger, day), SPEC, 1), burden, SPEC)
    assert verdict.verdict is Ruling.EXTEND
    assert "one block" in verdict.reasons[0]


@pytest.mark.parametrize(
    ("burden", "low", "high", "expected"),
    [
        (REFRESH, -0.02, 0.01, Ruling.PROMOTE),
        (REFRESH, -0.02, 0.0101, Ruling.EXTEND),
        (REFRESH, 0.01, 0.02, Ruling.EXTEND),
        (REFRESH, 0.0101, 0.02, Ruling.REJECT),
        (REFRESH, 0.0, 0.0, Ruling.PROMOTE),
        (REPLACEMENT, -0.02, -1e-9, Ruling.PROMOTE),
        (REPLACEMENT, -0.02, 0.0, Ruling.EXTEND),
        (REPLACEMENT, 0.0, 0.0, Ruling.EXTEND),
        (REPLACEMENT, 0.0, 0.02, Ruling.EXTEND),
        (REPLACEMENT, 1e-9, 0.02, Ruling.REJECT),
    ],
)
def test_what_each_burden_asks_of_the_primary(burden, low, high, expected):
    verdict = judge(a_report(an_estimate((low + high) / 2, low, high)), burden, SPEC)
    assert verdict.verdict is expected


@pytest.mark.parametrize("burden", list(Burden))
@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.1, 0.003, Ruling.PROMOTE),
        (-0.1, 0.005, Ruling.EXTEND),
        (0.0041, 0.1, Ruling.REJECT),
    ],
)
def test_a_guardrail_must_be_non_inferior_under_either_burden(low, high, expected, burden):
    report = a_report(an_estimate(-0.1, -0.2, -0.05), an_estimate(0.0, low, high))
    assert judge(report, burden, SPEC).verdict is expected


def test_reasons_name_every_metric_and_its_ruling():
    verdict = judge(a_report(an_estimate(0.02, 0.011, 0.03)), REFRESH, SPEC)
    assert verdict.reasons == (
        "log_loss +0.0200 [+0.0110, +0.0300] against the champion, allowed +0.0100: reject",
        "brier -0.0100 [-0.0200, +0.0000] against the champion, allowed +0.0040: promote",
    )


@pytest.mark.parametrize(
    ("fields", "burden"),
    [
        ({}, REFRESH),
        ({"harm_tolerance": 0.2, "shadow_margin": 0.1, "trigger": "drift"}, REFRESH),
        ({"training_max_rows": 2_000, "training_holdout": 0.5}, REFRESH),
        ({"training_threshold": "f1"}, REFRESH),
        ({"training_iterations": 6}, REPLACEMENT),
        ({"training_seed": 1}, REPLACEMENT),
    ],
)
def test_another_recipe_is_a_replacement(fields, burden):
    assert burden_of(SPEC, a_spec(**fields)) is burden


order = [Ruling.REJECT, Ruling.EXTEND, Ruling.PROMOTE]


@given(st.floats(-0.1, 0.1), st.floats(0, 0.1), st.floats(0, 0.1), st.sampled_from(list(Burden)))
def test_a_larger_loss_is_never_ruled_better(value, reach, more, burden):
    here = an_estimate(value, value - reach, value + reach)
    there = an_estimate(value + more, value + more - reach, value + more + reach)
    rulings = [judge(a_report(e), burden, SPEC).verdict for e in (here, there)]
    assert order.index(rulings[1]) <= order.index(rulings[0])


def promoted(seed, burden, worse, looks):
    """Whether a challenger passes at any look at evidence that grows batch by batch."""
    random, evidence = np.random.default_rng(seed), ()
    for look in range(1, looks + 1):
        champion, challenger, day = losses(random, 10, worse=worse, noise=0.05)
        evidence = (*evidence, *pair(champion, challenger, day + 10 * look))
        ruling = judge(compare(evidence, SPEC, look), burden, SPEC).verdict
        if ruling is not Ruling.EXTEND:
            return ruling is Ruling.PROMOTE
    return False


@pytest.mark.slow
@pytest.mark.parametrize("looks", [1, 6])
@pytest.mark.parametrize(
    ("burden", "worse"),
    [(REPLACEMENT, 0.0), (REFRESH, 0.02 * 0.5 * 1.05)],
    ids=["equal replacement", "refresh just beyond the margin"],
)
def test_what_has_no_claim_is_promoted_at_most_at_the_error_allowed(burden, worse, looks):
    runs = 400
    passed = sum(promoted(seed, burden, worse, looks) for seed in range(runs))
    assert passed <= binom.ppf(0.999, runs, 0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("burden", "worse"), [(REPLACEMENT, -0.08), (REFRESH, -0.08)], ids=["replacement", "refresh"]
)
def test_what_is_clearly_better_is_promoted(burden, worse):
    assert sum(promoted(seed, burden, worse, 2) for seed in range(50)) >= 48
