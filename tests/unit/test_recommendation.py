import json

import numpy as np
import pytest

from incumbent.cli import show
from incumbent.params import ModelSpec, Trigger
from incumbent.replay.candidates import Candidate, grid, trial_of
from incumbent.replay.fits import Fits
from incumbent.replay.policy_name import named_policy
from incumbent.replay.recommendation import recommend
from incumbent.replay.trial import Trial
from tests.unit.builders import a_spec
from tests.unit.histories import a_history

SPEC = a_spec(decision_price=0.05)
OWN, AGED = Candidate(Trigger.HARM), Candidate(Trigger.SCHEDULE, {"schedule_days": 15.0})
KEYS = {"trigger", "settings", "metric", "trainings", "value", "first_half", "second_half"}


def a_trial(losses, trained_after=(), rows=100):
    actions = tuple("retrain" if k in trained_after else "none" for k in range(len(losses)))
    return Trial(tuple(losses), (rows,) * len(losses), actions)


def test_what_saves_on_both_halves_is_recommended():
    noise = np.tile([0.0, 0.01], 6)
    found = recommend(SPEC, [(OWN, a_trial(0.5 + noise)), (AGED, a_trial(0.4 - noise, {0}))])
    assert found["sure"] is found["halves_agree"] is True
    assert (found["trigger"], found["settings"]) == ("schedule", {"schedule_days": 15.0})
    assert found["text"].startswith("Set trigger: schedule, schedule_days: 15: it did best on both")
    assert found["difference"]["high"] < 0
    assert found["trainings"] == 1
    assert [e.keys() for e in found["evidence"]] == [KEYS] * 2
    values = [e["value"] for e in found["evidence"]]
    assert values == sorted(values)
    json.dumps(found, allow_nan=False)


def test_what_was_lucky_on_the_older_half_is_not_recommended():
    """Better by 0.1 where it is chosen, worse by 0.1 where it is judged."""
    lucky = [0.4] * 6 + [0.6] * 6
    found = recommend(SPEC, [(OWN, a_trial([0.5] * 12)), (AGED, a_trial(lucky))])
    assert (found["trigger"], found["settings"], found["sure"]) == ("harm", {}, False)
    assert found["halves_agree"] is False
    assert found["text"].startswith("Keep the spec as it is, not sure: trigger: schedule")
    assert "no better" in found["text"]


def test_a_difference_within_the_noise_of_batches_is_not_sure():
    rng = np.random.default_rng(0)
    noisy = 0.499 + rng.normal(0, 0.05, 40)
    noisy[:20] -= noisy[:20].mean() - 0.45  # the older half chooses it
    noisy[20:] -= noisy[20:].mean() - 0.499  # the newer half hardly tells
    found = recommend(SPEC, [(OWN, a_trial([0.5] * 40)), (AGED, a_trial(noisy))])
    assert found["sure"] is False
    assert "no more than the noise" in found["text"]
    assert found["difference"]["low"] < 0 < found["difference"]["high"]


@pytest.mark.parametrize(("batches", "sure"), [(8, False), (9, True)])
def test_fewer_than_five_batches_judge_nothing(batches, sure):
    noise = np.resize([0.0, 0.001], batches)
    pairs = [(OWN, a_trial([0.5] * batches)), (AGED, a_trial(0.3 + noise))]
    assert recommend(SPEC, pairs)["sure"] is sure


@pytest.mark.parametrize("batches", [0, 1, 2])
def test_a_history_too_short_to_be_split_keeps_the_spec(batches):
    found = recommend(SPEC, [(OWN, a_trial([0.5] * batches)), (AGED, a_trial([0.4] * batches))])
    assert (found["settings"], found["sure"]) == ({}, False)
    json.dumps(found, allow_nan=False)


def test_of_equal_policies_the_spec_stays():
    found = recommend(SPEC, [(OWN, a_trial([0.5] * 12)), (AGED, a_trial([0.5] * 12))])
    assert found["text"].startswith("Keep the spec as it is: on either half none of 1 other")


