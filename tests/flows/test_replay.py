"""Replay on real parts: every policy in a registry and a ledger of its own."""

import signal
from importlib import import_module
from pathlib import Path

import pytest

from flows.replay import replay
from incumbent.gateways.journal import Journal
from tests.flows.others import killed_replay
from tests.flows.world import TRAINING_DAYS, a_spec, batch_rows, of_task, rows_of, walked

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_three_classes_are_replayed_beside_a_home_in_use(gateways, delivery):
    data = delivery.reference(of_task(rows_of(TRAINING_DAYS), "multiclass"))
    batches = [
        delivery.batch(f"b{n}", of_task(batch_rows(n, changed=n > 0), "multiclass"))
        for n in range(3)
    ]
    before = gateways.ledger.promotions("shop")
    doc = replay(a_spec(task="multiclass"), data, batches, recommends=False)
    assert doc["metric_name"] == "log_loss"
    policies = {name: line["metric"] for name, line in doc["policies"].items()}
    assert max(policies.values()) < 1.0  # below the log loss of a guess among three, 1.0986
    assert doc["policies"]["always"]["trainings"] == 2
    assert [b["rows"] for b in doc["batches"]] == [600] * 3
    assert gateways.ledger.promotions("shop") == before
    assert gateways.ledger.batches("shop") == ()


def moved_rows(number):
    """A batch of a world that has changed, with a feature that has moved as well."""
    rows = batch_rows(number, changed=True)
    return rows.assign(price=rows["price"] + 1.5)


SPECS = {
    "age": a_spec(trigger="schedule", schedule_days=6),
    "drift": a_spec(trigger="drift", drift_repeats=1),
}


@pytest.fixture
def inputs(delivery):
    """Three batches of another world: what `replay` and the loop in memory are told."""
    data = delivery.reference(rows_of(TRAINING_DAYS))
    return data, [delivery.batch(f"b{n}", moved_rows(n)) for n in range(3)]


def test_lines_are_repeated_by_the_loop_in_memory_and_by_a_replay_that_was_killed(
    gateways, home, inputs, monkeypatch, capsys
):
    monkeypatch.setenv("INCUMBENT_LEASE_SECONDS", "1.5")
    how = {"against": SPECS, "recommends": False}
    whole = replay(a_spec(), *inputs, **how)
    require_lines_of_the_loop(whole, inputs)
    assert list((home / "replays").iterdir()) == []
    assert gateways.ledger.batches("shop") == ()

    # Killed after the change was judged and learnt: nothing of that is done again.
    assert killed_replay(a_spec(), *inputs, "judged 1", **how) == -signal.SIGKILL
    (folder,) = (path for path in (home / "replays").iterdir() if path.is_dir())
    stopped = Journal(folder / "journal.jsonl")
    assert stopped["judged 0"]["verdict"]["verdict"] == "promote"
    assert [stopped[f"scored {n}"]["version"] for n in range(2)] == [1, 2]
    flow, asked = import_module("flows.replay"), []
    real = flow.monitor
    monkeypatch.setattr(flow, "train", None)
    monkeypatch.setattr(flow, "monitor", lambda *given: asked.append(given[1]) or real(*given))
    capsys.readouterr()
    resumed = replay(a_spec(), *inputs, **how)
    assert [Path(path).stem for path in asked] == ["b2"]
    assert "Going on after batch 2 of 3." in capsys.readouterr().out
    assert without_seconds(resumed) == without_seconds(whole)


def require_lines_of_the_loop(doc, inputs):
    """The same history and rules: the same losses, batch by batch, trainings and promotions."""
    lines = {"incumbent": a_spec(), **SPECS}
    assert list(doc["policies"]) == ["never", "always", "periodic", *lines]
    for name, spec in lines.items():
        tried, line = walked(spec, *inputs), doc["policies"][name]
        found = [b["metric"][name] for b in doc["batches"]]
        assert found == pytest.approx(list(tried.losses), abs=1e-12), name
        counts = (line["trainings"], line["fits"], line["promotions"])
        assert counts == (tried.trainings, tried.fits, tried.promotions), name
        assert tried.trainings >= 1, name


def without_seconds(doc):
    policies = doc["policies"].items()
    return {**doc, "policies": {n: {**p, "fit_seconds": None} for n, p in policies}}
