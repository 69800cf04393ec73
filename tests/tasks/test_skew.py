"""The serving log beside a batch: in the document, in the decision, and in what is learnt."""

import numpy as np
import pytest

from incumbent.policy.decision import decide, stored_inputs
from incumbent.report.explanation import explanation
from incumbent.report.reporting import page
from tasks import skew
from tests.flows.world import a_spec, batch_rows
from tests.tasks.loops import at_work

CHANGED = batch_rows(0, changed=True)


@pytest.fixture
def log(delivery):
    """Where served rows are logged, and the spec that names it."""

    class Log:
        pattern = str(delivery.folder / "served" / "*.parquet")
        spec = a_spec(serving_log=pattern, source=delivery.source)

        @staticmethod
        def write(name, rows):
            path = delivery.folder / "served" / f"{name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            rows.drop(columns="bought", errors="ignore").to_parquet(path, index=False)
            return path

    return Log()


def in_cents(rows, share=1.0):
    wrong = np.random.default_rng(0).random(len(rows)) < share
    return rows.assign(price=rows["price"].mask(wrong, rows["price"] * 100))


def test_without_a_log_and_without_rows_of_the_batch_there_is_no_stage(loop, delivery, log, caplog):
    (plain,) = loop.monitor(a_spec(), delivery.unlabelled("b0", batch_rows(0)))
    log.write("others", batch_rows(5))
    (silent,) = loop.monitor(log.spec, delivery.unlabelled("b1", batch_rows(1)))
    assert plain["skew"] is silent["skew"] is None
    assert not caplog.records
    assert ("shop", "skew_mismatch_share") not in loop.registry.timelines


def test_a_log_that_agrees_changes_nothing_but_the_document(loop, delivery, log):
    served = CHANGED.sample(frac=1, random_state=0).astype({"price": "float32"})
    log.write("first", served[:300])
    log.write("second", served[300:])
    log.write("others", batch_rows(7))
    (doc,) = loop.monitor(log.spec, delivery.batch("b0", CHANGED))
    assert (doc["decision"]["action"], doc["champion"]["version_after"]) == ("retrain", 2)
    assert doc["skew"]["rows"]["joined"] == len(CHANGED)
    assert doc["skew"]["mismatch_share"] == 0
    assert doc["skew"]["score"]["rows"] == len(CHANGED)
    assert loop.registry.timelines["shop", "skew_mismatch_share"] == [(0, 0.0)]


def test_skew_blocks_the_retraining_that_would_have_happened(
    loop, trained, delivery, log, tmp_path
):
    batch = delivery.batch("b0", CHANGED)
    with at_work(tmp_path / "without", trained) as other:
        (free,) = other.monitor(a_spec(), batch)
    assert free["decision"]["action"] == "retrain"
    log.write("served", in_cents(CHANGED))
    (doc,) = loop.monitor(log.spec, batch)
    assert (doc["decision"]["action"], loop.champion) == ("notify", 1)
    assert [r["signal"] for r in doc["decision"]["blocked"]] == ["skew"]
    assert [r["signal"] for r in doc["decision"]["faults"]] == ["skew"]
    (found,) = (f for f in doc["skew"]["features"] if f["mismatches"])
    assert (found["feature"], found["kind"]) == ("price", "unit")
    assert "100 x offline" in found["evidence"]
    assert doc["skew"]["score"]["mean"] > 0.01
    assert loop.registry.timelines["shop", "skew_mismatch_share"] == [(0, 1.0)]
    (stored,) = loop.gateways.ledger.decisions("shop", 5)
    inputs = stored_inputs(stored.inputs)
    assert decide(inputs) == stored.decision
    assert "served with other values" in explanation(stored.decision, inputs, "b0")


def test_a_batch_with_skew_is_not_learnt_from_later(loop, delivery, log):
    log.write("served", in_cents(CHANGED))
    loop.monitor(log.spec, delivery.batch("b0", CHANGED))
    sound = batch_rows(1, changed=True)
    log.write("later", sound)
    documents = loop.monitor(log.spec, delivery.batch("b1", sound))
    third = batch_rows(2, changed=True)
    documents += loop.monitor(log.spec, delivery.batch("b2", third))
    assert "promote" in {d["verdict"]["verdict"] for d in documents if d["verdict"]}
    learnt = set(loop.training_rows()["visit"])
    assert learnt.isdisjoint(CHANGED["visit"])
    assert learnt & set(sound["visit"])


