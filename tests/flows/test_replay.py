"""Replay as a flow of a real Prefect, interrupted and taken up again."""

import signal
from importlib import import_module

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
    "larger": a_spec(training_leaves=31),
}


@pytest.fixture
def inputs(delivery):
    """Three batches of another world: what a replay is given."""
    data = delivery.reference(rows_of(TRAINING_DAYS))
    return data, [delivery.batch(f"b{n}", moved_rows(n)) for n in range(3)]


def test_other_specs_are_compared_and_a_killed_replay_is_taken_up(
    gateways, home, inputs, monkeypatch
):
    how = {"against": SPECS, "recommends": False}
    whole = replay(a_spec(), *inputs, **how)
    require_lines_of_the_loop(whole, inputs)
    assert list((home / "replays").iterdir()) == []
    assert gateways.ledger.batches("shop") == ()

    # Killed after the first of the other specs was walked: that one is not walked again.
    assert killed_replay(a_spec(), *inputs, "trial ", **how) == -signal.SIGKILL
    (folder,) = (path for path in (home / "replays").iterdir() if path.is_dir())
    stopped = Journal(folder / "journal.jsonl")
    assert sum(key.startswith("trial ") for key in stopped) == 1
    candidates = import_module("incumbent.replay.candidates")
    real, walks = candidates.replay_policy, []
    monkeypatch.setattr(
        candidates, "replay_policy", lambda *given: walks.append(given) or real(*given)
    )
    resumed = replay(a_spec(), *inputs, **how)
    assert len(walks) == len(SPECS) - 1
    assert without_seconds(resumed) == without_seconds(whole)
    assert list((home / "replays").iterdir()) == []


def require_lines_of_the_loop(doc, inputs):
    """The same history and rules: the same losses, batch by batch, trainings and promotions."""
    lines = {"incumbent": a_spec(), **SPECS}
    assert list(doc["policies"]) == ["never", "always", "periodic", *lines]
    for name, spec in lines.items():
        trial, line = walked(spec, *inputs), doc["policies"][name]
        found = [b["metric"][name] for b in doc["batches"]]
        assert found == pytest.approx(list(trial.losses), abs=1e-12), name
        counts = (line["trainings"], line["fits"], line["promotions"])
        assert counts == (trial.trainings, trial.fits, trial.promotions), name
        assert trial.trainings >= 1, name


def without_seconds(doc):
    policies = doc["policies"].items()
    return {**doc, "policies": {n: {**p, "fit_seconds": None} for n, p in policies}}
