import pytest

from incumbent.policy.limits import allowed_trainings, limit_reasons
from incumbent.records import JudgedBatch
from tests.unit.builders import a_spec, some_inputs


def batches(*retrained):
    return tuple(JudgedBatch(f"b{k}", 400, 1, bool(r)) for k, r in enumerate(retrained))


def limits(judged_batches, *, broken=False, **fields):
    return [
        r.signal
        for r in limit_reasons(
            some_inputs(a_spec(**fields), judged_batches=judged_batches), broken=broken
        )
    ]


@pytest.mark.parametrize(
    ("budget", "batches", "allowed"), [(0.4, 5, 2), (0.4, 6, 3), (1.0, 10, 10), (0.01, 10, 1)]
)
def test_the_share_of_batches_that_may_train_is_rounded_up(budget, batches, allowed):
    assert allowed_trainings(budget, batches) == allowed


def test_the_first_batch_may_train():
    assert limits(()) == []


@pytest.mark.parametrize(("since", "found"), [(0, ["cooldown"]), (1, [])])
def test_the_cooldown_counts_batches(since, found):
    assert limits(batches(0, 0, 0, 0, 1, *[0] * since)) == found


def test_a_plainly_broken_champion_waits_for_no_cooldown():
    assert limits(batches(0, 0, 0, 0, 1), broken=True) == []


def test_no_cooldown_where_none_is_set():
    assert limits(batches(0, 0, 0, 0, 1), decision_cooldown=0) == []


@pytest.mark.parametrize(("made", "found"), [(3, []), (4, ["budget"]), (5, ["budget"])])
def test_the_budget_of_ten_batches_is_spent_at_four_whatever_is_broken(made, found):
    judged_batches = batches(*[1] * made, *[0] * (9 - made))
    assert limits(judged_batches, broken=True) == found


def test_trainings_of_long_ago_do_not_count():
    assert limits(batches(*[1] * 50, *[0] * 49)) == []
