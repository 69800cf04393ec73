"""Labels are data too: what names a class counts as it, what names none teaches nothing."""

import numpy as np
import pandas as pd
import pytest

from incumbent.log import LOGGER
from tests.flows.world import TRAINING_DAYS, a_spec, batch_rows, of_task, rows_of


def texts(rows, words, share=1.0):
    """The same labels in words: those of class 0 and of class 1, in a share of the rows."""
    said = rows["bought"].map(dict(enumerate(words))).astype("str")
    some = np.random.default_rng(0).random(len(rows)) < share
    return rows.assign(bought=said.where(some, rows["bought"].astype("str")))


@pytest.mark.parametrize(
    "words", [("False", "True"), (" 0", "1 "), ("0.0", "1.0"), ("no", "YES"), ("f", "t")]
)
def test_labels_in_other_words_are_the_same_labels(loop, delivery, words):
    rows = batch_rows(0)
    (as_they_are,) = loop.monitor(a_spec(), delivery.batch("b0", rows))
    spec = a_spec()
    loop.monitor(spec, delivery.unlabelled("b1", batch_rows(1)))
    labels = delivery.labels_of("l1", texts(batch_rows(1), words))
    (found,) = loop.monitor(spec.model_copy(update={"source": delivery.source}), labels=labels)
    assert as_they_are["harm"]["invalid"] == found["harm"]["invalid"] == 0
    assert found["harm"]["matured"] == len(rows)
    assert found["harm"]["metrics"]["log_loss"]["value"] < 1


def test_labels_that_name_no_class_are_told_and_keep_the_batch_from_training(loop, delivery):
    rows = texts(batch_rows(0, changed=True), ("pending", "open"), share=0.1)
    (found,) = loop.monitor(a_spec(), delivery.batch("b0", rows))
    harm, decision = found["harm"], found["decision"]
    assert 0 < harm["invalid"] == len(rows) - harm["matured"]
    assert set(harm["examples"]) == {"pending", "open"}
    assert harm["metrics"]["log_loss"]["value"] < 5
    assert "labels" in {fault["signal"] for fault in decision["faults"]}
    assert decision["action"] != "retrain"
    assert loop.champion == 1
    (later,) = loop.monitor(a_spec(), delivery.batch("b1", batch_rows(1, changed=True)))
    assert later["decision"]["action"] == "retrain"
    assert not set(rows["visit"]) & set(loop.training_rows()["visit"])


def test_a_single_label_that_names_no_class_is_left_out_alone(loop, delivery):
    rows = texts(batch_rows(0), ("0", "1"))
    rows.loc[5, "bought"] = "pending"
    (found,) = loop.monitor(a_spec(), delivery.batch("b0", rows))
    assert (found["harm"]["invalid"], found["harm"]["matured"]) == (1, len(rows) - 1)
    assert found["decision"]["faults"] == []


def test_labels_that_all_name_no_class_end_no_run(loop, delivery):
    rows = texts(batch_rows(0), ("pending", "pending"))
    (found,) = loop.monitor(a_spec(), delivery.batch("b0", rows))
    assert found["harm"]["matured"] == 0
    assert found["harm"]["invalid"] == len(rows)
    assert found["decision"]["action"] != "retrain"


def test_a_class_seen_first_among_the_newest_rows_does_not_spoil_the_baseline(bare, delivery):
    spec = a_spec(task="multiclass")
    rows = of_task(rows_of(TRAINING_DAYS), "multiclass")
    rows["bought"] = rows["bought"].astype("str")
    plain = bare.train(spec, delivery.reference(rows))
    assert plain["metric"] < 1.1
    late = rows["bought"].where(rows.index < len(rows) - 30, "z")
    doc = bare_again(bare).train(spec, delivery.reference(rows.assign(bought=late)))
    assert doc["metric"] < 1.1


def bare_again(loop):
    """The same place with no model in it."""
    loop.registry = type(loop.registry)()
    (loop.home / "ledger.db").unlink()
    return loop


def test_a_new_class_is_learnt_where_the_spec_names_it_and_never_before(bare, delivery):
    spec = a_spec(task="multiclass")
    bare.train(spec, delivery.reference(of_task(rows_of(TRAINING_DAYS), "multiclass")))
    classes, number = {"a", "b", "c"}, 0

    def batch(spec):
        nonlocal number
        rows = of_task(batch_rows(number, changed=True), "multiclass")
        said = rows["bought"].astype("str").where(np.arange(len(rows)) % 4 > 0, "d")
        number += 1
        return bare.monitor(spec, delivery.batch(f"b{number}", rows.assign(bought=said)))[0]

    for _ in range(2):
        found = batch(spec)
        assert found["harm"]["invalid"] > 0
        assert found["decision"]["action"] != "retrain"
    assert set(bare.training_rows()["bought"]) == classes
    wider = spec.model_copy(update={"classes": ("d",)})
    documents = [batch(wider) for _ in range(4)]
    assert any(doc["decision"]["action"] == "retrain" for doc in documents)
    assert all(doc["harm"]["invalid"] == 0 for doc in documents)
    assert set(bare.training_rows()["bought"]) == classes | {"d"}


def test_an_absurd_value_is_no_label_of_a_regression(bare, delivery):
    spec = a_spec(task="regression")
    bare.train(spec, delivery.reference(of_task(rows_of(TRAINING_DAYS), "regression")))
    rows = of_task(batch_rows(0), "regression")
    rows.loc[3, "bought"], rows.loc[4, "bought"] = 1e12, np.inf
    (found,) = bare.monitor(spec, delivery.batch("b0", rows))
    assert found["harm"]["invalid"] == 1
    assert found["harm"]["matured"] == len(rows) - 2
    assert found["harm"]["metrics"]["mae"]["value"] < 10


def test_the_newest_delivery_wins_whatever_its_file(loop, delivery):
    spec, rows = a_spec(source=delivery.source, labels=delivery.labels), batch_rows(0)
    delivery.unlabelled("b0", rows)
    delivery.labels_of("l0", rows.assign(bought=1 - rows["bought"]))
    (wrong,) = loop.monitor(spec)
    assert wrong["harm"]["metrics"]["auc"]["value"] < 0.5
    delivery.labels_of("l1", rows)
    (right,) = loop.monitor(spec)
    assert right["harm"]["metrics"]["auc"]["value"] > 0.5
    assert (right["harm"]["conflicts"], right["harm"]["matured"]) == (0, len(rows))


def test_ids_of_another_form_are_told_beside_those_of_the_rows(loop, delivery, caplog):
    spec, rows = a_spec(source=delivery.source, labels=delivery.labels), batch_rows(0)
    delivery.unlabelled("b0", rows)
    other = rows.assign(visit="C-" + rows["visit"])
    delivery.labels_of("l0", pd.DataFrame(other))
    with caplog.at_level("WARNING", logger=LOGGER):
        loop.monitor(spec)
        loop.monitor(spec)  # which is no news the second time
    (said,) = [r.getMessage() for r in caplog.records if "has found its row" in r.getMessage()]
    assert "'C-12-0'" in said
    assert "without prefix and zeros they match" in said


def test_ids_that_are_sensitive_are_not_told(loop, delivery, caplog):
    spec = a_spec(source=delivery.source, labels=delivery.labels, sensitive=("visit",))
    delivery.unlabelled("b0", batch_rows(0))
    delivery.labels_of("l0", batch_rows(0).assign(visit="C-" + batch_rows(0)["visit"]))
    with caplog.at_level("WARNING", logger=LOGGER):
        loop.monitor(spec)
    assert "has found its row" in caplog.text
    assert "C-12" not in caplog.text
