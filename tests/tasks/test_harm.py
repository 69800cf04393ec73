"""Which settings judge, and how slices are reported."""

from pathlib import Path

import pytest

from incumbent.errors import SpecError
from tests.flows.world import a_spec, batch_rows
from tests.tasks.loops import at_work


def test_the_spec_of_today_says_how_many_labels_are_enough(loop, delivery):
    few = batch_rows(0, changed=True, rows_a_day=25)
    (found,) = loop.monitor(a_spec(harm_min_labels=50), delivery.batch("b0", few))
    assert found["harm"]["enough"] is True


def test_the_spec_of_today_says_how_much_harm_is_tolerated(loop, delivery):
    path = delivery.batch("b0", batch_rows(0, changed=True))
    (found,) = loop.monitor(a_spec(harm_tolerance=1.0), path)
    (loss,) = [s for s in found["harm"]["signals"] if s["signal"] == "loss"]
    assert loss["threshold"] == 2 * found["harm"]["baseline"]["value"]


def test_slices_of_labels_that_come_with_the_batch_and_after_it(loop, delivery):
    spec, rows = a_spec(harm_slices=["page"]), batch_rows(0)
    held = rows["page"].fillna("").value_counts()
    (now,) = loop.monitor(spec, delivery.batch("b0", rows))
    slices = {s["value"] or "": s for s in now["harm"]["slices"]}
    assert {value: s["matured"] for value, s in slices.items()} == held[held >= 30].to_dict()
    assert {"home", "news", "sale"} <= slices.keys()
    line = loop.registry.timelines["shop", "log_loss page/sale"]
    assert line == [(0, slices["sale"]["metrics"]["log_loss"]["value"])]
    late = batch_rows(1)
    path = delivery.unlabelled("b1", late)
    loop.monitor(spec, path)
    Path(path).unlink()  # the batch is not read again
    (found,) = loop.monitor(spec, None, delivery.labels_of("b1", late.query("page == 'sale'")))
    ((value, matured),) = [(s["value"], s["matured"]) for s in found["harm"]["slices"]]
    assert (value, matured) == ("sale", int((late["page"] == "sale").sum()))


def test_slices_that_the_spec_names_later_are_not_known_of_older_batches(loop, delivery):
    rows = batch_rows(0)
    loop.monitor(a_spec(), delivery.unlabelled("b0", rows))
    labels = delivery.labels_of("b0", rows)
    (late,) = loop.monitor(a_spec(harm_slices=["page"]), None, labels)
    assert (late["harm"]["slices"], late["harm"]["unsliced"]) == ([], ["page"])


def test_slices_change_no_decision(loop, delivery, trained, tmp_path):
    path = delivery.batch("b0", batch_rows(0))
    (plain,) = loop.monitor(a_spec(), path)
    with at_work(tmp_path / "other", trained) as other:
        (sliced,) = other.monitor(a_spec(harm_slices=["page"]), path)
    assert sliced["decision"] == plain["decision"]
    assert (plain["harm"]["slices"], plain["harm"]["unsliced"]) == ([], [])


@pytest.mark.parametrize("column", ["price", "visit_day"])
def test_slices_by_anything_but_categories_are_refused(loop, delivery, column):
    spec = a_spec(harm_slices=[column])
    with pytest.raises(SpecError, match=column):
        loop.monitor(spec, delivery.batch("b0", batch_rows(0)))
    assert loop.gateways.ledger.batches("shop") == ()


def test_no_champion_is_trained_for_slices_that_it_cannot_have(bare, delivery):
    with pytest.raises(SpecError, match="price"):
        bare.train(a_spec(harm_slices=["price"]), delivery.reference(batch_rows(0)))
    assert bare.registry.runs == []
