"""Who works on a model, who waits, and who is taken for dead."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from incumbent.errors import LeaseError
from tasks.lease import holding
from tasks.training import register
from tests.flows.world import a_spec, batch_rows

SPEC = a_spec()
NOW = datetime(2024, 3, 20, tzinfo=UTC)
POLLS = 1_000


def pause():
    """A hundredth of a second that leaves other threads their turn."""
    return not threading.Event().wait(0.01)


def others_lease(loop, seconds=60.0):
    now = datetime.now(UTC)
    return loop.gateways.ledger.acquire("shop", "another", timedelta(seconds=seconds), now)


def test_what_is_held_is_given_back(loop):
    with holding(SPEC) as gateways:
        assert others_lease(loop) is None
        assert gateways.ledger.lease("shop").until > datetime.now(UTC)
    assert others_lease(loop) is not None


def test_what_is_held_is_given_back_by_a_run_that_fails(loop):
    with pytest.raises(ZeroDivisionError), holding(SPEC):
        _ = 1 / 0
    assert others_lease(loop) is not None


def test_a_flow_within_a_flow_is_under_the_same_lease(loop):
    with holding(SPEC) as outer, holding(SPEC) as inner:
        assert outer is inner
        assert loop.gateways.ledger.lease("shop").fence == outer.ledger.lease("shop").fence


def test_models_do_not_wait_for_each_other(loop):
    with holding(SPEC), holding(a_spec(name="other")):
        assert others_lease(loop) is None


def test_a_run_that_may_wait_no_longer_says_for_whom(loop, delivery, monkeypatch):
    monkeypatch.setenv("INCUMBENT_PATIENCE_SECONDS", "0.01")
    others_lease(loop)
    with pytest.raises(LeaseError, match="Another run works on") as caught:
        loop.monitor(SPEC, delivery.batch("b0", batch_rows(0)))
    assert "another" in caught.value.observed
    assert loop.gateways.ledger.batches("shop") == ()


def test_a_holder_that_is_not_heard_of_any_more_is_not_waited_for(loop, delivery):
    others_lease(loop, seconds=0.1)
    (document,) = loop.monitor(SPEC, delivery.batch("b0", batch_rows(0)))
    assert document["decision"]["action"] == "none"


def test_a_lease_lasts_as_long_as_the_work(loop, monkeypatch):
    monkeypatch.setenv("INCUMBENT_LEASE_SECONDS", "0.3")
    with holding(SPEC) as gateways:
        first = gateways.ledger.lease("shop").until
        renewed = (gateways.ledger.lease("shop").until > first for _ in range(POLLS) if pause())
        assert any(renewed)


def test_a_run_that_was_taken_over_from_writes_nothing_more(loop):
    with holding(SPEC) as gateways:
        later = datetime.now(UTC) + timedelta(hours=1)
        assert loop.gateways.ledger.acquire("shop", "another", timedelta(hours=1), later)
        with pytest.raises(LeaseError, match="taken over"):
            gateways.ledger.close_challenger("shop", NOW)
        champion = loop.registry.load(loop.gateways.ledger.champion("shop"))
        with pytest.raises(LeaseError, match="taken over"):
            register(gateways, "b0", champion.model, loop.training_rows(), "too late")
        with pytest.raises(LeaseError, match="taken over"):
            gateways.registry.point("shop", "champion", 1)
    assert loop.gateways.ledger.lease("shop").holder == "another"
    assert len(loop.registry.registered("shop")) == 1
