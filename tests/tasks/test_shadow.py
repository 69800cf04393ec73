"""Verdicts and what becomes of the challenger."""

import pytest

from tests.flows.world import Delivery, a_spec, batch_rows
from tests.tasks.loops import at_work

SPEC = a_spec(shadow_min_labels=700, shadow_margin=0.1)


@pytest.fixture(scope="module")
def extended(trained, tmp_path_factory):
    """The state in which a challenger waits."""
    with at_work(tmp_path_factory.mktemp("extended"), trained) as loop:
        delivery, calm = Delivery(loop.home), batch_rows(0)
        path = delivery.unlabelled("calm", calm)
        loop.monitor(SPEC, path, delivery.labels_of("some", calm[:300]))
        (found,) = loop.monitor(SPEC, delivery.batch("b1", batch_rows(1, changed=True)))
    assert (found["verdict"]["verdict"], found["shadow"]["n"]) == ("extend", 600)
    return loop


@pytest.fixture
def waiting(loop, extended):
    """A challenger that has learnt the batch `calm`, and waits after the batch `b1`."""
    loop.continue_from(extended)
    challenger = loop.gateways.ledger.challenger("shop")
    assert (loop.champion, challenger.champion) == (1, 1)
    return challenger


@pytest.mark.slow
def test_a_challenger_waits_for_more_labels_and_is_judged_again(loop, delivery, waiting):
    (found,) = loop.monitor(SPEC, delivery.batch("b2", batch_rows(2)))
    assert found["decision"]["action"] in {"none", "notify"}
    assert (found["shadow"]["n"], found["shadow"]["look"]) == (1_200, 2)
    assert found["training"]["fits"] <= 1
    assert loop.gateways.ledger.challenger("shop") is None


@pytest.mark.slow
def test_a_challenger_of_another_recipe_than_todays_is_not_judged_again(loop, delivery, waiting):
    other = SPEC.model_copy(update={"training_iterations": 25})
    (found,) = loop.monitor(other, delivery.batch("b2", batch_rows(2, changed=True)))
    assert found["verdict"]["burden"] == "replacement"
    assert (found["shadow"]["n"], found["shadow"]["look"]) == (600, 2)
    assert loop.gateways.ledger.challenger("shop").version != waiting.version


@pytest.mark.slow
def test_a_challenger_of_another_recipe_does_not_retrain_without_harm(loop, delivery, waiting):
    other = SPEC.model_copy(update={"training_iterations": 25})
    (found,) = loop.monitor(other, delivery.batch("b2", batch_rows(2)))
    assert (found["decision"]["action"], found["shadow"]) == ("none", None)


@pytest.mark.slow
def test_a_challenger_is_not_judged_on_a_batch_that_it_has_learnt(loop, delivery, waiting):
    calm = batch_rows(0)
    (found,) = loop.monitor(
        SPEC, delivery.unlabelled("calm", calm), delivery.labels_of("rest", calm[300:])
    )
    assert found["harm"]["matured"] == len(calm)
    assert found["shadow"] is None
    assert loop.gateways.ledger.challenger("shop") == waiting
