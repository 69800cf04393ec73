"""What comes in is known by its digest, and a defect costs its own batch alone."""

import os
from pathlib import Path

import pandas as pd
import pytest

from incumbent.errors import (
    MissingPathError,
    NoChampionError,
    OutOfReachError,
    SpecError,
    UsageError,
)
from incumbent.gateways.sources.frame import read_frame
from incumbent.records import BatchStatus
from tasks import intake, label_tables
from tests.flows.world import a_spec, batch_rows


def outcomes(documents):
    return {d["batch"]["id"]: d["validation"]["outcome"] for d in documents}


def failures(document):
    return {(f["expectation"], f["column"]) for f in document["validation"]["failures"]}


def test_a_defective_batch_is_set_aside_and_the_next_is_taken(loop, delivery):
    spec, whole = a_spec(source=delivery.source), batch_rows(0)
    path = Path(delivery.batch("b1", whole))
    delivery.broken("b1", path.read_bytes()[:500])
    delivery.batch("b2", whole.drop(columns="age"))
    delivery.batch("b3", whole.head(0))
    delivery.broken("b4", b"")
    delivery.batch("b5", whole)
    found = loop.monitor(spec)
    assert outcomes(found) == dict.fromkeys(["b1", "b2", "b3", "b4"], "quarantine") | {"b5": "warn"}
    assert failures(found[0]) == failures(found[3]) == {("readable", None)}
    assert failures(found[1]) == {("columns", "age")}
    assert ("expect_table_row_count_to_be_between", None) in failures(found[2])
    assert loop.champion == 1
    assert loop.monitor(spec) == []


@pytest.mark.parametrize("kind", ["no bytes", "no rows"])
def test_a_second_empty_delivery_is_reported_as_well(loop, delivery, kind):
    spec = a_spec(source=delivery.source)
    for name in ("monday", "tuesday"):
        if kind == "no rows":
            delivery.batch(name, batch_rows(0).head(0))
        else:
            delivery.broken(name, b"")
        assert outcomes(loop.monitor(spec)) == {name: "quarantine"}


def test_a_corrected_row_takes_the_place_of_the_older_and_judges_nobody(loop, delivery):
    first, newer = batch_rows(0, changed=True), batch_rows(1, changed=True)
    loop.monitor(a_spec(), delivery.batch("b0", first))
    corrected = first.head(300).assign(price=first["price"].head(300) + 0.01)
    due = a_spec(trigger="schedule", schedule_days=1)
    (found,) = loop.monitor(due, delivery.batch("b1", pd.concat([corrected, newer])))
    assert (found["harm"]["matured"], found["shadow"]["n"]) == (900, len(newer))
    assert found["champion"] == {"version_before": 2, "version_after": 3}
    learnt = loop.training_rows().set_index("visit")["price"]
    assert learnt.index.is_unique
    assert learnt[corrected["visit"]].tolist() == corrected["price"].tolist()


def test_the_same_batch_twice_is_answered_with_the_same_document(loop, delivery):
    path = delivery.batch("b0", batch_rows(0, changed=True))
    (first,) = loop.monitor(a_spec(), path)
    (second,) = loop.monitor(a_spec(), path)
    assert second == first | {"duplicate": True}
    assert loop.champion == 2
    assert loop.runs("monitor") == 1
    assert {len(line) for line in loop.registry.timelines.values()} == {1}


def files_read(patch, loop, spec):
    """The names of the tables that the next run reads."""
    opened, read = [], read_frame

    def note(path, *others):
        opened.append(Path(path).stem)
        return read(path, *others)

    for module in (intake, label_tables):
        patch.setattr(module, "read_frame", note)
    loop.monitor(spec)
    return opened


def test_a_run_opens_the_files_that_are_new_and_those_that_have_changed(
    loop, delivery, monkeypatch
):
    spec = a_spec(source=delivery.source)
    path = Path(delivery.batch("b0", batch_rows(0)))
    delivery.batch("b1", batch_rows(1))
    loop.monitor(spec)
    delivery.batch("b2", batch_rows(2))
    assert files_read(monkeypatch, loop, spec) == ["b2"]
    assert files_read(monkeypatch, loop, spec) == []
    os.utime(path, ns=(0, 0))
    assert files_read(monkeypatch, loop, spec) == ["b0"]
    assert files_read(monkeypatch, loop, spec) == []


@pytest.mark.parametrize(
    "change", [{"target": "page"}, {"features": ("price",)}, {"categorical": ("page",)}]
)
def test_a_spec_of_another_model_is_refused_and_leaves_no_trace(loop, delivery, change):
    path = delivery.batch("b0", batch_rows(0))
    with pytest.raises(SpecError, match=next(iter(change))):
        loop.monitor(a_spec(**change), path)
    assert loop.gateways.ledger.batches("shop") == ()
    assert loop.champion == 1


def test_without_a_champion_there_is_nothing_to_monitor_with(bare, delivery):
    with pytest.raises(NoChampionError):
        bare.monitor(a_spec(), delivery.batch("b0", batch_rows(0)))


def test_no_champion_is_said_even_where_nothing_is_new(bare, delivery):
    with pytest.raises(NoChampionError):
        bare.monitor(a_spec(source=delivery.source))


@pytest.mark.slow
@pytest.mark.parametrize("deeds", range(1, 17, 3))
def test_mlflow_may_leave_at_any_moment_and_the_batch_is_handled_once(loop, delivery, deeds):
    path = delivery.batch("b0", batch_rows(0, changed=True))
    with pytest.MonkeyPatch.context() as patch:
        loop.leave_after(patch, deeds)
        try:
            loop.monitor(a_spec(), path)
        except OutOfReachError:
            pass
        else:
            return  # the run was over by then
    loop.registry.down = False
    statuses = [b.status for b in loop.gateways.ledger.batches("shop")]
    assert BatchStatus.HANDLED not in statuses
    (found,) = loop.monitor(a_spec(), path)
    assert found["duplicate"] is False
    assert found["decision"]["action"] == "retrain"
    assert found["champion"] == {"version_before": 1, "version_after": loop.champion}
    assert (found["scored_by"], found["verdict"]["verdict"]) == (1, "promote")
    made = loop.gateways.ledger.decision(found["decision"]["id"])
    assert found["drift"] == made.inputs["drift"]
    assert found["harm"] | {"latency": None} == made.inputs["harm"] | {"latency": None}
    assert len([p for p in loop.gateways.ledger.promotions("shop") if p.done]) == 2
    assert loop.runs("monitor b0") == 1
    assert loop.training_rows()["visit"].is_unique


@pytest.mark.parametrize(
    ("source", "error"), [("nowhere/*.parquet", MissingPathError), ("folder", UsageError)]
)
def test_a_source_that_names_no_files_is_no_empty_source(loop, tmp_path, source, error):
    (tmp_path / "folder").mkdir()
    with pytest.raises(error, match="source"):
        loop.monitor(a_spec(source=str(tmp_path / source)))
    assert loop.monitor(a_spec(source=str(tmp_path / "folder" / "*.parquet"))) == []
