"""Labels that the model chooses or changes: what is judged, promoted and told."""

import numpy as np
import pandas as pd
import pytest

from incumbent.model.scoring import predict
from incumbent.monitoring.feedback import draw
from incumbent.policy.decision import decide, stored_inputs
from incumbent.report.explanation import explanation
from incumbent.report.reporting import page
from tests.flows.world import a_spec, batch_rows
from tests.tasks.loops import at_work

EXPLORING = {
    "feedback_exploration": 0.25,
    "feedback_influence": True,
    "harm_min_labels": 60,
    "shadow_min_labels": 60,
    "decision_cooldown": 0,
}
SPEC = a_spec(**EXPLORING)
BLIND = a_spec(**EXPLORING | {"feedback_exploration": 0})


class Usage:
    """A service that labels what the champion selects, and whose selection makes itself true."""

    def __init__(self, loop, delivery, spec=SPEC):
        self.loop, self.delivery, self.spec = loop, delivery, spec

    def of(self, name, rows, *, selective, follows):
        """Monitor a batch without labels, then with the labels that usage leaves behind."""
        path = self.delivery.unlabelled(name, rows)
        (before,) = self.loop.monitor(self.spec, path)
        held = self.loop.gateways.predictions.read(
            "shop", before["batch"]["digest"], before["scored_by"]
        )
        chosen = held.values[:, 1] >= 0.5
        explored = np.zeros(len(rows), bool)
        if held.exploration is not None:
            explored = held.exploration.explored
        seen = chosen | explored if selective else np.ones(len(rows), bool)
        follow = ~explored & (np.random.default_rng(0).random(len(rows)) < follows)
        labels = rows.assign(bought=rows["bought"].mask(follow, chosen.astype("int64")))
        (doc,) = self.loop.monitor(self.spec, path, self.delivery.labels_of(name, labels[seen]))
        return doc


def loss_of(loop, number, rows):
    """Log loss of a version on rows whose outcome nobody has influenced."""
    version = next(
        p.version for p in loop.gateways.ledger.promotions("shop") if p.version.number == number
    )
    model = loop.registry.load(version).model
    values = predict(model.pipeline, rows[list(model.card.profile.columns)], SPEC.task)
    return -np.log(values[np.arange(len(rows)), rows["bought"]]).mean()


def three_batches(loop, delivery, spec):
    usage = Usage(loop, delivery, spec)
    return [usage.of(f"b{k}", batch_rows(k), selective=True, follows=0.6) for k in range(3)]


@pytest.mark.slow
def test_labels_above_a_score_do_not_promote_the_worse_model(loop, trained, delivery, tmp_path):
    with at_work(tmp_path / "naive", trained) as naive, pytest.MonkeyPatch.context() as patch:
        for module in ("coverage", "harm", "label_faults"):
            patch.setattr(f"incumbent.monitoring.{module}.uneven", lambda _: False)
        three_batches(naive, delivery, BLIND)
        assert naive.champion > 1
        assert loss_of(naive, naive.champion, batch_rows(9)) > loss_of(naive, 1, batch_rows(9))
    with at_work(tmp_path / "blind", trained) as blind:
        refused = three_batches(blind, delivery, BLIND)
        assert blind.champion == 1
        assert {f["signal"] for doc in refused for f in doc["decision"]["faults"]} == {"coverage"}
    judged = three_batches(loop, delivery, SPEC)
    assert loop.champion == 1
    assert all(doc["harm"]["enough"] for doc in judged)


@pytest.mark.slow
def test_a_change_is_still_learnt_from_explored_rows(loop, delivery):
    usage = Usage(loop, delivery)
    changed = [batch_rows(k, changed=True) for k in range(2)]
    for k, rows in enumerate(changed):
        doc = usage.of(f"b{k}", rows, selective=True, follows=0)
        if loop.champion > 1:
            break
    assert doc["verdict"]["verdict"] == "promote"
    every = pd.concat(changed)["visit"].to_numpy(object)
    explored = set(every[draw(every, SPEC).explored])
    learnt = set(loop.training_rows()["visit"]) & set(every)
    assert learnt
    assert learnt <= explored
    assert loss_of(loop, loop.champion, batch_rows(9, changed=True)) < loss_of(
        loop, 1, batch_rows(9, changed=True)
    )


@pytest.mark.slow
def test_outcomes_that_follow_decisions_alarm_block_and_teach_nothing(loop, delivery):
    spec = a_spec(**EXPLORING, trigger="schedule", schedule_days=1)
    usage = Usage(loop, delivery, spec)
    doc = usage.of("b0", batch_rows(0, rows_a_day=600), selective=False, follows=0.6)
    found = doc["feedback"]
    assert found["alarm"] is True
    assert found["explored"]["loss"]["value"] > found["exploited"]["loss"]["value"]
    assert found["explored"]["rows"] + found["exploited"]["rows"] == 2_400
    assert found["influenced"] == pytest.approx(0.75, abs=0.03)
    assert "feedback" in [r["signal"] for r in doc["decision"]["blocked"]]
    assert "feedback" in [r["signal"] for r in doc["decision"]["faults"]]
    assert loop.champion == 1
    assert "## Feedback: alarm" in page(doc)
    assert loop.registry.timelines["shop", "feedback_gap"] == [(0, found["gap"]["value"])]
    stored = loop.gateways.ledger.decisions("shop", 5)[0]
    inputs = stored_inputs(stored.inputs)
    assert decide(inputs) == stored.decision
    assert "outcomes follow the model" in explanation(stored.decision, inputs, "b0")


@pytest.mark.slow
def test_rows_stay_drawn_as_they_were_when_the_batch_came(loop, delivery):
    """Exploration that is switched on later does not make earlier rows a random draw."""
    rows = batch_rows(0)
    path = delivery.unlabelled("b0", rows)
    loop.monitor(BLIND, path)
    loop.monitor(SPEC, delivery.batch("b1", batch_rows(1, changed=True)))
    loop.monitor(SPEC, delivery.batch("b2", batch_rows(2, changed=True)))
    assert loop.champion == 2
    (doc,) = loop.monitor(SPEC, path, delivery.labels_of("late", rows))
    assert doc["scored_by"] == 2
    assert loop.gateways.predictions.read("shop", doc["batch"]["digest"], 2).exploration is None
    assert doc["feedback"]["propensity"] is None
