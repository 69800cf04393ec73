"""Every task of a spec goes through the loop."""

import pandas as pd
import pytest

from incumbent.params import Task
from tests.flows.world import TRAINING_DAYS, a_spec, batch_rows, rows_of

TARGETS = {Task.MULTICLASS: "page", Task.REGRESSION: "amount"}


def told(rows, target, *, changed=False):
    """A table without timestamp and id whose target follows the price, and changes."""
    price, rise = rows["price"], 2 if changed else 0
    cut = pd.cut(-price if changed else price, [-9, -1, 1, 9], labels=["low", "mid", "high"])
    targets = {"page": cut.astype("str"), "amount": 3 * price + 10 + rise}
    return rows[["price", "age"]].assign(**{target: targets[target]})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "metric"), [(Task.MULTICLASS, "log_loss"), (Task.REGRESSION, "mae")]
)
def test_other_tasks_than_binary(bare, delivery, task, metric):
    target = TARGETS[task]
    spec = a_spec(task=task, target=target, timestamp=None, id=None)
    first = bare.train(spec, delivery.reference(told(rows_of(TRAINING_DAYS), target)))
    assert first["metric_name"] == metric
    (calm,) = bare.monitor(spec, delivery.batch("b0", told(batch_rows(0), target)))
    assert calm["harm"]["matured"] == len(batch_rows(0))
    assert calm["decision"]["action"] in {"none", "notify"}
    changed = told(batch_rows(1), target, changed=True)
    (harmed,) = bare.monitor(spec, delivery.batch("b1", changed))
    assert harmed["decision"]["action"] == "retrain"
    assert harmed["verdict"]["verdict"] == "promote"
    assert bare.champion == 2
