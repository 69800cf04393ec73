"""Replay on real parts: every policy in a registry and a ledger of its own."""

import pytest

from flows.replay import replay
from tests.flows.world import TRAINING_DAYS, a_spec, batch_rows, of_task, rows_of, walked

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_three_classes_are_replayed_beside_a_home_in_use(doors, delivery):
    data = delivery.reference(of_task(rows_of(TRAINING_DAYS), "multiclass"))
    batches = [
        delivery.batch(f"b{n}", of_task(batch_rows(n, changed=n > 0), "multiclass"))
        for n in range(3)
    ]
    before = doors.ledger.promotions("shop")
    doc = replay(a_spec(task="multiclass"), data, batches)
    assert doc["metric_name"] == "log_loss"
    policies = {name: line["metric"] for name, line in doc["policies"].items()}
    assert max(policies.values()) < 1.0  # below the log loss of a guess among three, 1.0986
    assert doc["policies"]["always"]["trainings"] == 2
    assert [b["rows"] for b in doc["batches"]] == [600] * 3
    assert doors.ledger.promotions("shop") == before
    assert doors.ledger.batches("shop") == ()


def moved_rows(number):
    """A batch of a world that has changed, with a feature that has moved as well."""
    rows = batch_rows(number, changed=True)
    return rows.assign(price=rows["price"] + 1.5)


def test_every_spec_has_a_line_of_its_own_which_the_loop_in_memory_repeats(doors, delivery):
    """The same history and rules: the same losses, batch by batch, trainings and promotions."""
    data = delivery.reference(rows_of(TRAINING_DAYS))
    rows = [batch_rows(0), *(moved_rows(n) for n in range(1, 4))]
    batches = [delivery.batch(f"b{n}", table) for n, table in enumerate(rows)]
    specs = {
        "age": a_spec(trigger="schedule", schedule_days=6),
        "drift": a_spec(trigger="drift", drift_repeats=1),
        "idle": a_spec(trigger="schedule", schedule_days=3_650),
    }
    doc = replay(a_spec(), data, batches, 0, specs)
    lines = {name: (p["metric"], p["trainings"]) for name, p in doc["policies"].items()}
    assert list(lines) == ["never", "always", "periodic", "incumbent", *specs]
    assert lines["idle"] == lines["never"]
    assert all(b["metric"].keys() == lines.keys() for b in doc["batches"])
    assert doors.ledger.batches("shop") == ()
    for name, spec in {"incumbent": a_spec(), **specs}.items():
        tried = walked(spec, data, batches)
        found = [b["metric"][name] for b in doc["batches"]]
        assert found == pytest.approx(list(tried.losses), abs=1e-12), name
        line = doc["policies"][name]
        counts = (line["trainings"], line["fits"], line["promotions"])
        assert counts == (tried.trainings, tried.fits, tried.promotions), name
        assert tried.trainings >= 1 or name == "idle"
