"""What is expected without labels, and why a loss has changed, through the loop."""

import numpy as np
import pytest

from tests.flows.world import TRAINING_DAYS, a_spec, batch_rows, of_task, rows_of

SPEC = a_spec()


def test_without_labels_there_is_an_estimate_that_labels_are_held_beside(loop, delivery):
    for number in range(2):
        rows = batch_rows(number)
        (found,) = loop.monitor(SPEC, delivery.unlabelled(f"b{number}", rows))
        estimate = found["estimate"]
        assert estimate["trust"] == "unverified"
        assert estimate["record"]["batches"] == number
        assert {"log_loss", "accuracy", "auc"} <= estimate["metrics"].keys()
        (late,) = loop.monitor(SPEC, None, delivery.labels_of(f"b{number}", rows))
        observed = late["harm"]["metrics"]["log_loss"]["value"]
        assert late["estimate"] == estimate
        assert estimate["metrics"]["log_loss"] == pytest.approx(observed, abs=0.1)
    assert 0 < loop.registry.timelines["shop", "estimated_log_loss"][0][1] < 1


def test_with_labels_nothing_is_estimated(loop, delivery):
    (found,) = loop.monitor(SPEC, delivery.batch("b0", batch_rows(0)))
    assert found["estimate"] is None


def test_an_estimate_does_not_see_that_answers_have_changed(loop, delivery):
    rows = batch_rows(0, changed=True)
    (found,) = loop.monitor(SPEC, delivery.unlabelled("b0", rows))
    assert found["estimate"]["trust"] == "unverified"
    assert found["decision"]["action"] in {"none", "notify"}
    (late,) = loop.monitor(SPEC, None, delivery.labels_of("b0", rows))
    assert late["harm"]["metrics"]["log_loss"]["value"] > (
        found["estimate"]["metrics"]["log_loss"] + 0.1
    )


def test_harm_is_told_its_cause(loop, delivery):
    (found,) = loop.monitor(SPEC, delivery.batch("b0", batch_rows(0, changed=True)))
    attribution = found["harm"]["attribution"]
    assert attribution["cause"] in {"conditional", "ambiguous"}  # four days are few
    conditional, covariate = (attribution[k]["value"] for k in ("conditional", "covariate"))
    assert conditional > 4 * abs(covariate)
    assert conditional + covariate == pytest.approx(attribution["change"]["value"])
    assert "% conditional" in found["why"]


def test_without_harm_nobody_asks_why(loop, delivery):
    (calm,) = loop.monitor(SPEC, delivery.batch("b0", batch_rows(0)))
    assert (calm["harm"]["attribution"], calm["why"]) == (None, None)


@pytest.mark.slow
@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_have_an_estimate_too(task, bare, delivery):
    spec = a_spec(task=task)
    bare.train(spec, delivery.reference(of_task(rows_of(TRAINING_DAYS), task)))
    rows = of_task(batch_rows(0), task)
    (found,) = bare.monitor(spec, delivery.unlabelled("b0", rows))
    (late,) = bare.monitor(spec, None, delivery.labels_of("b0", rows))
    name = found["estimate"]["metric_name"]
    observed = late["harm"]["metrics"][name]["value"]
    assert found["estimate"]["metrics"][name] == pytest.approx(observed, abs=0.15)


def test_the_held_out_rows_are_none_that_the_judged_model_has_learnt(loop):
    champion = loop.gateways.registry.load(loop.gateways.ledger.champion("shop"))
    held_out, learnt = champion.model.held_out, rows_of(TRAINING_DAYS)
    days = np.unique(held_out["incumbent.block"])
    first = learnt["at"].min().to_datetime64().astype("datetime64[D]").astype(int)
    assert days.min() - first >= 0.5 * len(TRAINING_DAYS)