def test_a_training_costs_what_the_spec_says_of_it():
    """5% of a batch's loss of 0.5 x 100 rows is 2.5; of 12 x 100 rows that is 0.0020833 a row."""
    found = recommend(SPEC, [(OWN, a_trial([0.5] * 12)), (AGED, a_trial([0.5] * 12, {3, 4}))])
    value = {e["trigger"]: e["value"] for e in found["evidence"]}
    assert value["schedule"] - value["harm"] == pytest.approx(2 * 2.5 / 1_200)
    costed = a_spec(decision_training_cost=30.0, decision_loss_cost=2.0)
    found = recommend(costed, [(OWN, a_trial([0.5] * 12)), (AGED, a_trial([0.5] * 12, {3}))])
    value = {e["trigger"]: e["value"] for e in found["evidence"]}
    assert value["schedule"] - value["harm"] == pytest.approx(15 / 1_200)
    assert "a training at 15 rows times log loss" in found["criterion"]


@pytest.mark.parametrize(("after", "delay", "paid"), [(10, 0, 1), (11, 0, 0), (10, 1, 0)])
def test_a_training_that_no_batch_came_after_is_free(after, delay, paid):
    pairs = [(OWN, a_trial([0.5] * 12)), (AGED, a_trial([0.5] * 12, {after}))]
    found = recommend(SPEC, pairs, delay)
    value = {e["trigger"]: e["value"] for e in found["evidence"]}
    assert value["schedule"] - value["harm"] == pytest.approx(paid * 2.5 / 1_200)


def test_the_grid_is_fixed_and_begins_with_the_spec():
    usual = grid(a_spec(), 10.0, 12)
    assert usual[0] == Candidate(Trigger.HARM)
    settings = [named_policy(c.trigger, c.settings) for c in usual[1:]]
    assert settings == [
        *(f"trigger: harm, decision_price: {p}" for p in ("0.01", "0.05", "0.1")),
        *(f"trigger: harm, harm_tolerance: {t}" for t in ("0.02", "0.1")),
        *(f"trigger: schedule, schedule_days: {d}" for d in (5, 15, 35, 75)),
        *(f"trigger: drift, drift_effect_floor: {f}" for f in ("0.05", "0.1")),
    ]


def test_the_grid_has_no_policy_that_a_history_cannot_tell_from_another():
    costed = grid(a_spec(decision_training_cost=1.0, decision_loss_cost=1.0), None, 12)
    assert not [c for c in costed if "decision_price" in c.settings]
    assert Trigger.SCHEDULE not in {c.trigger for c in costed}
    assert [c.settings for c in grid(a_spec(), 10.0, 3) if c.trigger is Trigger.SCHEDULE] == [
        {"schedule_days": 5.0},
        {"schedule_days": 15.0},
    ]


def test_every_candidate_is_a_spec_that_could_be_written():
    own = a_spec(timestamp="t")
    for candidate in grid(own, 0.01, 12):
        spec = candidate.spec(own)
        assert ModelSpec.model_validate(spec.model_dump()) == spec


def test_what_was_tried_is_remembered_as_json():
    history, memory = a_history(), {}
    fits = Fits(history, history.spec)
    first = trial_of(fits, AGED, 0, memory)
    memory = json.loads(json.dumps(memory))
    assert trial_of(fits, AGED, 0, memory) == first
    (key,) = memory
    memory[key]["losses"] = [9.0] * len(history)
    assert trial_of(fits, AGED, 0, memory).loss == 9.0
    assert trial_of(fits, AGED, 1, memory).loss != 9.0


def test_people_read_a_table_and_a_sentence(capsys):
    noise = np.tile([0.0, 0.01], 6)
    found = recommend(SPEC, [(OWN, a_trial(0.5 + noise)), (AGED, a_trial(0.4 - noise, {0}))])
    late = {"metric": 0.6, "at_once": 0.5, "cost": 0.1}
    line = {"metric": 0.6, "regret": 0.0, "trainings": 0, "fits": 0, "fit_seconds": 0.0}
    line |= {"promotions": 0, "refusals": 0}
    doc = {"metric_name": "log_loss", "policies": {"incumbent": line}}
    show.replay({**doc, "delay": {"batches": 2, "incumbent": late}, "recommendation": found})
    printed = capsys.readouterr().out
    assert "  at once" in printed
    assert (
        "Labels that arrive 2 batches late cost incumbent +0.1000 (+20.0%) of log loss." in printed
    )
    assert "harm (the spec)" in printed
    assert printed.rstrip().endswith(found["text"] + ".")
    show.replay({**doc, "delay": None, "recommendation": None})
    assert "at once" not in capsys.readouterr().out
