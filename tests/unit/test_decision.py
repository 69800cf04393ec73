import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incumbent.monitoring.harm import CALIBRATION, INVERSION, LOSS, SKILL, UNRELATED
from incumbent.monitoring.label_faults import shuffled
from incumbent.params import Trigger
from incumbent.policy.decision import (
    age_days,
    decide,
    identify,
    plainly_broken,
    resumes,
    stored_inputs,
)
from incumbent.records import (
    Action,
    Attribution,
    Cause,
    ColumnDrift,
    DecisionInputs,
    DriftReport,
    EstimateReport,
    GainReport,
    JudgedBatch,
    Latency,
    Outcome,
    Period,
    SliceMetrics,
    TrackRecord,
    Trust,
    document,
)
from tests.unit.builders import START, a_harm_report, a_signal, a_spec, an_estimate, some_inputs

ROWS = {"reference": 1_000, "batch": 400}


def a_drift(*, alarm=True, earlier=1):
    moved = ColumnDrift("x", "numeric", 0.3, 0.001, 0.002, 0.2, alarm=True)
    still = ColumnDrift("c", "categorical", 0.01, 0.9, 0.9, None, alarm=False)
    return DriftReport((moved, still), 0.155, 0.1, alarm, ROWS, earlier=earlier)


HARM, SOUND = a_harm_report(a_signal(LOSS)), a_harm_report(a_signal(LOSS, harmed=False))
names = st.sampled_from([LOSS, CALIBRATION, SKILL])


def blocked_by(decision):
    return [r.signal for r in decision.blocked]


def asked_by(decision):
    return [r.signal for r in decision.reasons]


@st.composite
def inputs(draw):
    harm = draw(
        st.none()
        | st.builds(
            lambda found, enough: a_harm_report(*map(a_signal, sorted(found)), enough=enough),
            st.sets(st.sampled_from([LOSS, CALIBRATION, SKILL, INVERSION, UNRELATED])),
            st.booleans(),
        )
    )
    return some_inputs(
        a_spec(trigger=draw(st.sampled_from(list(Trigger)))),
        outcome=draw(st.sampled_from(list(Outcome))),
        drift=draw(st.none() | st.builds(lambda alarm: a_drift(alarm=alarm), alarm=st.booleans())),
        harm=harm,
        age_days=draw(st.none() | st.floats(-10, 100)),
        waiting=draw(st.booleans()),
    )


def test_nothing_found_asks_for_nothing():
    found = decide(some_inputs(harm=SOUND, drift=a_drift(alarm=False)))
    assert (found.action, found.reasons, found.blocked) == (Action.NONE, (), ())


def test_harm_retrains_and_is_named_with_its_value_and_threshold():
    found = decide(some_inputs(harm=HARM))
    assert found.action is Action.RETRAIN
    (reason,) = found.reasons
    assert (reason.signal, reason.observed, reason.threshold) == (LOSS, 0.2, 0.1)
    assert found.blocked == ()


def test_drift_alone_notifies_and_names_its_columns():
    found = decide(some_inputs(harm=SOUND, drift=a_drift()))
    assert found.action is Action.NOTIFY
    (reason,) = found.reasons
    assert (reason.signal, reason.column, reason.observed, reason.threshold) == (
        "drift",
        "x",
        0.3,
        0.2,
    )
    assert found.blocked == ()


@pytest.mark.parametrize(
    ("trigger", "harm", "drift", "age", "action"),
    [
        (Trigger.HARM, HARM, None, None, Action.RETRAIN),
        (Trigger.HARM, SOUND, a_drift(), 99.0, Action.NOTIFY),
        (Trigger.HARM, SOUND, None, 99.0, Action.NONE),
        (Trigger.DRIFT, SOUND, a_drift(), None, Action.RETRAIN),
        (Trigger.DRIFT, SOUND, a_drift(alarm=False), None, Action.NONE),
        (Trigger.DRIFT, HARM, None, 99.0, Action.NOTIFY),
        (Trigger.SCHEDULE, SOUND, None, 30.0, Action.RETRAIN),
        (Trigger.SCHEDULE, SOUND, None, 29.999, Action.NONE),
        (Trigger.SCHEDULE, SOUND, None, None, Action.NONE),
        (Trigger.SCHEDULE, HARM, a_drift(), 1.0, Action.NOTIFY),
    ],
)
def test_only_what_the_spec_names_retrains(trigger, harm, drift, age, action):
    spec = a_spec(trigger=trigger)
    assert decide(some_inputs(spec, harm=harm, drift=drift, age_days=age)).action is action


