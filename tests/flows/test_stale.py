"""A run stopped past its lease, and woken when another has done its work: it changes nothing.

It stops before or after the check that the lease is still its own, which comes before each write
outside the ledger. A write that was checked already is made late: what it does, the next run
mends.
"""

import os
import signal

import pytest

from flows.monitor import monitor
from incumbent.gateways.ledger import Ledger
from incumbent.records import BatchStatus, PromotionKind
from tests.flows.invariants import require_whole
from tests.flows.others import ended, eventually, is_stopped, started
from tests.flows.world import batch_rows

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.attack]

CHANGED, NEXT = (batch_rows(k, changed=True) for k in range(2))
WRITES = 24  # outside the ledger, of a run that promotes


@pytest.fixture(autouse=True)
def _short_leases(monkeypatch):
    monkeypatch.setenv("INCUMBENT_LEASE_SECONDS", "1.5")


# MLflow has no compare-and-set: the end of a report that was checked already is written late.
UNCLOSED = ("after", 22)
PLACES = [("after", k) for k in range(0, WRITES, 2)] + [("before", k) for k in range(0, WRITES, 8)]


@pytest.mark.parametrize(("when", "place"), PLACES)
def test_a_run_that_wakes_up_late_changes_nothing(place, when, gateways, delivery, spec, home):
    delivery.batch("b0", CHANGED)
    process, _ = started("monitor", spec, None, end_at=(when, place))
    assert eventually(lambda: is_stopped(process))
    (document,) = monitor(spec)
    champion = gateways.ledger.champion("shop")
    assert document["champion"] == {"version_before": 1, "version_after": champion.number}
    os.kill(process.pid, signal.SIGCONT)
    assert ended(process) in {0, 1}  # it has found nothing to do, or has lost the model

    delivery.batch("b1", NEXT)
    (later,) = monitor(spec)
    assert later["champion"]["version_after"] == champion.number
    twice = {"monitor b0"} if (when, place) == UNCLOSED else set()
    require_whole(gateways, [PromotionKind.INSTALL, PromotionKind.PROMOTE], twice)
    assert {e.status for e in gateways.ledger.batches("shop")} == {BatchStatus.HANDLED}
    scored = [path.stem.split("-v")[1] for path in home.rglob("predictions/*-v*.parquet")]
    assert sorted(scored) == ["1", str(champion.number)]


def test_every_write_outside_has_a_place(gateways, delivery, spec, monkeypatch):
    ask, asked = Ledger.require_lease, []
    monkeypatch.setattr(Ledger, "require_lease", lambda ledger: asked.append(ask(ledger)))
    delivery.batch("b0", CHANGED)
    monitor(spec)
    assert len(asked) == WRITES
