"""The ledger on a real SQLite file and a real PostgreSQL, as quick as any fake: there is none."""

import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier, Event

import pytest
from sqlalchemy import create_engine, event, inspect, make_url, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateIndex, CreateTable

from incumbent.errors import IncumbentError, LeaseError, OutOfReachError, UsageError
from incumbent.gateways.ledger import Ledger, Look, ReadFile, StoredDecision
from incumbent.gateways.ledger.batch import PAGE
from incumbent.gateways.ledger.database import _reachable
from incumbent.gateways.ledger.schema import VERSION, challengers, metadata
from incumbent.records import (
    Action,
    Batch,
    BatchStatus,
    Challenger,
    Decision,
    Disposal,
    Disposition,
    Estimate,
    JudgedBatch,
    LabelArrival,
    PairedBlock,
    Period,
    Promotion,
    PromotionKind,
    Reason,
    TrainingBatch,
    Version,
)

NOW = datetime(2013, 2, 1, 12, tzinfo=UTC)
PERIOD = Period(datetime(2013, 1, 1, tzinfo=UTC), datetime(2013, 1, 15, 23, 59, 59, 5, tzinfo=UTC))
RACERS = 8
FIRST_SCHEMA = Path(__file__).with_name("ledger_version_1.sql")
TO_SECOND_SCHEMA = """
DROP TABLE dispositions;
DROP TABLE identity;
DROP TABLE registrations;
DROP TABLE runs;
DROP TABLE judgements;
DROP TABLE files;
DROP INDEX ix_decisions_batch;
ALTER TABLE labels ADD COLUMN document JSON;
UPDATE schema_version SET version = 2;
"""
# What a dump of SQLite says otherwise than PostgreSQL, and the tables by what refers to them.
IN_POSTGRESQL = {
    "BEGIN TRANSACTION;\n": "",
    "COMMIT;\n": "",
    "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT": "SERIAL NOT NULL PRIMARY KEY",
    "DATETIME": "TIMESTAMP WITH TIME ZONE",
    "'better on the same rows',1,": "'better on the same rows',true,",
    'DELETE FROM "sqlite_sequence"': "SELECT 1",
} | {
    f"INSERT INTO \"sqlite_sequence\" VALUES('{name}',1)": f"SELECT nextval('{name}_sequence_seq')"
    for name in ("decisions", "promotions")
}
ORDER = (
    "models",
    "schema_version",
    "batches",
    "labels",
    "label_batches",
    "challengers",
    "decisions",
    "promotions",
    "shadows",
)
MINUTE = timedelta(minutes=1)
KILLED_WHILE_WRITING = """
import os, signal, sys
from incumbent.gateways.ledger import Ledger
with Ledger(sys.argv[1])._writing_about("flights") as connection:
    connection.exec_driver_sql("DELETE FROM batches")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def digest(number: int) -> str:
    return f"{number:064x}"


def batch(number: int) -> Batch:
    return Batch(f"batch_{number}", digest(number), 100, PERIOD, f"/data/batch_{number}.parquet")


def version(number: int, model: str = "flights") -> Version:
    return Version(model, number, f"run-{number}", digest(number))


def promotion(
    name: str, number: int, previous: int | None, kind: PromotionKind = PromotionKind.PROMOTE
) -> Promotion:
    return Promotion(name, kind, version(number), previous, "better on the same rows", done=False)


def decision(name: str, observed: float | str | None = 0.71) -> Decision:
    reason = Reason("log_loss", None, observed, 0.55, "worse than the baseline")
    blocked = Reason("skew", "temp", "12 of 40", None, "values differ")
    return Decision(name, Action.RETRAIN, (reason,), (blocked,))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return request.getfixturevalue("new_database")()
    return file_url(tmp_path)


def file_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'home' / 'ledger.db'}"


@pytest.fixture(autouse=True)
def _closed(monkeypatch):
    """Connections are closed with the test, also those of ledgers that it has left."""
    engines = []

    def create(*given, **named):
        engines.append(create_engine(*given, **named))
        return engines[-1]

    monkeypatch.setattr("incumbent.gateways.ledger.engine.create_engine", create)
    yield
    for engine in engines:
        engine.dispose()


@pytest.fixture
def ledger(url: str) -> Ledger:
    return Ledger(url)


def race(url: str, act: object) -> list:
    """Call act(ledger, i) from several threads at once, each with a ledger of its own."""
    barrier = Barrier(RACERS)

    def run(i: int) -> object:
        ledger = Ledger(url)
        barrier.wait()
        return act(ledger, i)

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(run, range(RACERS)))


class TestBatches:
    def test_an_unknown_batch_is_none(self, ledger):
        assert ledger.batch("flights", digest(1)) is None
        assert ledger.batches("flights") == ()
        assert ledger.models() == ()

    def test_ordinals_count_from_zero_for_each_model(self, ledger):
        assert [ledger.start_batch("flights", batch(i), NOW).ordinal for i in (7, 3, 5)] == [
            0,
            1,
            2,
        ]
        assert ledger.start_batch("hotels", batch(7), NOW).ordinal == 0
        assert ledger.models() == ("flights", "hotels")

    def test_a_batch_comes_back_as_it_went_in(self, ledger):
        entry = ledger.start_batch("flights", batch(1), NOW)
        assert entry.batch == batch(1)
        assert (entry.status, entry.document) == (BatchStatus.STARTED, None)
        assert ledger.batch("flights", digest(1)) == entry

    def test_a_batch_without_a_period(self, ledger):
        timeless = replace(batch(1), period=None)
        assert ledger.start_batch("flights", timeless, NOW).batch == timeless

    def test_a_batch_started_again_keeps_its_ordinal_and_follows_its_file(self, ledger):
        ledger.start_batch("flights", batch(1), NOW)
        ledger.start_batch("flights", batch(2), NOW)
        moved = replace(batch(1), id="renamed", path="/archive/renamed.parquet")
        entry = ledger.start_batch("flights", moved, NOW + timedelta(days=1))
        assert entry.ordinal == 0
        assert entry.batch == replace(batch(1), path="/archive/renamed.parquet")
        assert len(ledger.batches("flights")) == 2

    def test_a_handled_batch_started_again_keeps_status_and_document(self, ledger):
        ledger.start_batch("flights", batch(1), NOW)
        ledger.finish_batch("flights", digest(1), BatchStatus.HANDLED, {"drift": None}, NOW)
        again = ledger.start_batch("flights", batch(1), NOW)
        assert (again.status, again.document) == (BatchStatus.HANDLED, {"drift": None})

    def test_finishing_twice_is_finishing_once(self, ledger):
        ledger.start_batch("flights", batch(1), NOW)
        for _ in range(2):
            ledger.finish_batch("flights", digest(1), BatchStatus.QUARANTINED, {"rows": 0}, NOW)
        entry = ledger.batch("flights", digest(1))
        assert entry is not None
        assert (entry.status, entry.document) == (BatchStatus.QUARANTINED, {"rows": 0})

    def test_records_and_nan_in_a_document_become_plain(self, ledger):
        ledger.start_batch("flights", batch(1), NOW)
        doc = {"period": PERIOD, "score": float("nan"), "name": "Zürich ✈"}
        ledger.finish_batch("flights", digest(1), BatchStatus.HANDLED, doc, NOW)
        stored = ledger.batch("flights", digest(1)).document
        assert stored["period"]["start"] == "2013-01-01T00:00:00Z"
        assert stored["score"] is None
        assert stored["name"] == "Zürich ✈"

    def test_finishing_an_unknown_batch_is_refused(self, ledger):
        with pytest.raises(IncumbentError, match="does not know this batch") as caught:
            ledger.finish_batch("flights", digest(1), BatchStatus.HANDLED, {}, NOW)
        assert caught.value.observed == digest(1)

    def test_listing_leaves_documents_out(self, ledger):
        for i in range(2):
            ledger.start_batch("flights", batch(i), NOW)
        ledger.finish_batch("flights", digest(1), BatchStatus.HANDLED, {"a": 1}, NOW)
        entries = ledger.batches("flights")
        assert [e.ordinal for e in entries] == [0, 1]
        assert [e.document for e in entries] == [None, None]

    @pytest.mark.parametrize("count", [0, 1, PAGE, PAGE + 1, 2 * PAGE])
    def test_handled_batches_come_newest_first_over_all_pages(self, ledger, count):
        for i in range(count):
            ledger.start_batch("flights", batch(i), NOW)
            ledger.finish_batch("flights", digest(i), BatchStatus.HANDLED, {"a": i}, NOW)
        ledger.start_batch("flights", batch(count), NOW)
        found = list(ledger.handled_newest_first("flights"))
        assert [e.ordinal for e in found] == list(range(count))[::-1]
        assert all(e.document is None for e in found)

    def test_the_newest_handled_batches_come_with_their_documents(self, ledger):
        for i in range(4):
            ledger.start_batch("flights", batch(i), NOW)
        for i in (0, 1, 3):
            ledger.finish_batch("flights", digest(i), BatchStatus.HANDLED, {"a": i}, NOW)
        ledger.finish_batch("flights", digest(2), BatchStatus.QUARANTINED, {"a": 2}, NOW)
        found = ledger.documented("flights", 2)
        assert [(e.ordinal, e.document) for e in found] == [(1, {"a": 1}), (3, {"a": 3})]
        assert ledger.documented("hotels", 2) == ()

    def test_times_are_stored_in_utc(self, ledger):
        east = timezone(timedelta(hours=2))
        period = Period(datetime(2013, 1, 1, 2, tzinfo=east), datetime(2013, 1, 1, 3, tzinfo=east))
        found = ledger.start_batch("flights", replace(batch(1), period=period), NOW).batch.period
        assert found == period
        assert found.start.utcoffset() == timedelta(0)
        assert found.start.hour == 0

    def test_signs_that_a_database_does_not_take_are_replaced(self, ledger):
        hostile, kept = "a\0b\ud800c\\u0000", "a\ufffdb\ufffdc\\u0000"
        strange = replace(batch(1), id=hostile, path=f"/data/{hostile}")
        ledger.start_batch("flights", strange, NOW)
        zero = hostile.replace("\ud800", "")  # halves of a character are in no document
        document = {"columns": [zero, {zero: "\N{GRINNING FACE}"}]}
        ledger.finish_batch("flights", digest(1), BatchStatus.HANDLED, document, NOW)
        found = ledger.batch("flights", digest(1))
        assert (found.batch.id, found.batch.path) == (kept, f"/data/{kept}")
        left = "a\ufffdbc\\u0000"
        assert found.document == {"columns": [left, {left: "\N{GRINNING FACE}"}]}

    def test_a_time_without_a_zone_is_refused(self, ledger):
        with pytest.raises(Exception, match="a time without a zone"):
            ledger.start_batch("flights", batch(1), datetime(2013, 1, 1))  # noqa: DTZ001 - what is refused


class TestLabels:
    def test_labels_are_known_by_their_own_digest(self, ledger):
        ledger.start_batch("flights", batch(1), NOW)
        assert ledger.scored_by_labels("flights", digest(50)) == ()
        ledger.record_labels("flights", digest(50), "/l/a.csv", [digest(1)], NOW)
        assert ledger.scored_by_labels("flights", digest(50)) == (digest(1),)
        assert ledger.scored_by_labels("hotels", digest(50)) == ()

    def test_recorded_again_a_later_batch_is_added(self, ledger):
        ledger.start_batch("flights", batch(1), NOW)
        ledger.start_batch("flights", batch(2), NOW)
        ledger.record_labels("flights", digest(50), "/l/a.csv", [digest(1)], NOW)
        both = [digest(1), digest(2)]
        ledger.record_labels("flights", digest(50), "/l/b.csv", both, NOW)
        assert sorted(ledger.scored_by_labels("flights", digest(50))) == both
        arrival = LabelArrival(digest(50), "/l/b.csv")
        assert ledger.arrivals("flights", digest(1)) == (arrival,)
        assert ledger.arrivals("flights", digest(2)) == (arrival,)

    def test_arrivals_come_in_the_order_of_their_time(self, ledger):
        ledger.start_batch("flights", batch(1), NOW)
        late = NOW + timedelta(days=3)
        ledger.record_labels("flights", digest(50), "/l/a.csv", [digest(1)], late)
        ledger.record_labels("flights", digest(51), "/l/b.csv", [digest(1)], NOW)
        ledger.record_labels("flights", digest(52), "/l/c.csv", [], NOW)
        found = ledger.arrivals("flights", digest(1))
        assert [a.path for a in found] == ["/l/b.csv", "/l/a.csv"]

    def test_how_many_batches_had_come_by_an_arrival(self, ledger):
        days = [NOW + timedelta(days=k) for k in range(5)]
        for k in range(3):
            ledger.start_batch("flights", batch(k), days[k])
        ledger.start_batch("hotels", batch(9), days[1])
        for k, at in [(50, days[0]), (51, days[1]), (52, days[4])]:
            ledger.record_labels("flights", digest(k), "/l.csv", [digest(0)], at)
        ledger.record_labels("flights", digest(50), "/l.csv", [digest(1)], days[4])
        unknown = digest(53)
        asked = [digest(50), digest(51), digest(52), unknown]
        assert ledger.batches_later("flights", digest(0), asked) == {
            digest(50): 0,
            digest(51): 1,
            digest(52): 2,
            unknown: 2,
        }
        assert ledger.batches_later("flights", digest(2), [digest(50), unknown]) == {
            digest(50): 0,
            unknown: 0,
        }
        assert ledger.batches_later("flights", digest(0), []) == {}


class TestDecisions:
    def test_a_decision_comes_back_with_its_inputs(self, ledger):
        made = decision("d1")
        ledger.record_decision(
            StoredDecision("flights", digest(1), made, {"period": PERIOD, "x": 0.1}, NOW)
        )
        stored = ledger.decision("d1")
        assert stored.decision == made
        assert (stored.model, stored.batch_digest, stored.at) == ("flights", digest(1), NOW)
        assert stored.inputs["x"] == 0.1
        assert ledger.decision("d2") is None

    @pytest.mark.parametrize("observed", [0.1 + 0.2, 3.0, "3", "EWR", None])
    def test_observed_values_keep_their_kind(self, ledger, observed):
        ledger.record_decision(
            StoredDecision("flights", digest(1), decision("d", observed), {}, NOW)
        )
        found = ledger.decision("d").decision.reasons[0].observed
        assert (found, type(found)) == (observed, type(observed))

    def test_the_same_id_again_changes_nothing(self, ledger):
        ledger.record_decision(
            StoredDecision("flights", digest(1), decision("d1"), {"try": 1}, NOW)
        )
        ledger.record_decision(
            StoredDecision("flights", digest(1), decision("d1", 0.9), {"try": 2}, NOW)
        )
        assert [s.inputs for s in ledger.decisions("flights", 10)] == [{"try": 1}]

    def test_newest_first_and_no_more_than_asked_for(self, ledger):
        for name in ("a", "b", "c"):
            ledger.record_decision(StoredDecision("flights", digest(1), decision(name), {}, NOW))
        ledger.record_decision(StoredDecision("hotels", digest(1), decision("other"), {}, NOW))
        assert [s.decision.id for s in ledger.decisions("flights", 2)] == ["c", "b"]


def judged(number: int, *, retrained: bool = False) -> JudgedBatch:
    return JudgedBatch(
        digest(number), 100, 1, retrained, Estimate(0.1, 0.0, 0.2, 0.05, 40, 8), None, estimated=0.5
    )


def conclude(ledger, number, made=None, inputs=None, *, found=None) -> None:
    """A batch with a decision about it, handled."""
    made = made or Decision(f"d{number}", Action.NONE, (), ())
    ledger.start_batch("flights", batch(number), NOW)
    ledger.record_decision(
        StoredDecision("flights", digest(number), made, inputs or {}, NOW), found
    )
    ledger.finish_batch("flights", digest(number), BatchStatus.HANDLED, {}, NOW)


def inputs_of(known: JudgedBatch) -> dict:
    """The parts of the inputs of a decision that make a judgement."""
    return {
        "champion": known.champion,
        "harm": {
            "rows": known.rows,
            "enough": True,
            "metric_name": "log_loss",
            "metrics": {"log_loss": known.loss},
        },
        "gain": {"saved": known.saved, "cleared": ()},
        "estimate": {"metrics": {"log_loss": known.estimated}},
    }


def asked_of(ledger: Ledger) -> tuple:
    return (
        ledger.judged_batches("flights", digest(9), 50),
        ledger.training_candidates("flights", 9, ()),
    )


class TestJudgements:
    def test_the_newest_judged_batches_are_given_in_the_order_of_arrival(self, ledger):
        for number in range(5):
            conclude(ledger, number, found=judged(number) if number != 1 else None)
        found = ledger.judged_batches("flights", digest(4), 2)
        assert found == (judged(2), judged(3))
        assert ledger.judged_batches("hotels", digest(4), 2) == ()

    def test_a_later_judgement_takes_the_place_of_the_earlier_but_a_training_stays_known(
        self, ledger
    ):
        conclude(ledger, 0, found=judged(0, retrained=True))
        again = replace(judged(0), rows=140)
        conclude(ledger, 0, Decision("again", Action.NONE, (), ()), found=again)
        (found,) = ledger.judged_batches("flights", digest(1), 9)
        assert found == replace(again, retrained=True)

    def test_candidates_are_older_handled_batches_with_their_faults_until_cleared(self, ledger):
        fault = (Reason("shuffled_labels", None, 0.4, 0.01, "labels do not follow their rows"),)
        faulty = Decision("d1", Action.NONE, (), (), faults=fault)
        conclude(ledger, 0)
        conclude(ledger, 1, faulty)
        ledger.start_batch("flights", batch(2), NOW)
        known = [TrainingBatch(digest(0)), TrainingBatch(digest(1), frozenset({"shuffled_labels"}))]
        assert ledger.training_candidates("flights", 9, ()) == tuple(known)
        assert ledger.training_candidates("flights", 1, ()) == (known[0],)
        assert ledger.training_candidates("flights", 9, {digest(0)}) == (known[1],)
        conclude(ledger, 3, inputs={"gain": {"cleared": [digest(1)]}})
        cleared = replace(known[1], cleared=True)
        assert ledger.training_candidates("flights", 3, {digest(0)}) == (cleared,)


class TestFiles:
    def test_a_file_is_done_once_its_batch_is_handled_or_its_labels_are_recorded(self, ledger):
        ledger.start_batch("flights", batch(1), NOW)
        ledger.record_file("flights", ReadFile("/b/1.csv", "10 a", digest(1)))
        ledger.record_file("flights", ReadFile("/l/1.csv", "7 b", digest(50)))
        assert ledger.files_done("flights") == {}
        ledger.finish_batch("flights", digest(1), BatchStatus.QUARANTINED, {}, NOW)
        ledger.record_labels("flights", digest(50), "/l/1.csv", [digest(1)], NOW)
        assert ledger.files_done("flights") == {"/b/1.csv": "10 a", "/l/1.csv": "7 b"}
        assert ledger.files_done("hotels") == {}

    def test_a_file_whose_labels_wait_for_rows_is_not_done(self, ledger):
        ledger.start_batch("flights", batch(1), NOW)
        ledger.finish_batch("flights", digest(1), BatchStatus.HANDLED, {}, NOW)
        ledger.record_labels("flights", digest(50), "/l/1.csv", [digest(1)], NOW)
        for until in (0, None):
            ledger.record_file("flights", ReadFile("/l/1.csv", "7 b", digest(50), until))
            assert ledger.looked_until("flights", "/l/1.csv", "7 b") == until
            assert ledger.looked_until("flights", "/l/1.csv", "9 c") is None
            assert ("/l/1.csv" in ledger.files_done("flights")) == (until is None)

    def test_a_file_that_has_changed_is_known_as_it_was_read_last(self, ledger):
        for number, stamp in [(1, "10 a"), (2, "10 b")]:
            conclude(ledger, number)
            ledger.record_file("flights", ReadFile("/b/1.csv", stamp, digest(number)))
        assert ledger.files_done("flights") == {"/b/1.csv": "10 b"}


class TestDispositions:
    @pytest.fixture
    def aside(self, ledger):
        """Batch 1 is in quarantine, between two that are handled."""
        for i in range(3):
            status = BatchStatus.QUARANTINED if i == 1 else BatchStatus.HANDLED
            ledger.start_batch("flights", batch(i), NOW)
            ledger.finish_batch("flights", digest(i), status, {"a": i}, NOW)
        return ledger

    def test_a_release_is_entered_with_its_reason_until_a_run_has_handled_the_batch(self, aside):
        made = Disposition(Disposal.RELEASE, "checked \N{AIRPLANE}", NOW)
        assert aside.released("flights") == ()
        assert aside.dispose("flights", digest(1), made) == made
        (entry,) = aside.released("flights")
        assert (entry.ordinal, entry.status, entry.document) == (1, BatchStatus.RELEASED, {"a": 1})
        assert aside.dispositions("flights") == {digest(1): made}
        assert [e.ordinal for e in aside.handled_newest_first("flights")] == [2, 0]
        aside.finish_batch("flights", digest(1), BatchStatus.HANDLED, {"b": 1}, NOW)
        assert aside.released("flights") == ()
        assert aside.dispositions("flights") == {digest(1): made}
        assert aside.dispositions("hotels") == {}

    def test_the_same_order_again_changes_nothing_and_another_one_stands(self, aside, url):
        first, second = (Disposition(Disposal.DISCARD, why, NOW) for why in ("test", "again"))
        assert aside.dispose("flights", digest(1), first) == first
        assert aside.dispose("flights", digest(1), second) == first
        assert aside.batch("flights", digest(1)).status is BatchStatus.DISCARDED
        back = Disposition(Disposal.RELEASE, "a mistake", NOW)
        assert aside.dispose("flights", digest(1), back) == back
        assert aside.dispositions("flights") == {digest(1): back}
        assert rows_of(url, "dispositions") == 2

    @pytest.mark.parametrize("number", [0, 9])
    def test_what_is_not_in_quarantine_is_not_disposed_of(self, aside, number):
        made = Disposition(Disposal.RELEASE, "why", NOW)
        with pytest.raises(IncumbentError, match="not in quarantine"):
            aside.dispose("flights", digest(number), made)
        assert aside.dispositions("flights") == {}

    def test_a_release_lets_waiting_labels_be_looked_for_again(self, aside):
        for name, until in [("/l/early", 0), ("/l/late", 2), ("/l/done", None)]:
            aside.record_file("flights", ReadFile(name, "7 b", digest(50), until))
        assert aside.labels_waiting("flights") == ("/l/early", "/l/late")
        aside.dispose("flights", digest(1), Disposition(Disposal.DISCARD, "why", NOW))
        assert aside.looked_until("flights", "/l/late", "7 b") == 2
        aside.dispose("flights", digest(1), Disposition(Disposal.RELEASE, "why", NOW))
        found = [aside.looked_until("flights", name, "7 b") for name in ("/l/early", "/l/late")]
        assert found == [0, 0]
        assert aside.looked_until("flights", "/l/done", "7 b") is None

    def test_a_file_of_a_released_batch_is_not_read_as_a_new_one(self, aside):
        aside.record_file("flights", ReadFile("/b/1.csv", "10 a", digest(1)))
        aside.dispose("flights", digest(1), Disposition(Disposal.RELEASE, "why", NOW))
        assert aside.files_done("flights") == {"/b/1.csv": "10 a"}


class TestPromotions:
    def install(self, ledger, *chain):
        for name, number, previous in chain:
            intent = ledger.intend(promotion(name, number, previous), NOW)
            ledger.complete(intent, NOW)

    def test_before_the_first_install_there_is_no_champion(self, ledger):
        assert ledger.champion("flights") is None
        assert ledger.previous("flights") is None

    def test_an_intent_is_no_promotion_yet(self, ledger):
        intent = ledger.intend(promotion("p1", 1, None), NOW)
        assert intent == promotion("p1", 1, None)
        assert ledger.champion("flights") is None
        assert ledger.open_intents("flights") == (intent,)

    def test_done_the_version_is_champion(self, ledger):
        self.install(ledger, ("p1", 1, None), ("p2", 2, 1))
        assert ledger.champion("flights") == version(2)
        assert ledger.previous("flights") == version(1)
        assert ledger.open_intents("flights") == ()
        assert [p.done for p in ledger.promotions("flights")] == [True, True]

    def test_no_second_promotion_begins_while_one_is_half_done(self, ledger):
        first = ledger.intend(promotion("p1", 1, None), NOW)
        with pytest.raises(IncumbentError, match="not promoted") as caught:
            ledger.intend(promotion("p2", 2, None), NOW)
        assert "half done: True" in caught.value.observed
        ledger.complete(first, NOW)
        assert ledger.champion("flights") == version(1)
        assert len(ledger.promotions("flights")) == 1

    def test_what_was_judged_against_a_former_champion_is_not_promoted(self, ledger):
        self.install(ledger, ("p1", 1, None), ("p2", 2, 1))
        with pytest.raises(IncumbentError, match="not promoted") as caught:
            ledger.intend(promotion("p3", 3, 1), NOW)
        assert "champion 2" in caught.value.observed
        assert ledger.champion("flights") == version(2)

    def test_rolled_back_the_previous_is_the_one_left(self, ledger):
        self.install(ledger, ("p1", 1, None), ("p2", 2, 1))
        intent = ledger.intend(promotion("r1", 1, 2, PromotionKind.ROLL_BACK), NOW)
        ledger.complete(intent, NOW)
        assert ledger.champion("flights") == version(1)
        assert ledger.last_promotion("flights") == replace(intent, done=True)
        assert ledger.previous("flights") == version(2)
        assert ledger.last_promotion("flights").kind is PromotionKind.ROLL_BACK

    def test_the_same_intent_after_a_crash_returns_the_stored_one(self, ledger, url):
        intent = ledger.intend(promotion("p1", 1, None), NOW)
        other = replace(promotion("p1", 9, None), reason="another")
        assert Ledger(url).intend(other, NOW) == promotion("p1", 1, None)
        ledger.complete(intent, NOW)
        ledger.complete(intent, NOW)
        assert Ledger(url).intend(other, NOW) == replace(promotion("p1", 1, None), done=True)
        assert len(ledger.promotions("flights")) == 1

    def test_completing_what_was_never_intended_is_refused(self, ledger):
        with pytest.raises(IncumbentError, match="no intent") as caught:
            ledger.complete(promotion("p1", 1, None), NOW)
        assert caught.value.observed == "p1"

    def test_an_open_intent_can_be_withdrawn_and_a_done_one_cannot(self, ledger):
        self.install(ledger, ("p1", 1, None))
        ledger.intend(promotion("p2", 2, 1), NOW)
        for name, number in (("p1", 1), ("p2", 2), ("p2", 2)):
            ledger.withdraw(promotion(name, number, None))
        assert [p.id for p in ledger.promotions("flights")] == ["p1"]


class TestRegistrations:
    def test_what_was_begun_and_never_promoted_is_to_be_archived_once(self, ledger):
        left, promoted = version(1), version(2)
        for stored in (left, promoted):
            ledger.begin_registration(stored, NOW)
            ledger.begin_registration(stored, NOW)
        ledger.complete(ledger.intend(promotion("p1", 2, None), NOW), NOW)
        assert ledger.unpromoted_registrations("flights", NOW) == (left.run_id,)
        assert ledger.unpromoted_registrations("other", NOW) == ()
        ledger.archive_registrations("flights", [left.run_id], NOW)
        assert ledger.unpromoted_registrations("flights", NOW) == ()

    def test_a_version_that_never_came_is_looked_for_no_longer_than_a_week(self, ledger):
        ledger.begin_registration(version(1), NOW)
        asked = [NOW + timedelta(days=d) for d in (6, 8)]
        found = [ledger.unpromoted_registrations("flights", now) for now in asked]
        assert found == [(version(1).run_id,), ()]

    def test_runs_that_were_begun_or_promoted_are_known(self, ledger):
        ledger.begin_registration(version(1), NOW)
        ledger.complete(ledger.intend(promotion("p1", 2, None), NOW), NOW)
        known = [ledger.knows_run("flights", version(n).run_id) for n in (1, 2, 3)]
        assert known == [True, True, False]
        assert not ledger.knows_run("other", version(1).run_id)

    def test_a_run_is_begun_once(self, ledger):
        assert [ledger.begin_run("flights", k) for k in ("a", "b", "a")] == [False, False, True]
        assert not ledger.begin_run("other", "a")

    def test_recovered_promotions_are_done_in_their_order(self, ledger):
        found = [replace(promotion(f"p{n}", n, n - 1 or None), done=True) for n in (1, 2)]
        ledger.recover(found, NOW)
        ledger.recover(found, NOW)
        assert ledger.promotions("flights") == tuple(found)
        assert ledger.champion("flights") == version(2)
        assert ledger.previous("flights") == version(1)

    def test_the_fence_is_closed_once_another_run_has_taken_over(self, ledger):
        ledger.require_lease()
        first = ledger.under(ledger.acquire("flights", "a", MINUTE, NOW))
        first.require_lease()
        ledger.acquire("flights", "b", MINUTE, NOW + 2 * MINUTE)
        with pytest.raises(LeaseError, match="taken over"):
            first.require_lease()


class TestLeases:
    def acquire(self, ledger, holder, now=NOW):
        return ledger.acquire("flights", holder, MINUTE, now)

    def test_one_at_a_time_holds_a_model(self, ledger):
        assert ledger.lease("flights") is None
        first = self.acquire(ledger, "a")
        assert (first.fence, first.holder, first.until) == (1, "a", NOW + MINUTE)
        assert self.acquire(ledger, "b", NOW + MINUTE / 2) is None
        assert ledger.lease("flights") == first
        assert ledger.acquire("hotels", "b", MINUTE, NOW) is not None

    def test_given_back_it_is_free_at_once(self, ledger):
        ledger.release(self.acquire(ledger, "a"), NOW)
        assert self.acquire(ledger, "b").fence == 2

    def test_run_out_it_is_free_and_the_next_fence_is_higher(self, ledger):
        self.acquire(ledger, "a")
        assert self.acquire(ledger, "b", NOW + MINUTE).fence == 2

    def test_renewed_it_lasts(self, ledger):
        first = self.acquire(ledger, "a")
        ledger.renew(first, MINUTE, NOW + MINUTE / 2)
        assert self.acquire(ledger, "b", NOW + MINUTE) is None

    def test_run_out_and_taken_by_nobody_it_can_be_renewed(self, ledger):
        first = self.acquire(ledger, "a")
        ledger.renew(first, MINUTE, NOW + 2 * MINUTE)
        ledger.under(first).start_batch("flights", batch(1), NOW)
        assert self.acquire(ledger, "b", NOW + 2 * MINUTE) is None

    def test_whoever_was_taken_over_from_writes_nothing_more(self, ledger, url):
        slow = ledger.under(self.acquire(ledger, "slow"))
        slow.start_batch("flights", batch(1), NOW)
        quick = Ledger(url).under(self.acquire(ledger, "quick", NOW + MINUTE))
        quick.intend(promotion("p1", 1, None), NOW)
        before = dump(url)
        for write in (
            lambda: slow.start_batch("flights", batch(2), NOW),
            lambda: slow.finish_batch("flights", digest(1), BatchStatus.HANDLED, {}, NOW),
            lambda: slow.record_decision(
                StoredDecision("flights", digest(1), decision("d"), {}, NOW)
            ),
            lambda: slow.record_labels("flights", digest(9), "l.csv", [digest(1)], NOW),
            lambda: slow.intend(promotion("p1", 1, None), NOW),
            lambda: slow.complete(promotion("p1", 1, None), NOW),
            lambda: slow.withdraw(promotion("p1", 1, None)),
            lambda: slow.record_shadow("flights", Look(1, 2, 1, "a", {}), NOW),
            lambda: slow.keep_challenger("flights", Challenger(version(2), 1, ()), NOW),
            lambda: slow.close_challenger("flights", NOW),
            lambda: slow.renew(slow._lease, MINUTE, NOW),
            lambda: slow.release(slow._lease, NOW),
        ):
            with pytest.raises(LeaseError, match="taken over"):
                write()
        assert dump(url) == before
        assert slow.start_batch("hotels", batch(1), NOW).ordinal == 0  # no run holds it

    def test_of_many_at_once_one_gets_it(self, url):
        found = race(url, lambda ledger, i: self.acquire(ledger, f"holder {i}"))
        assert [lease.fence for lease in found if lease is not None] == [1]


class TestShadows:
    def test_looks_count_over_all_challengers_of_a_champion(self, ledger):
        assert ledger.look_at("flights", 1, "a") == 1
        ledger.record_shadow("flights", Look(1, None, 1, "a", {"n": 200}), NOW)
        ledger.record_shadow("flights", Look(1, 2, 2, "b", {"n": 300}), NOW)
        ledger.record_shadow("flights", Look(2, 3, 1, "c", {"n": 300}), NOW)
        assert (ledger.look_at("flights", 1, "d"), ledger.look_at("flights", 2, "d")) == (3, 2)

    def test_a_look_at_the_same_evidence_is_one_look(self, ledger):
        for _ in range(2):
            look = ledger.look_at("flights", 1, "a")
            ledger.record_shadow("flights", Look(1, 2, look, "a", {"n": 200}), NOW)
        assert ledger.look_at("flights", 1, "a") == 1
        assert ledger.look_at("flights", 1, "b") == 2

    def test_a_challenger_comes_back_with_its_evidence(self, ledger):
        blocks = tuple(PairedBlock(b, 10, {"log_loss": (1.5, 0.1 + 0.2)}) for b in range(3))
        kept = Challenger(version(2), 1, blocks)
        assert ledger.challenger("flights") is None
        ledger.keep_challenger("flights", kept, NOW)
        assert ledger.challenger("flights") == kept

    def test_evidence_of_the_same_version_is_replaced(self, ledger, url):
        more = (PairedBlock(1, 10, {"log_loss": (1.0, 2.0)}),)
        ledger.keep_challenger("flights", Challenger(version(2), 1, ()), NOW)
        ledger.keep_challenger("flights", Challenger(version(2), 1, more), NOW)
        assert ledger.challenger("flights").evidence == more
        assert rows_of(url, "challengers") == 1

    def test_another_version_closes_the_one_before(self, ledger, url):
        ledger.keep_challenger("flights", Challenger(version(2), 1, ()), NOW)
        ledger.keep_challenger("flights", Challenger(version(3), 1, ()), NOW)
        assert ledger.challenger("flights").version == version(3)
        assert rows_of(url, "challengers") == 2

    def test_closed_there_is_none_and_closing_again_does_nothing(self, ledger):
        ledger.close_challenger("flights", NOW)
        ledger.keep_challenger("flights", Challenger(version(2), 1, ()), NOW)
        ledger.keep_challenger("hotels", Challenger(version(2, "hotels"), 1, ()), NOW)
        for _ in range(2):
            ledger.close_challenger("flights", NOW)
        assert ledger.challenger("flights") is None
        assert ledger.challenger("hotels") is not None


class TestRaces:
    def test_one_batch_started_by_many_at_once_gets_one_ordinal(self, url):
        found = race(url, lambda ledger, _: ledger.start_batch("flights", batch(1), NOW).ordinal)
        assert found == [0] * RACERS
        assert len(Ledger(url).batches("flights")) == 1

    def test_many_batches_started_at_once_get_an_ordinal_each(self, url):
        found = race(url, lambda ledger, i: ledger.start_batch("flights", batch(i), NOW).ordinal)
        assert sorted(found) == list(range(RACERS))

    def test_one_connection_for_all_threads_is_as_safe(self, url):
        ledger = Ledger(url)
        found = race(url, lambda _, i: ledger.start_batch("flights", batch(i), NOW).ordinal)
        assert sorted(found) == list(range(RACERS))

    def test_of_many_identical_intents_one_is_stored(self, url):
        def act(ledger: Ledger, i: int) -> Promotion:
            return ledger.intend(replace(promotion("p1", 1, None), reason=f"by {i}"), NOW)

        found = race(url, act)
        assert len({p.reason for p in found}) == 1
        assert Ledger(url).promotions("flights") == (found[0],)

    def test_challengers_kept_at_once_leave_one_open(self, url):
        race(
            url,
            lambda ledger, i: ledger.keep_challenger("flights", Challenger(version(i), 0, ()), NOW),
        )
        assert Ledger(url).challenger("flights") is not None

    def test_a_new_file_waits_for_another_connection_that_writes_to_it(self, tmp_path):
        url, opened = file_url(tmp_path), Event()
        path = Path(path_of(url))
        path.parent.mkdir()
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        ledger = Ledger(url)
        event.listen(ledger._engine, "connect", lambda *_: opened.set())
        with closing(other), ThreadPoolExecutor() as pool:
            reading = pool.submit(ledger.models)
            reading.add_done_callback(lambda _: opened.set())
            opened.wait()
            other.execute("ROLLBACK")
            assert reading.result() == ()


class TestCrash:
    def test_a_process_killed_while_writing_leaves_nothing_and_holds_nobody_up(self, ledger, url):
        ledger.start_batch("flights", batch(1), NOW)
        killed = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, url], check=False)
        assert killed.returncode == -signal.SIGKILL
        assert Ledger(url).start_batch("flights", batch(1), NOW).ordinal == 0
        assert [e.batch.id for e in ledger.batches("flights")] == ["batch_1"]

    def test_a_whole_run_repeated_changes_nothing(self, ledger, url):
        def run(ledger: Ledger) -> None:
            ledger.start_batch("flights", batch(1), NOW)
            ledger.record_decision(StoredDecision("flights", digest(1), decision("d1"), {}, NOW))
            ledger.complete(ledger.intend(promotion("p1", 1, None), NOW), NOW)
            ledger.record_labels("flights", digest(50), "/l/a.csv", [digest(1)], NOW)
            ledger.record_shadow("flights", Look(1, 2, 1, "a", {}), NOW)
            ledger.keep_challenger("flights", Challenger(version(2), 1, ()), NOW)
            ledger.finish_batch("flights", digest(1), BatchStatus.HANDLED, {}, NOW)

        run(ledger)
        before = dump(url)
        run(Ledger(url))
        assert dump(url) == before


class TestUpgrades:
    def test_the_schema_has_a_version_from_the_first_day(self, ledger, url):
        ledger.models()
        Ledger(url).models()
        assert execute(url, "SELECT version FROM schema_version") == [(VERSION,)]

    def test_a_ledger_of_the_first_schema_is_taken_along(self, url, tmp_path, request):
        run_script(url, FIRST_SCHEMA.read_text())
        ledger = Ledger(url)
        assert ledger.champion("flights") == version(1)
        assert ledger.batch("flights", digest(1)).document == {"drift": None}
        assert ledger.look_at("flights", 1, "a") == 2
        ledger.intend(promotion("p2", 2, 1), NOW)
        with pytest.raises(IncumbentError):
            ledger.intend(promotion("p3", 3, 1), NOW)
        fresh = file_url(tmp_path / "fresh")
        if not url.startswith("sqlite"):
            fresh = request.getfixturevalue("new_database")()
        Ledger(fresh).models()
        assert shape(url) == shape(fresh)

    def test_what_was_decided_before_is_known_after_the_upgrade(self, ledger, url):
        shuffled = Reason("shuffled_labels", None, 0.4, 0.01, "labels do not follow their rows")
        faulty = Decision("d1", Action.NONE, (), (), faults=(shuffled,))
        loss = Estimate(0.4, 0.3, 0.5, 0.05, 40, 8)
        known = replace(judged(0), loss=loss, retrained=True)
        conclude(ledger, 0, decision("d0"), inputs_of(known), found=known)
        known = replace(known, rows=140)
        conclude(ledger, 0, Decision("again", Action.NONE, (), ()), inputs_of(known), found=known)
        conclude(ledger, 1, faulty)
        conclude(ledger, 2, inputs={"harm": None, "gain": {"cleared": [digest(1)]}})
        before = asked_of(ledger)
        run_script(url, TO_SECOND_SCHEMA)
        assert asked_of(Ledger(url)) == before
        assert before[0] == (known,)
        assert before[1][1] == TrainingBatch(
            digest(1), frozenset({"shuffled_labels"}), cleared=True
        )

    def test_a_newer_schema_asks_for_an_upgrade(self, ledger, url):
        ledger.models()
        run_script(url, "UPDATE schema_version SET version = 99;")
        with pytest.raises(IncumbentError, match="newer release") as caught:
            Ledger(url).models()
        assert caught.value.observed == "schema version 99"
        assert caught.value.allowed == f"schema version {VERSION} or older"
        assert "upgrade" in caught.value.next_step


class TestDatabase:
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return file_url(tmp_path)

    def test_nothing_is_opened_before_the_first_call(self, url, tmp_path):
        Ledger(url)
        assert list(tmp_path.iterdir()) == []

    def test_sqlite_writes_ahead_and_minds_foreign_keys(self, ledger):
        ledger.models()
        with ledger._engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000

    def test_in_memory_it_lasts_as_long_as_the_ledger(self):
        ledger = Ledger("sqlite://")
        ledger.start_batch("flights", batch(1), NOW)
        assert len(ledger.batches("flights")) == 1
        ledger.close()

    def test_a_file_that_is_no_database_is_out_of_reach(self, tmp_path):
        (tmp_path / "ledger.db").write_bytes(b"garbage" * 1000)
        with pytest.raises(OutOfReachError, match="did not answer") as caught:
            Ledger(f"sqlite:///{tmp_path / 'ledger.db'}").models()
        assert "file is not a database" in caught.value.observed
        assert caught.value.exit_code == 4

    def test_a_folder_that_cannot_be_made_is_out_of_reach(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(OutOfReachError):
            Ledger(f"sqlite:///{tmp_path / 'file' / 'ledger.db'}").models()

    def test_what_the_database_says_never_shows_the_password(self):
        url = make_url("postgresql://me:hunter2@db.example/ledger")
        error = OperationalError("SELECT 1", {}, Exception("no login for me:hunter2"))
        with pytest.raises(OutOfReachError) as caught, _reachable(url):
            raise error
        assert "hunter2" not in str(caught.value)
        assert "postgresql://***@db.example/ledger" in caught.value.observed

    @pytest.mark.parametrize(
        "url", ["mysql://host/db", "ledger.db", "", "postgresql+nothing://h/d"]
    )
    def test_a_url_that_is_no_ledger_is_wrong_usage(self, url):
        with pytest.raises(UsageError) as caught:
            Ledger(url)
        assert "sqlite:///" in caught.value.allowed
        assert "INCUMBENT_DATABASE_URL" in caught.value.next_step

    def test_the_tables_can_be_made_on_postgresql(self):
        dialect = postgresql.dialect()
        tables = [str(CreateTable(t).compile(dialect=dialect)) for t in metadata.sorted_tables]
        ddl = "\n".join(tables)
        assert "started_at TIMESTAMP WITH TIME ZONE NOT NULL" in ddl
        assert "document JSON" in ddl
        assert "sequence SERIAL NOT NULL" in ddl
        (index,) = (i for i in challengers.indexes if i.unique)
        assert "WHERE closed_at IS NULL" in str(CreateIndex(index).compile(dialect=dialect))


def path_of(url: str) -> str:
    return url.removeprefix("sqlite:///")


def run_script(url: str, script: str) -> None:
    """Statements as SQLite dumps them, also for PostgreSQL."""
    if url.startswith("sqlite"):
        Path(path_of(url)).parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path_of(url))) as connection:
            connection.executescript(script)
        return
    for ours, theirs in IN_POSTGRESQL.items():
        script = script.replace(ours, theirs)
    statements = [line for line in script.split(";\n") if line.strip()]
    tables = [line for line in statements if "CREATE TABLE" in line]
    others = [line for line in statements if "CREATE TABLE" not in line]
    keyed = sorted(tables, key=lambda line: ORDER.index(line.split()[2]) if tables else 0)
    rows = sorted(others, key=lambda line: 0 if '"models"' in line else 1)
    execute(url, *keyed, *rows)


def execute(url: str, *statements: str) -> list:
    """The rows that the last of some statements gives."""
    engine = create_engine(url)
    with engine.begin() as connection:
        found = [connection.exec_driver_sql(line) for line in statements][-1]
        rows = [tuple(row) for row in found] if found.returns_rows else []
    engine.dispose()
    return rows


def shape(url: str) -> dict[str, list]:
    """Every table's columns, keys and indices, as the database tells them."""
    engine = create_engine(url)
    seen, found = inspect(engine), dict[str, list]()
    for name in seen.get_table_names():
        columns = [(c["name"], str(c["type"]), c["nullable"]) for c in seen.get_columns(name)]
        keys = sorted(seen.get_pk_constraint(name)["constrained_columns"])
        unique = sorted(str(sorted(i["column_names"])) for i in seen.get_unique_constraints(name))
        indices = sorted((str(i["name"]), bool(i["unique"])) for i in seen.get_indexes(name))
        found[name] = [sorted(columns), keys, unique, indices]
    engine.dispose()
    return found


def rows_of(url: str, table: str) -> int:
    return len(dump(url)[table])


def dump(url: str) -> dict[str, list]:
    """Every row of every table."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {
            name: sorted(map(repr, connection.execute(select(table)).all()))
            for name, table in metadata.tables.items()
        }
    engine.dispose()
    return found
