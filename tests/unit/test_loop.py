"""The loop in memory: what a walk over a labelled history does, and what policies share."""

import numpy as np
import pandas as pd
import pytest

from incumbent.loop.state import FitKey, Part
from incumbent.params import Trigger
from incumbent.records import Outcome, ValidationReport
from incumbent.replay.fits import FIRST, Fits
from incumbent.replay.labelled_history import LabelledHistory
from incumbent.replay.loop import fixed_policy, occasions, replay_policy, through
from incumbent.replay.state import ReplayState
from tests.unit.histories import SPEC, a_history

AGED = SPEC.model_copy(update={"trigger": Trigger.SCHEDULE, "schedule_days": 5.0})
DRIFT = SPEC.model_copy(update={"trigger": Trigger.DRIFT, "drift_repeats": 1})
EVERY_TRIGGER = pytest.mark.parametrize("spec", [SPEC, AGED, DRIFT], ids=lambda s: s.trigger.value)
QUARANTINED = ValidationReport(Outcome.QUARANTINE)


class CountedFits(Fits):
    """Fits that count how often a model is made."""

    made = 0

    def _fit(self, rows, key):
        self.made += 1
        return super()._fit(rows, key)


@pytest.fixture(scope="module")
def fits():
    found = CountedFits(a_history(), SPEC)
    replay_policy(found)
    yield found
    found.close()


def arrived(reports=None, change=None):
    """Fits on a history whose batches have arrived, each as `change` makes it of its table."""
    history = a_history(reports=reports)
    state = ReplayState(Fits(history, SPEC), SPEC)
    for position in range(len(history)):
        state.arrive(position)
    if change is None:
        return state.fits
    tables = [history.reference]
    tables += [change(k, history.batch(k).rows) for k in range(len(history))]
    again = LabelledHistory.of_tables("made", SPEC, history.kinds, tables, reports)
    other = ReplayState(Fits(again, SPEC), SPEC)
    for position in range(len(again)):
        other.arrive(position)
    return other.fits


@EVERY_TRIGGER
@pytest.mark.parametrize("delay", [0, 1, 5, 9])
def test_every_batch_is_scored_and_judged_once(fits, spec, delay):
    found = replay_policy(fits, spec, delay)
    assert found.rows == (80,) * 5
    assert len(found.losses) == len(found.actions) == len(found.verdicts) == 5
    assert found.scored_by[: delay + 1] == (1,) * min(delay + 1, 5)
    assert list(found.scored_by) == sorted(found.scored_by)
    assert found.promotions == found.verdicts.count("promote")


def test_policies_and_delays_share_their_fits(fits):
    """At most two for each batch, with and without its half, and one for the reference."""
    for delay in (0, 1):
        for spec in (SPEC, AGED, DRIFT):
            replay_policy(fits, spec, delay)
    assert fits.made <= 2 * 5 + 1


def test_a_schedule_trains_after_every_batch_and_an_idle_one_never(fits):
    assert replay_policy(fits, AGED).trained == (True,) * 5
    idle = AGED.model_copy(update={"schedule_days": 3_650.0})
    assert replay_policy(fits, idle).losses == fixed_policy(fits, ()).losses


def test_drift_trains_where_the_world_has_moved(fits):
    assert replay_policy(fits, DRIFT).trained.index(True) == 2
    blind = DRIFT.model_copy(update={"drift_effect_floor": 1.0})
    assert replay_policy(fits, blind).trainings == 0


@EVERY_TRIGGER
@pytest.mark.parametrize("delay", [0, 1])
def test_labels_change_nothing_before_they_arrive(fits, spec, delay):
    def turned(position, rows):
        return rows.assign(y=rows["y"].map({"0": "1", "1": "0"})) if position == 3 else rows

    before, after = replay_policy(fits, spec, delay), replay_policy(arrived(None, turned), spec)
    after = replay_policy(arrived(None, turned), spec, delay)
    assert before.actions[:3] == after.actions[:3]
    assert before.scored_by[: 4 + delay] == after.scored_by[: 4 + delay]
    assert before.losses[3] != after.losses[3]


def test_a_quarantined_batch_is_neither_scored_nor_learnt():
    found = arrived({1: QUARANTINED})
    assert len(found.fitted_rows(through(found, 2))) == len(found.fitted_rows(FIRST)) + 160
    trial = replay_policy(found, AGED)
    assert trial.trained == (True, False, True, True, True)
    assert trial.verdicts[1] is None
    for policy in (trial, fixed_policy(found, ()), fixed_policy(found, occasions(found))):
        assert np.isnan(policy.losses).tolist() == [False, True, False, False, False]


def test_excluded_rows_are_scored_and_otherwise_as_if_they_had_not_arrived():
    broken = np.flatnonzero(np.arange(80) % 4 == 0)
    marked = arrived({2: ValidationReport(Outcome.WARN, (), tuple(broken.tolist()))})

    def without_them(position, rows):
        return rows.drop(index=broken).reset_index(drop=True) if position == 2 else rows

    gone = arrived(None, without_them)
    key = FitKey(("0", "1", "2"))
    pd.testing.assert_frame_equal(marked.fitted_rows(key), gone.fitted_rows(key))
    first, second = (f.evaluate(FitKey(("0", "1")), "2", Part.WHOLE) for f in (marked, gone))
    assert first.values.tolist() == second.values.tolist()
    assert len(marked.predictions(2, FIRST).values) == 80
    assert replay_policy(marked, AGED).rows == (80,) * 5


def test_rows_without_a_label_are_scored_and_judge_nothing():
    def half_known(position, rows):
        return rows.assign(y=rows["y"].where(np.arange(80) % 2 == 0)) if position == 2 else rows

    found = arrived(None, half_known)
    trial = replay_policy(found, AGED)
    assert trial.rows == (80, 80, 40, 80, 80)
    assert len(found.rows("2")) == 40
    assert np.isfinite(trial.losses).all()


def test_a_third_class_among_two_is_not_learnt():
    def third(position, rows):
        return rows.assign(y=rows["y"].where(np.arange(80) > 3, "7")) if position == 2 else rows

    found = arrived(None, third)
    assert len(found.rows("2")) == 76
    assert found.model(FitKey(("2",))).classes_.tolist() == ["0", "1"]
    # a twentieth of its labels is none: that batch neither retrains, nor is it learnt
    assert replay_policy(found, AGED).trained == (True, True, False, True, True)


def test_a_batch_of_nothing_but_excluded_rows_brings_nothing_new():
    every = ValidationReport(Outcome.WARN, (), tuple(range(80)))
    found = arrived({0: every})
    assert through(found, 1) == FitKey(("1",))


@pytest.mark.parametrize("delay", [0, 2])
def test_each_batch_is_scored_by_the_newest_model_whose_labels_had_arrived(fits, delay):
    found = fixed_policy(fits, occasions(fits, delay), delay).losses
    newest = [k - 1 - delay for k in range(5)]
    keys = [FIRST if k < 0 else through(fits, k) for k in newest]
    assert found == tuple(fits.mean_loss(k, key) for k, key in enumerate(keys))


def test_the_plain_recipe_counts_all_rows_alike(fits):
    when = occasions(fits)
    plain, own = fixed_policy(fits, when, recent=False), fixed_policy(fits, when)
    assert plain.losses[0] == own.losses[0]
    assert plain.losses[2] != own.losses[2]


def test_the_spacing_of_batches_is_known_in_days(fits):
    assert fits.history.spacing() == 10.0