@pytest.mark.parametrize(
    ("repeats", "earlier", "persists"), [(1, 0, True), (2, 0, False), (2, 1, True), (3, 1, False)]
)
def test_drift_retrains_where_it_has_persisted(repeats, earlier, persists):
    spec = a_spec(trigger=Trigger.DRIFT, drift_repeats=repeats)
    found = decide(some_inputs(spec, harm=SOUND, drift=a_drift(earlier=earlier)))
    assert found.action is (Action.RETRAIN if persists else Action.NOTIFY)
    assert blocked_by(found) == ([] if persists else ["persistence"])


@pytest.mark.parametrize("trigger", [Trigger.DRIFT, Trigger.SCHEDULE])
@pytest.mark.parametrize(("harm", "matured"), [(None, 0), (a_harm_report(enough=False), 199)])
def test_too_few_labels_to_judge_a_challenger_block(trigger, harm, matured):
    spec = a_spec(trigger=trigger)
    found = decide(some_inputs(spec, harm=harm, drift=a_drift(), age_days=31.0))
    assert found.action is Action.NOTIFY
    (reason,) = found.blocked
    assert (reason.signal, reason.observed, reason.threshold) == ("labels", matured, 200)


def test_labels_upside_down_block():
    found = decide(some_inputs(harm=a_harm_report(a_signal(LOSS), a_signal(INVERSION))))
    assert found.action is Action.NOTIFY
    assert blocked_by(found) == [INVERSION]
    assert asked_by(found) == [LOSS, INVERSION]


def test_a_quarantined_batch_notifies():
    found = decide(some_inputs(outcome=Outcome.QUARANTINE))
    assert found.action is Action.NOTIFY
    assert asked_by(found) == ["validation"]


def test_a_quarantined_batch_blocks_a_retraining_by_age():
    found = decide(
        some_inputs(
            a_spec(trigger="schedule"), outcome=Outcome.QUARANTINE, harm=SOUND, age_days=40.0
        )
    )
    assert found.action is Action.NOTIFY
    assert blocked_by(found) == ["validation"]


def test_a_warning_of_validation_neither_notifies_nor_blocks():
    assert decide(some_inputs(outcome=Outcome.WARN)).action is Action.NONE
    assert decide(some_inputs(outcome=Outcome.WARN, harm=HARM)).action is Action.RETRAIN


@pytest.mark.parametrize(
    ("signals", "action", "blocked"),
    [
        ([LOSS], Action.NOTIFY, ["challenger"]),
        ([LOSS, CALIBRATION], Action.NOTIFY, ["challenger"]),
        ([SKILL], Action.RETRAIN, []),
        ([SKILL, INVERSION], Action.NOTIFY, [INVERSION]),
    ],
)
def test_a_waiting_challenger_blocks_unless_the_champion_is_plainly_broken(
    signals, action, blocked
):
    found = decide(some_inputs(harm=a_harm_report(*map(a_signal, signals)), waiting=True))
    assert found.action is action
    assert blocked_by(found) == blocked


@pytest.mark.parametrize(("harmed", "broken"), [(True, True), (False, False)])
def test_only_lost_skill_is_plainly_broken(harmed, broken):
    assert plainly_broken(some_inputs(harm=a_harm_report(a_signal(SKILL, harmed=harmed)))) is broken
    assert not plainly_broken(some_inputs(harm=HARM))
    assert not plainly_broken(some_inputs())


@pytest.mark.parametrize(
    ("harm", "waiting", "expected"),
    [
        (SOUND, True, True),
        (HARM, True, True),
        (SOUND, False, False),
        (None, True, False),
        (a_harm_report(enough=False), True, False),
        (a_harm_report(a_signal(INVERSION)), True, False),
        (a_harm_report(a_signal(UNRELATED)), True, False),
    ],
)
def test_a_waiting_challenger_is_judged_again_on_enough_sound_labels(harm, waiting, expected):
    assert resumes(some_inputs(harm=harm, waiting=waiting)) is expected


@given(inputs())
def test_the_same_inputs_give_the_same_decision(given_inputs):
    assert decide(given_inputs) == decide(given_inputs)
    assert len(decide(given_inputs).id) == 16


@given(inputs())
def test_a_decision_can_be_made_again_from_what_is_stored(given_inputs):
    stored = json.loads(json.dumps(document(given_inputs)))
    again = stored_inputs(stored)
    assert decide(again) == decide(given_inputs)


