"""Labels in every order in which they can come."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from incumbent.errors import OutOfReachError
from incumbent.gateways.ledger import Ledger
from incumbent.gateways.sources import content
from incumbent.policy.decision import stored_inputs
from incumbent.report.explanation import explanation
from tasks import labels
from tests.flows.world import TRAINING_DAYS, a_spec, batch_rows, rows_of

CHANGED = batch_rows(0, changed=True)
HALF = len(CHANGED) // 2
FEW = 150  # labels, too few to judge by


def test_labels_alone_are_judged_and_answered(loop, delivery):
    batch = delivery.unlabelled("b0", CHANGED)
    (first,) = loop.monitor(a_spec(), batch)
    assert first["harm"] is None
    assert first["decision"]["action"] in {"none", "notify"}
    assert loop.champion == 1
    assert ("shop", "retrained") not in loop.registry.timelines
    labels = delivery.labels_of("b0", CHANGED)
    (late,) = loop.monitor(a_spec(), None, labels)  # which needs no source of batches
    assert late["labels_only"] is True
    assert late["decision"]["action"] == "retrain"
    assert late["harm"]["matured"] == len(CHANGED)
    assert late["champion"] == {"version_before": 1, "version_after": 2}
    assert loop.registry.timelines["shop", "retrained"] == [(0, 1.0)]
    (again,) = loop.monitor(a_spec(), batch, labels)
    assert again == late | {"duplicate": True}
    assert loop.monitor(a_spec(), None, labels) == []
    assert loop.champion == 2


def test_a_retraining_reads_the_labels_and_no_batch_again(loop, delivery, monkeypatch):
    loop.monitor(a_spec(), delivery.unlabelled("b0", CHANGED))
    files, pasts = [], []
    read, judged = content.content_of, Ledger.judged_batches
    monkeypatch.setattr(
        content, "content_of", lambda path: files.append(Path(path).stem) or read(path)
    )
    monkeypatch.setattr(
        Ledger, "judged_batches", lambda *asked: pasts.append(asked) or judged(*asked)
    )
    (late,) = loop.monitor(a_spec(), None, delivery.labels_of("late", CHANGED))
    assert late["verdict"]["verdict"] == "promote"  # backtest, attribution, shadow and refit
    assert files == ["late"]
    assert len(pasts) == 1


def test_labels_wait_for_their_rows_and_are_looked_for_in_no_batch_twice(
    loop, delivery, monkeypatch
):
    spec = a_spec(source=delivery.source, labels=delivery.labels)
    first, second = batch_rows(0), batch_rows(1)
    delivery.unlabelled("b0", first)
    delivery.labels_of("both", pd.concat([first, second]))
    assert [d["batch"]["id"] for d in loop.monitor(spec)] == ["b0"]
    scored, found = [], labels.scored_predictions
    monkeypatch.setattr(
        labels,
        "scored_predictions",
        lambda gateways, spec, entry: scored.append(entry.batch.id) or found(gateways, spec, entry),
    )
    gateways = loop.gateways
    waiting = labels.collect_labels(gateways, spec, None)
    assert [table.until for table in waiting] == [0]
    assert labels.find_late(gateways, spec, waiting, None) == []
    assert scored == []
    delivery.unlabelled("b1", second)
    (document,) = loop.monitor(spec)
    assert document["harm"]["matured"] == len(second)
    assert labels.collect_labels(gateways, spec, None) == []


def test_labels_that_arrive_with_a_named_batch_are_looked_for_in_all_others_later(loop, delivery):
    spec = a_spec(source=delivery.source, labels=delivery.labels)
    rows = [batch_rows(0), batch_rows(1)]
    delivery.unlabelled("b0", rows[0])
    loop.monitor(spec)
    delivery.labels_of("both", pd.concat(rows))
    (named,) = loop.monitor(spec, delivery.unlabelled("b1", rows[1]))
    assert (named["batch"]["id"], named["harm"]["matured"]) == ("b1", len(rows[1]))
    (late,) = loop.monitor(spec)
    assert (late["batch"]["id"], late["harm"]["matured"]) == ("b0", len(rows[0]))


def test_labels_in_two_parts_are_judged_together(loop, delivery):
    calm = batch_rows(0)
    batch = delivery.unlabelled("b0", calm)
    loop.monitor(a_spec(), batch)
    (one,) = loop.monitor(a_spec(), batch, delivery.labels_of("one", calm[:HALF]))
    (two,) = loop.monitor(a_spec(), batch, delivery.labels_of("two", calm[HALF:]))
    assert [d["harm"]["matured"] for d in (one, two)] == [HALF, len(calm)]
    assert one["labels_only"] is two["labels_only"] is True


def test_a_label_file_before_its_batch_waits_for_it(loop, delivery):
    delivery.labels_of("b0", CHANGED)
    spec = a_spec(source=delivery.source, labels=delivery.labels)
    assert loop.monitor(spec) == []
    delivery.unlabelled("b0", CHANGED)
    (found,) = loop.monitor(spec)
    assert found["labels_only"] is False
    assert found["harm"]["matured"] == len(CHANGED)


def test_labels_in_the_target_column_of_a_batch_that_is_delivered_again(loop, delivery):
    loop.monitor(a_spec(), delivery.unlabelled("b0", CHANGED))
    (late,) = loop.monitor(a_spec(), delivery.batch("again", CHANGED))
    assert late["labels_only"] is True
    assert late["batch"]["id"] == "b0"
    assert late["harm"]["matured"] == len(CHANGED)


def test_two_challengers_are_not_judged_on_the_same_rows_twice(loop, delivery):
    """A batch whose labels come in two parts is looked at twice, each row counted once."""
    spec = a_spec(shadow_min_labels=400)
    batch = delivery.unlabelled("b0", CHANGED)
    loop.monitor(spec, batch)
    (one,) = loop.monitor(spec, batch, delivery.labels_of("one", CHANGED[::2]))
    assert (one["verdict"]["verdict"], one["shadow"]["n"]) == ("extend", HALF)
    (two,) = loop.monitor(spec, batch, delivery.labels_of("two", CHANGED[1::2]))
    assert two["shadow"]["n"] == len(CHANGED)


def test_labels_of_a_batch_that_the_champion_has_passed_may_come_in_parts(loop, delivery):
    late, spec = batch_rows(0), a_spec()
    old = delivery.unlabelled("b0", late)
    loop.monitor(spec, old)
    (now,) = loop.monitor(spec, delivery.batch("b1", batch_rows(1, changed=True)))
    assert now["champion"]["version_after"] == 2
    (one,) = loop.monitor(spec, old, delivery.labels_of("one", late[:HALF]))
    (two,) = loop.monitor(spec, old, delivery.labels_of("two", late[HALF:]))
    assert [d["labels_only"] for d in (one, two)] == [True, True]
    assert [d["harm"]["matured"] for d in (one, two)] == [HALF, len(late)]
    assert two["duplicate"] is False


def test_a_label_file_that_is_written_anew_corrects_what_it_said_before(loop, delivery):
    spec, rows = a_spec(source=delivery.source, labels=delivery.labels), batch_rows(0)
    delivery.unlabelled("b0", rows)
    delivery.labels_of("b0", rows.assign(bought=1 - rows["bought"])[:FEW])
    (wrong,) = loop.monitor(spec)
    assert (wrong["harm"]["matured"], wrong["harm"]["enough"]) == (FEW, False)
    delivery.labels_of("b0", rows)
    (corrected,) = loop.monitor(spec)
    assert corrected["labels_only"] is True
    assert (corrected["harm"]["matured"], corrected["harm"]["conflicts"]) == (len(rows), 0)
    others = rows.assign(visit="x" + rows["visit"])
    (own,) = loop.monitor(a_spec(), delivery.batch("b1", others))
    assert corrected["harm"]["metrics"]["accuracy"] == own["harm"]["metrics"]["accuracy"]


def test_a_file_of_the_newest_labels_alone_leaves_the_earlier_ones_as_they_are(loop, delivery):
    spec, rows = a_spec(source=delivery.source, labels=delivery.labels), batch_rows(0)
    delivery.unlabelled("b0", rows)
    delivery.labels_of("newest", rows[:FEW])
    loop.monitor(spec)
    delivery.labels_of("newest", rows[FEW:])
    (both,) = loop.monitor(spec)
    assert both["harm"]["matured"] == len(rows)


def test_a_file_that_goes_back_to_what_it_said_first_is_believed(loop, delivery):
    spec, rows = a_spec(source=delivery.source, labels=delivery.labels), batch_rows(0)
    delivery.unlabelled("b0", rows)
    found = []
    wrong = rows.assign(bought=1 - rows["bought"])
    for delivered in (rows, wrong, rows):
        delivery.labels_of("b0", delivered[:FEW])
        (document,) = loop.monitor(spec)
        assert (document["harm"]["matured"], document["harm"]["conflicts"]) == (FEW, 0)
        found.append(document["harm"]["metrics"]["accuracy"]["value"])
    assert found[0] == found[2] != found[1]
    assert loop.monitor(spec) == []


def test_a_delivery_of_a_run_that_was_killed_does_not_outlast_the_next(loop, delivery, monkeypatch):
    spec, rows = a_spec(source=delivery.source, labels=delivery.labels), batch_rows(0)
    delivery.unlabelled("b0", rows)
    loop.monitor(spec)
    delivery.labels_of("b0", rows.assign(bought=1 - rows["bought"])[:FEW])
    with monkeypatch.context() as patch:
        loop.leave_after(patch, 1)
        with pytest.raises(OutOfReachError):
            loop.monitor(spec)
    loop.registry.down = False
    delivery.labels_of("b0", rows[:FEW])
    (own,) = loop.monitor(spec)
    assert (own["harm"]["matured"], own["harm"]["conflicts"]) == (FEW, 0)
    others = rows[:FEW].assign(visit="x" + rows["visit"][:FEW])
    (right,) = loop.monitor(a_spec(), delivery.batch("b1", others))
    assert (
        own["harm"]["metrics"]["accuracy"]["value"]
        == (right["harm"]["metrics"]["accuracy"]["value"])
    )


def test_labels_of_two_files_that_contradict_each_other_are_told(loop, delivery):
    spec = a_spec(source=delivery.source, labels=delivery.labels)
    delivery.unlabelled("b0", CHANGED)
    delivery.labels_of("one", CHANGED)
    delivery.labels_of("two", CHANGED[:10].assign(bought=1 - CHANGED["bought"][:10]))
    (found,) = loop.monitor(spec)
    assert (found["harm"]["matured"], found["harm"]["conflicts"]) == (len(CHANGED) - 10, 10)
    (stored,) = loop.gateways.ledger.decisions("shop", 1)
    told = explanation(stored.decision, stored_inputs(stored.inputs), "b0")
    assert "10 ids have two different labels" in told


@pytest.mark.slow
def test_labels_that_come_after_a_promotion_are_learnt_from_some_day(loop, delivery):
    """The rows of a batch whose labels arrived after a newer batch was fitted on are not lost."""
    late, spec = batch_rows(0), a_spec()
    old = delivery.unlabelled("b0", late)
    loop.monitor(spec, old)
    loop.monitor(spec, delivery.batch("b1", batch_rows(1, changed=True)))
    (judged,) = loop.monitor(spec, old, delivery.labels_of("b0", late))
    assert (judged["scored_by"], judged["harm"]["matured"]) == (2, len(late))
    while loop.champion == 2:
        number = len(loop.gateways.ledger.batches("shop"))
        loop.monitor(spec, delivery.batch(f"b{number}", batch_rows(number, changed=True)))
        assert number < 5
    assert set(late["visit"]) <= set(loop.training_rows()["visit"])
    champion = loop.gateways.ledger.champion("shop")
    learnt = loop.registry.load(champion).model.card.training.batches
    assert set(learnt) == {e.batch.digest for e in loop.gateways.ledger.batches("shop")}


FAULTS = {
    "inversion": lambda bought: 1 - bought,
    "unrelated": lambda bought: bought.sample(frac=1, random_state=0).to_numpy(),
    "constant": lambda bought: 0 * bought,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faulty_labels_are_named_and_never_learnt_from(loop, delivery, fault):
    """Two batches running, then a changed world that is answered without them."""
    for number in (0, 1):
        rows = batch_rows(number).assign(bought=lambda table: FAULTS[fault](table["bought"]))
        (found,) = loop.monitor(a_spec(), delivery.batch(f"b{number}", rows))
        assert found["decision"]["action"] == "notify"
        assert [r["signal"] for r in found["decision"]["faults"]] == [fault]
    assert loop.champion == 1
    for number in (2, 3):
        loop.monitor(a_spec(), delivery.batch(f"b{number}", batch_rows(number, changed=True)))
    assert loop.champion > 1
    learnt, faulty = set(loop.training_rows()["visit"]), {*batch_rows(0)["visit"]}
    assert set(batch_rows(2)["visit"]) <= learnt
    assert not learnt & (faulty | set(batch_rows(1)["visit"]))


def a_day(number, *, changed=False):
    """One day of another world: what decided before decides nothing after the change."""
    first = TRAINING_DAYS.stop + number
    rows = rows_of(range(first, first + 1), rows_a_day=400)
    told = 2.5 * rows["age"].fillna(0) if changed else 2 * rows["price"]
    chance = np.random.default_rng(number).random(400)
    return rows.assign(bought=(chance < 1 / (1 + np.exp(-told))).astype("int64"))


def test_a_world_that_changes_from_one_day_to_the_next_is_learnt_from(loop, delivery):
    """The first day may as well be shuffled; the second follows what it teaches."""
    loop.monitor(a_spec(), delivery.batch("b0", a_day(0)))
    (first,) = loop.monitor(a_spec(), delivery.batch("b1", a_day(1, changed=True)))
    assert [r["signal"] for r in first["decision"]["faults"]] == ["unrelated"]
    (second,) = loop.monitor(a_spec(), delivery.batch("b2", a_day(2, changed=True)))
    assert second["decision"]["faults"] == []
    assert second["gain"]["cleared"] == [first["batch"]["digest"]]
    for number in range(3, 9):
        loop.monitor(a_spec(), delivery.batch(f"b{number}", a_day(number, changed=True)))
    assert loop.champion > 1
    assert {f"{TRAINING_DAYS.stop + 1}-{k}" for k in range(400)} <= set(
        loop.training_rows()["visit"]
    )


def test_labels_that_are_sound_in_the_end_are_learnt_from(loop, delivery):
    """Of one class at first, since those come faster; then the others."""
    rows, spec = batch_rows(0), a_spec()
    batch, bought = delivery.unlabelled("b0", rows), rows["bought"] == 1
    loop.monitor(spec, batch)
    (early,) = loop.monitor(spec, batch, delivery.labels_of("one", rows[~bought]))
    assert [r["signal"] for r in early["decision"]["faults"]] == ["coverage"]
    (late,) = loop.monitor(spec, batch, delivery.labels_of("two", rows[bought]))
    assert late["decision"]["faults"] == []
    for number in (1, 2):
        loop.monitor(spec, delivery.batch(f"b{number}", batch_rows(number, changed=True)))
    assert set(rows["visit"]) <= set(loop.training_rows()["visit"])


def test_what_the_champion_has_learnt_cannot_judge_it(loop, delivery):
    batch = delivery.unlabelled("b0", CHANGED)
    loop.monitor(a_spec(), batch)
    (one,) = loop.monitor(a_spec(), batch, delivery.labels_of("one", CHANGED[::2]))
    assert one["champion"]["version_after"] == 2
    (two,) = loop.monitor(a_spec(), batch, delivery.labels_of("two", CHANGED[1::2]))
    assert (two["labels_only"], two["harm"], two["decision"]["action"]) == (True, None, "none")
    assert loop.champion == 2


def test_a_table_of_labels_belongs_to_its_own_batch_where_there_are_no_ids(bare, delivery):
    spec = a_spec(id=None, timestamp=None, source=delivery.source, features=["price", "age"])
    one, two = batch_rows(0), batch_rows(1)
    bare.train(spec, delivery.reference(pd.concat([one, two, batch_rows(2)])))
    delivery.batch("b0", one)
    delivery.batch("b1", two)
    found = bare.monitor(spec)
    assert [d["harm"]["matured"] for d in found] == [len(one), len(two)]
    again = bare.monitor(spec, delivery.batch("b2", batch_rows(2)))
    assert again[0]["harm"]["matured"] == len(one)
    assert bare.monitor(spec) == []


def test_labels_in_a_batch_are_of_that_batch_even_where_an_id_comes_again(loop, delivery):
    """A customer who comes back has the same id in two batches."""
    one = batch_rows(0)
    two = batch_rows(1).assign(visit=one["visit"])
    delivery.batch("b0", one)
    delivery.batch("b1", two)
    found = loop.monitor(a_spec(source=delivery.source))
    assert [d["harm"]["matured"] for d in found] == [len(one), len(two)]


def test_a_label_file_that_cannot_be_read_does_not_stop_the_loop(loop, delivery):
    delivery.unlabelled("b0", CHANGED)
    path = Path(delivery.labels_of("b0", CHANGED))
    path.write_bytes(path.read_bytes()[:100])
    spec = a_spec(source=delivery.source, labels=delivery.labels)
    assert [d["batch"]["id"] for d in loop.monitor(spec)] == ["b0"]


def test_a_target_column_that_is_no_number_quarantines_its_batch(bare, delivery):
    spec = a_spec(task="regression", source=delivery.source, target="price")
    bare.train(spec, delivery.reference(rows_of(TRAINING_DAYS)))
    delivery.batch("b0", batch_rows(0).assign(price="n/a"))
    delivery.batch("b1", batch_rows(1))
    found = bare.monitor(spec)
    assert [d["validation"]["outcome"] for d in found] == ["quarantine", "pass"]


def test_a_label_of_no_known_class_is_not_learnt(loop, delivery):
    strange = CHANGED.assign(bought=CHANGED["bought"].astype(str).mask(CHANGED.index == 0, "maybe"))
    (found,) = loop.monitor(a_spec(), delivery.batch("b0", strange))
    assert found["champion"] == {"version_before": 1, "version_after": 2}
    learnt = loop.training_rows()
    assert set(learnt["bought"]) == {"0", "1"}
    assert set(CHANGED["visit"]) - set(learnt["visit"]) == {CHANGED["visit"][0]}


@pytest.mark.slow
@pytest.mark.parametrize("deeds", range(3, 16, 3))
def test_labels_are_judged_in_the_end_where_mlflow_was_down_when_they_arrived(
    loop, delivery, deeds
):
    """At whichever step the first run ended."""
    batch = delivery.unlabelled("b0", CHANGED)
    loop.monitor(a_spec(), batch)
    labels = delivery.labels_of("b0", CHANGED)
    with pytest.MonkeyPatch.context() as patch:
        loop.leave_after(patch, deeds)
        try:
            loop.monitor(a_spec(), batch, labels)
        except OutOfReachError:
            pass
        else:
            return  # the run was over by then
    loop.registry.down = False
    (entry,) = loop.gateways.ledger.batches("shop")
    assert loop.gateways.ledger.arrivals("shop", entry.batch.digest) == ()
    (late,) = loop.monitor(a_spec(), batch, labels)
    assert late["harm"]["matured"] == len(CHANGED)
    assert late["decision"]["action"] == "retrain"
    assert late["champion"] == {"version_before": 1, "version_after": loop.champion}
    assert (late["scored_by"], late["verdict"]["verdict"]) == (1, "promote")
    assert len([p for p in loop.gateways.ledger.promotions("shop") if p.done]) == 2
    assert len(loop.gateways.ledger.arrivals("shop", entry.batch.digest)) == 1
