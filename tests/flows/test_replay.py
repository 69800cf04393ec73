"""Replay on real parts: every policy in a registry and a ledger of its own."""

import pytest

from flows.replay import replay
from tests.flows.world import TRAINING_DAYS, a_spec, batch_rows, of_task, rows_of

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


def test_another_spec_has_a_line_of_its_own_and_changes_no_other(doors, delivery):
    """The same rules bring the same; a schedule that is never due brings what never does."""
    data = delivery.reference(rows_of(TRAINING_DAYS))
    batches = [delivery.batch(f"b{n}", batch_rows(n, changed=n > 0)) for n in range(3)]
    idle = a_spec(trigger="schedule", schedule_days=3_650)
    doc = replay(a_spec(), data, batches, 0, {"same": a_spec(), "idle": idle})
    lines = {name: (p["metric"], p["trainings"]) for name, p in doc["policies"].items()}
    assert list(lines) == ["never", "always", "periodic", "incumbent", "same", "idle"]
    assert lines["same"] == lines["incumbent"]
    assert lines["same"][1] >= 1
    assert lines["idle"] == lines["never"]
    assert all(b["metric"].keys() == lines.keys() for b in doc["batches"])
    assert doors.ledger.batches("shop") == ()