@given(inputs())
def test_a_retraining_is_asked_for_and_forbidden_by_nothing(given_inputs):
    found = decide(given_inputs)
    if found.action is Action.RETRAIN:
        assert found.reasons
        assert found.blocked == ()
    if found.action is Action.NONE:
        assert found.reasons == ()
    if found.blocked:
        assert found.action is Action.NOTIFY


@given(inputs())
def test_without_enough_labels_or_with_poisoned_ones_nothing_retrains(given_inputs):
    harm = given_inputs.harm
    if harm is None or not harm.enough or {INVERSION, UNRELATED} & {s.signal for s in harm.signals}:
        assert decide(given_inputs).action is not Action.RETRAIN


@given(inputs(), names)
def test_more_harm_never_asks_for_less(given_inputs, name):
    order = [Action.NONE, Action.NOTIFY, Action.RETRAIN]
    harm = given_inputs.harm or a_harm_report(enough=False)
    worse = a_harm_report(*harm.signals, a_signal(name), enough=harm.enough)
    after = DecisionInputs(**{**vars(given_inputs), "harm": worse})
    assert order.index(decide(after).action) >= order.index(decide(given_inputs).action)


def test_the_id_follows_what_is_decided_on():
    here = some_inputs(harm=HARM)
    assert identify(here) == identify(some_inputs(harm=a_harm_report(a_signal(LOSS))))
    others = [
        some_inputs(harm=SOUND),
        some_inputs(harm=HARM, batch="other"),
        some_inputs(harm=HARM, champion=2),
        some_inputs(a_spec(harm_tolerance=0.1), harm=HARM),
        some_inputs(harm=HARM, waiting=True),
    ]
    assert len({identify(i) for i in [here, *others]}) == 6


def test_the_id_does_not_follow_how_long_scoring_took():
    timed = [a_harm_report(a_signal(LOSS), latency=Latency(ms, ms)) for ms in (1.0, 2.0)]
    assert len({identify(some_inputs(harm=h)) for h in [*timed, HARM]}) == 1


def test_what_is_not_a_number_still_has_an_id():
    report = a_harm_report(metrics={"auc": an_estimate(float("nan"))})
    assert decide(some_inputs(harm=report)).action is Action.NONE


def a_gain(value, error=0.001, *, passes=True, slope=None):
    saved = an_estimate(value, value - 2 * error, value + 2 * error, standard_error=error)
    return GainReport("log_loss", 0.5, saved, 400, 300, passes, within=False, slope=slope)


@pytest.mark.parametrize(
    ("slope", "action"), [(None, Action.NOTIFY), (0.29, Action.NOTIFY), (0.31, Action.RETRAIN)]
)
def test_a_changed_world_is_told_from_shuffled_labels_by_what_can_be_learnt(slope, action):
    """Of shuffled labels less confidence can be learnt, which saves loss, and nothing else."""
    slope = None if slope is None else an_estimate(slope, standard_error=0.1)
    harm = a_harm_report(a_signal(SKILL), a_signal(UNRELATED))
    found = decide(some_inputs(harm=harm, gain=a_gain(0.2, slope=slope)))
    assert found.action is action
    assert blocked_by(found) == ([] if action is Action.RETRAIN else [UNRELATED])


@pytest.mark.parametrize("asked", [None, "now"])
def test_shuffled_labels_block_even_what_a_person_asks_for(asked):
    inputs = some_inputs(harm=a_harm_report(a_signal(UNRELATED)), asked=asked)
    assert shuffled(inputs)
    assert decide(inputs).action is Action.NOTIFY


def test_labels_that_follow_are_not_shuffled_whatever_a_backtest_says():
    unlearnable = a_gain(0.2, slope=an_estimate(0.0, standard_error=0.1))
    assert not shuffled(some_inputs(harm=HARM, gain=unlearnable))


def test_expected_gain_retrains_without_harm_and_is_named():
    found = decide(some_inputs(harm=SOUND, gain=a_gain(0.05)))
    assert (found.action, asked_by(found)) == (Action.RETRAIN, ["gain"])


@pytest.mark.parametrize("trigger", [Trigger.DRIFT, Trigger.SCHEDULE])
def test_expected_gain_retrains_under_harm_alone(trigger):
    spec = a_spec(trigger=trigger)
    assert decide(some_inputs(spec, harm=SOUND, gain=a_gain(0.05))).action is Action.NOTIFY


