"""Replay on real parts: a model of three classes, in a registry and a ledger of its own."""

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