def test_skew_up_to_the_limit_of_the_spec_is_told_in_the_document_alone(loop, delivery, log):
    log.write("served", in_cents(CHANGED, 0.01))
    (doc,) = loop.monitor(log.spec, delivery.batch("b0", CHANGED))
    assert 0 < doc["skew"]["mismatch_share"] < 0.02
    assert (doc["decision"]["action"], doc["decision"]["faults"]) == ("retrain", [])


def test_late_labels_find_the_skew_that_was_found_when_the_batch_arrived(loop, delivery, log):
    log.write("served", in_cents(CHANGED)).rename(delivery.folder / "away.parquet")
    (early,) = loop.monitor(log.spec, delivery.unlabelled("b0", CHANGED))
    assert early["skew"] is None
    log.write("served", in_cents(CHANGED))  # the log has come after the batch
    (late,) = loop.monitor(log.spec, None, delivery.labels_of("half", CHANGED[::2]))
    assert late["skew"]["mismatch_share"] == 1
    (delivery.folder / "served" / "served.parquet").unlink()  # and is kept no longer
    (again,) = loop.monitor(log.spec, None, delivery.labels_of("rest", CHANGED[1::2]))
    assert again["skew"] == late["skew"]
    assert [r["signal"] for r in again["decision"]["blocked"]] == ["skew"]


@pytest.mark.parametrize("fault", ["broken", "without ids", "out of reach"])
def test_a_log_that_cannot_be_read_is_a_warning(loop, delivery, log, caplog, fault):
    spec, batch = log.spec, delivery.batch("b0", batch_rows(0))
    if fault == "broken":
        log.write("served", batch_rows(0)).write_bytes(b"PAR1")
    elif fault == "without ids":
        log.write("served", batch_rows(0).drop(columns="visit"))
    else:
        spec = a_spec(serving_log="http://127.0.0.1:9/log/*.parquet")
    (doc,) = loop.monitor(spec, batch)
    assert doc["skew"] is None
    assert "serving log is left out" in caplog.text or "skew was not measured" in caplog.text


def test_a_broken_file_does_not_hide_the_others(loop, delivery, log, caplog):
    log.write("broken", CHANGED).write_bytes(b"")
    log.write("served", in_cents(CHANGED))
    (doc,) = loop.monitor(log.spec, delivery.unlabelled("b0", CHANGED))
    assert doc["skew"]["mismatch_share"] == 1
    assert "broken" in caplog.text


def test_logged_answers_are_replayed(loop, delivery, log):
    champion = loop.registry.load(loop.gateways.ledger.champion("shop"))
    p = champion.model.pipeline.predict_proba(CHANGED[["price", "age", "page"]])[:, 1]
    given = np.where(np.arange(len(p)) < 30, p + 0.01, p)
    log.write("served", CHANGED.assign(answer=given))
    spec = log.spec.model_copy(update={"skew_answer": "answer"})
    (doc,) = loop.monitor(spec, delivery.unlabelled("b0", CHANGED))
    answers = doc["skew"]["answers"]
    assert (answers["rows"], answers["mismatches"]) == (len(CHANGED), 30)
    assert len(answers["examples"]) == 5
    assert "30 of 600 logged requests" in page(doc)


def test_the_page_shows_skew_and_escapes_what_comes_from_data(loop, delivery, log):
    served = CHANGED.assign(page="<script>|x")
    log.write("served", served)
    (doc,) = loop.monitor(log.spec, delivery.unlabelled("b0", CHANGED))
    shown = page(doc)
    assert "## Skew: 600 of 600 served rows differ" in shown
    assert "<script>" not in shown
    assert "&lt;script&gt;&#124;x" in shown


def test_a_log_in_csv_is_read_with_the_kinds_of_the_champion(loop, delivery, log):
    rows = batch_rows(0)
    folder = delivery.folder / "served"
    folder.mkdir(parents=True)
    rows.drop(columns="bought").to_csv(folder / "served.csv", index=False)
    spec = a_spec(serving_log=str(folder / "*.csv"))
    (doc,) = loop.monitor(spec, delivery.unlabelled("b0", rows))
    assert (doc["skew"]["mismatch_share"], doc["skew"]["rows"]["joined"]) == (0, len(rows))


def test_only_the_ids_of_files_without_rows_of_the_batch_are_read(loop, delivery, log, monkeypatch):

    read, columns = skew.read_columns, []
    monkeypatch.setattr(
        skew,
        "read_columns",
        lambda path, names, *rest: columns.append(names) or read(path, names, *rest),
    )
    for number in range(1, 6):
        log.write(f"day{number}", batch_rows(number))
    loop.monitor(log.spec, delivery.unlabelled("b0", batch_rows(0)))
    assert columns == [{"visit"}] * 5
