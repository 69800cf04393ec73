"""The loop in memory; tests/flows/test_replay.py holds it to the real flows."""

from dataclasses import replace

import numpy as np
import pytest

from incumbent.params import Trigger
from incumbent.replay.fits import FitKey, Fits
from incumbent.replay.history import History
from incumbent.replay.loop import fixed, replay_policy
from incumbent.replay.state import first_champion
from tests.unit.histories import SPEC, a_history

AGED = SPEC.model_copy(update={"trigger": Trigger.SCHEDULE, "schedule_days": 5.0})
DRIFT = SPEC.model_copy(update={"trigger": Trigger.DRIFT, "drift_repeats": 1})
EVERY_TRIGGER = pytest.mark.parametrize("spec", [SPEC, AGED, DRIFT], ids=lambda s: s.trigger.value)


class CountedFits(Fits):
    """Fits that count how often a model is made."""

    made = 0

    def _made(self, key):
        self.made += 1
        return super()._made(key)


@pytest.fixture(scope="module")
def fits():
    history = a_history()
    return CountedFits(history, history.spec)


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
    """At most two for each batch and one for the reference, whatever is tried."""
    for delay in (0, 1):
        for spec in (SPEC, AGED, DRIFT):
            replay_policy(fits, spec, delay)
    assert fits.made <= 2 * 5 + 1


def test_a_schedule_trains_after_every_batch_and_an_idle_one_never(fits):
    assert replay_policy(fits, AGED).trained == (True,) * 5
    idle = AGED.model_copy(update={"schedule_days": 3_650.0})
    assert replay_policy(fits, idle).losses == fixed(fits, ()).losses


def test_drift_trains_where_the_world_has_moved(fits):
    assert replay_policy(fits, DRIFT).trained.index(True) == 2
    blind = DRIFT.model_copy(update={"drift_effect_floor": 1.0})
    assert replay_policy(fits, blind).trainings == 0


@EVERY_TRIGGER
@pytest.mark.parametrize("delay", [0, 1])
def test_labels_change_nothing_before_they_come(fits, spec, delay):
    history = fits.history
    turned = history.batch(3).assign(y=lambda rows: rows["y"].map({"0": "1", "1": "0"}))
    other = replace(history, tables=(*history.tables[:4], turned, *history.tables[5:]))
    before, after = replay_policy(fits, spec, delay), replay_policy(Fits(other, SPEC), spec, delay)
    assert before.actions[:3] == after.actions[:3]
    assert before.scored_by[: 4 + delay] == after.scored_by[: 4 + delay]
    assert before.losses[3] != after.losses[3]


def test_a_batch_that_is_set_aside_is_never_learnt_from():
    history = a_history(set_aside=[1])
    found = Fits(history, SPEC)
    assert found.size(FitKey(2, recent=True)) == found.size(FitKey(0, recent=True)) + 80
    tried = replay_policy(found, AGED)
    assert tried.trained == (True, False, True, True, True)
    assert tried.verdicts[1] is None


def test_rows_that_are_excluded_are_judged_for_harm_and_otherwise_as_if_they_had_not_come():
    history, broken = a_history(), np.arange(80) % 4 == 0
    marked = replace(history, excluded={2: broken})
    rows = history.batch(2)[~broken]
    gone = replace(history, tables=(*history.tables[:3], rows, *history.tables[4:]))
    key, champion = FitKey(2, recent=True), FitKey(1, recent=True)
    found, without = Fits(marked, SPEC), Fits(gone, SPEC)
    assert found.size(key) == without.size(key) == len(history.through(2)) - 20
    assert found.losses(4, key)[0].tolist() == without.losses(4, key)[0].tolist()
    judged, wanted = found.judging(2, champion), without.losses(2, champion)[1]
    assert {n: v.tolist() for n, v in judged.items()} == {n: v.tolist() for n, v in wanted.items()}
    assert len(found.losses(2, champion)[0]) == 80
    assert replay_policy(found, AGED).rows == (80,) * 5


def test_a_batch_of_nothing_but_excluded_rows_is_no_news():
    whole = np.ones(80, dtype=bool)
    found = Fits(replace(a_history(), excluded={0: whole}), SPEC)
    assert not first_champion(found, SPEC).has_new_rows(1)
    assert first_champion(found, SPEC).has_new_rows(2)


@pytest.mark.parametrize("delay", [0, 2])
def test_fixed_policies_are_those_of_the_replay(fits, delay):
    tables = fits.history.tables
    history = History(SPEC, fits.history.kinds, tables[0], delay)
    for table in tables[1:]:
        history.append(table)
    after = history.occasions()
    expected = history.tally(after)
    history.close()
    found = fixed(fits, tuple(after), delay)
    assert found.losses == pytest.approx(expected.losses, abs=1e-12)
    assert (found.trainings, found.fits) == (expected.trainings, expected.fits)


def test_the_spacing_of_batches_is_known_in_days():
    assert a_history().spacing() == 10.0
    timeless = SPEC.model_copy(update={"timestamp": None})
    assert replace(a_history(), spec=timeless).spacing() is None
