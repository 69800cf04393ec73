"""Eight at once: each batch is handled once, and of eight requests one is carried out."""

import pytest

from flows.monitor import monitor
from incumbent.records import BatchStatus, PromotionKind
from tests.flows.invariants import require_nothing_doubled, require_one_champion
from tests.flows.others import ended, started
from tests.flows.world import batch_rows

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.attack]

CROWD = 8


def test_eight_runs_handle_eight_batches_once_each(gateways, delivery, spec):
    paths = [delivery.batch(f"b{k}", batch_rows(k)) for k in range(CROWD)]
    racers = [started("monitor", spec, path) for path in paths]
    documents = [answers.get(timeout=300)[0] for _, answers in racers]
    assert [ended(process) for process, _ in racers] == [0] * CROWD
    assert sorted(d["batch"]["id"] for d in documents) == [f"b{k}" for k in range(CROWD)]
    assert not any(d["duplicate"] for d in documents)
    entries = gateways.ledger.batches("shop")
    assert {e.status for e in entries} == {BatchStatus.HANDLED}
    assert len(entries) == CROWD
    require_one_champion(gateways)
    require_nothing_doubled(gateways)


def test_of_eight_who_roll_back_one_does_and_all_are_answered_alike(gateways, delivery, spec):
    monitor(spec, delivery.batch("b0", batch_rows(0, changed=True)))
    assert gateways.ledger.champion("shop").number == 2
    racers = [started("rollback", spec, "complaints", 2) for _ in range(CROWD)]
    documents = [answers.get(timeout=300) for _, answers in racers]
    assert [ended(process) for process, _ in racers] == [0] * CROWD
    assert all(d == documents[0] for d in documents)
    kinds = [p.kind for p in gateways.ledger.promotions("shop")]
    assert kinds == [PromotionKind.INSTALL, PromotionKind.PROMOTE, PromotionKind.ROLL_BACK]
    assert gateways.ledger.champion("shop").number == 1
    require_one_champion(gateways)
