"""A process killed at any place of a promotion, and two that come at once: one champion remains."""

import signal

import pytest
from prefect import get_client
from prefect.client.schemas.objects import StateType

from flows.monitor import monitor
from flows.train import train
from incumbent.records import BatchStatus, PromotionKind
from tasks.gateways import open_gateways
from tests.fakes.gateway import client_of, runs_of
from tests.flows.invariants import require_whole
from tests.flows.others import STEPS, ended, started
from tests.flows.world import TRAINING_DAYS, a_spec, batch_rows, rows_of

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.attack]

CHANGED = batch_rows(0, changed=True)
PLACES = [("before", "judged"), *(("after", step) for step in STEPS)]


@pytest.fixture(autouse=True)
def _short_leases(monkeypatch):
    monkeypatch.setenv("INCUMBENT_LEASE_SECONDS", "1.5")


def states_of_flow_runs():
    with get_client(sync_client=True) as client:
        return [run.state_type for run in client.read_flow_runs()]


@pytest.mark.parametrize(("when", "step"), PLACES)
def test_a_run_killed_while_promoting_is_finished_by_the_next(when, step, gateways, delivery, spec):
    path = delivery.batch("b0", CHANGED)
    process, _ = started("monitor", spec, None, end_at=(when, step))
    assert ended(process) == -signal.SIGKILL
    assert StateType.RUNNING in states_of_flow_runs()

    monitor(spec)
    (document,) = monitor(spec, path)
    assert document["decision"]["action"] == "retrain"
    assert document["verdict"]["verdict"] == "promote"
    assert document["champion"]["version_before"] == 1
    assert document["champion"]["version_after"] == gateways.ledger.champion("shop").number
    require_whole(gateways, [PromotionKind.INSTALL, PromotionKind.PROMOTE])
    (entry,) = gateways.ledger.batches("shop")
    assert entry.status is BatchStatus.HANDLED
    runs = [run.info for run in runs_of(client_of(gateways.registry), "shop")]
    for name in ("timeline", "monitor b0", "shadow v1 b0"):
        assert [run.run_name for run in runs].count(name) == 1
    scored = (gateways.predictions.read("shop", entry.batch.digest, n) for n in (1, 2))
    assert [predictions is None for predictions in scored] == [False, True]
    published = {v.version.run_id for v in gateways.registry.registered("shop") if not v.archived}
    assert sorted(r.run_name for r in runs if r.run_id in published) == ["train b0", "train shop"]
    assert document["duplicate"]


@pytest.mark.parametrize(("when", "step"), [("before", "intent"), ("after", "alias")])
def test_a_first_training_killed_is_finished_by_the_next(
    when, step, prefect, tmp_path, delivery, monkeypatch
):
    monkeypatch.setenv("INCUMBENT_HOME", str(tmp_path / "home"))
    data, spec = delivery.reference(rows_of(TRAINING_DAYS)), a_spec(source=delivery.source)
    process, _ = started("train", spec, data, end_at=(when, step))
    assert ended(process) == -signal.SIGKILL
    gateways = open_gateways()
    assert gateways.ledger.champion("shop") is None
    if step == "intent":
        train(spec, data)
    else:  # any later run finishes the intent
        monitor(spec, delivery.batch("b0", batch_rows(0)))
    require_whole(gateways, [PromotionKind.INSTALL])


def test_of_two_runs_at_once_one_handles_the_batch_and_the_other_says_so(gateways, delivery, spec):
    path = delivery.batch("b0", CHANGED)
    racers = [started("monitor", spec, path) for _ in range(2)]
    documents = [answers.get(timeout=120)[0] for _, answers in racers]
    assert [ended(process) for process, _ in racers] == [0, 0]
    documents.sort(key=lambda document: document["duplicate"])
    assert documents[1] == {**documents[0], "duplicate": True}
    assert not documents[0]["duplicate"]
    require_whole(gateways, [PromotionKind.INSTALL, PromotionKind.PROMOTE])