def test_harm_that_newer_rows_would_not_reduce_notifies():
    found = decide(some_inputs(harm=HARM, gain=a_gain(-0.01)))
    assert (found.action, blocked_by(found)) == (Action.NOTIFY, ["gain"])


@pytest.mark.parametrize(
    ("signals", "action"), [((LOSS,), Action.NOTIFY), ((LOSS, SKILL), Action.RETRAIN)]
)
def test_a_plainly_broken_champion_needs_no_proof_and_no_pause(signals, action):
    harm = a_harm_report(*map(a_signal, signals))
    judged_batches = tuple(JudgedBatch(f"b{k}", 400, 1, retrained=k == 4) for k in range(5))
    inputs = some_inputs(harm=harm, gain=a_gain(0.001, 0.01), judged_batches=judged_batches)
    assert decide(inputs).action is action


def test_a_training_too_many_is_blocked_and_one_by_hand_is_not():
    judged_batches = tuple(JudgedBatch(f"b{k}", 400, 1, retrained=True) for k in range(9))
    blocked = decide(some_inputs(harm=HARM, judged_batches=judged_batches))
    assert (blocked.action, blocked_by(blocked)) == (Action.NOTIFY, ["budget", "cooldown"])
    assert (
        decide(some_inputs(harm=HARM, judged_batches=judged_batches, asked="now")).action
        is Action.RETRAIN
    )


def test_inputs_with_a_backtest_and_a_past_give_the_same_decision_again():
    judged_batches = (JudgedBatch("b0", 400, 1, retrained=True, saved=an_estimate(0.1)),)
    inputs = some_inputs(harm=HARM, gain=a_gain(0.05), judged_batches=judged_batches)
    assert decide(stored_inputs(json.loads(json.dumps(document(inputs))))) == decide(inputs)


def an_estimated(trust):
    return EstimateReport("log_loss", {"log_loss": 0.6}, 0.5, TrackRecord(4, 0.02), trust)


def test_a_suspect_estimate_notifies_and_never_retrains():
    found = decide(some_inputs(estimate=an_estimated(Trust.SUSPECT)))
    assert (found.action, asked_by(found)) == (Action.NOTIFY, ["estimate"])
    assert "unverified until labels arrive" in found.reasons[0].text


def test_an_unverified_estimate_says_nothing():
    assert decide(some_inputs(estimate=an_estimated(Trust.UNVERIFIED))).action is Action.NONE


def test_labels_take_the_place_of_an_estimate():
    found = decide(some_inputs(estimate=an_estimated(Trust.SUSPECT), harm=SOUND))
    assert asked_by(found) == []


def test_an_estimate_clears_nothing():
    fine = EstimateReport("log_loss", {"log_loss": 0.1}, 0.5, TrackRecord(9, 0.0), Trust.UNVERIFIED)
    with_it, without = (
        decide(some_inputs(estimate=estimate, harm=HARM)) for estimate in (fine, None)
    )
    assert (with_it.action, with_it.reasons) == (without.action, without.reasons)


def test_slices_decide_nothing_and_are_no_part_of_the_id():
    inputs = some_inputs(harm=HARM)
    worst = SliceMetrics("c", "a", 30, {"log_loss": an_estimate(9.0, 8.0, 10.0)})
    sliced = replace(
        inputs,
        spec=a_spec(harm_slices=("c", "d")),
        harm=replace(HARM, slices=(worst,), unsliced=("d",)),
    )
    assert decide(sliced) == decide(inputs)
    stored = json.loads(json.dumps(document(sliced)))
    assert stored_inputs(stored) == sliced
    del stored["spec"]["harm_slices"], stored["harm"]["slices"], stored["harm"]["unsliced"]
    assert identify(stored_inputs(stored)) == identify(inputs)  # as older releases stored them


def test_the_cause_decides_nothing_and_is_no_part_of_the_id():
    told = Attribution(an_estimate(0.1), None, None, None, 0.5, Cause.AMBIGUOUS)
    inputs = some_inputs(harm=HARM)
    assert identify(replace(inputs, harm=replace(HARM, attribution=told))) == identify(inputs)


@pytest.mark.parametrize("days", [-3, 0, 30])
def test_a_champion_is_as_old_as_the_data_between_its_newest_row_and_the_batch(days):
    trained = Period(START - timedelta(days=400), START - timedelta(days=days))
    assert age_days(Period(START - timedelta(days=5), START), trained) == days


def test_age_without_times_is_unknown():
    known = Period(START, START)
    assert age_days(None, known) is age_days(known, None) is None
