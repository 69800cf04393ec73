"""A batch that was set aside: its bytes stay, and a person releases it or discards it."""

import shutil
from importlib import import_module
from pathlib import Path

import great_expectations as gx
import pandas as pd
import pytest
from great_expectations import expectations as gxe

from incumbent.api.quarantine import listed, require_batch, shown
from incumbent.errors import IncumbentError, OutOfReachError, QuarantineError, UsageError
from incumbent.gateways.stored_files import StoredFiles
from incumbent.records import BatchStatus, Disposal
from tasks import quarantine as steps
from tests.flows.world import a_spec, batch_rows

CHANGED = batch_rows(0, changed=True)
WHY = "checked by hand"


def twice(rows):
    """Rows of which one is there twice: a critical rule fails, and every row can be scored."""
    return pd.concat([rows, rows.head(1)])


ASIDE = twice(CHANGED)


def order(spec, batch, disposal, reason=WHY):
    return import_module("flows.quarantine").quarantine(spec, batch, disposal, reason)


def release(spec, batch, reason=WHY):
    return order(spec, batch, Disposal.RELEASE, reason)


def discard(spec, batch, reason=WHY):
    return order(spec, batch, Disposal.DISCARD, reason)


def entries(loop):
    return loop.gateways.ledger.batches("shop")


def statuses(loop):
    return {entry.batch.id: entry.status for entry in entries(loop)}


def kept(loop, digest):
    return loop.gateways.predictions.quarantined.kept("shop", digest)


def bytes_below(folder):
    return {p.name: p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()}


@pytest.fixture
def spec(delivery):
    return a_spec(source=delivery.source, labels=delivery.labels)


class TestReleased:
    def test_a_released_batch_is_judged_at_its_place_and_learnt_from(self, loop, delivery, spec):
        delivery.batch("b0", ASIDE)
        delivery.batch("b1", batch_rows(1))
        (aside, other) = loop.monitor(spec)
        assert (aside["decision"]["action"], aside["drift"], aside["scored_by"]) == (
            "notify",
            None,
            None,
        )
        doc = release(spec, "b0")
        assert (doc["changed"], doc["status"], doc["ordinal"]) == (True, "handled", 0)
        assert doc["order"]["reason"] == WHY
        found = doc["document"]
        assert (found["validation"]["outcome"], found["validation"]["released"]) == ("warn", WHY)
        assert found["validation"]["failures"] == aside["validation"]["failures"] != []
        assert found["harm"]["matured"] == len(ASIDE)
        assert found["drift"]["score"] > 0
        assert (found["decision"]["action"], found["verdict"]["verdict"]) == ("retrain", "promote")
        assert "validation" not in [r["signal"] for r in found["decision"]["blocked"]]
        assert (
            found["batch"]["digest"]
            in loop.registry.load(loop.gateways.ledger.champion("shop")).model.card.training.batches
        )
        assert set(CHANGED["visit"]) <= set(loop.training_rows()["visit"])
        assert [e.status for e in entries(loop)] == [BatchStatus.HANDLED] * 2
        assert loop.monitor(spec) == []
        assert other["batch"]["id"] == "b1"

    def test_released_again_nothing_is_done(self, loop, delivery, spec):
        delivery.batch("b0", ASIDE)
        loop.monitor(spec)
        first = release(spec, "b0")
        runs, champion = len(loop.registry.runs), loop.champion
        again = release(spec, "b0", "another reason")
        assert again == first | {"changed": False}
        assert (len(loop.registry.runs), loop.champion) == (runs, champion)
        assert release(spec, first["batch"]["digest"][:8])["changed"] is False

    def test_a_batch_that_was_never_in_quarantine_is_left_as_it_is(self, loop, delivery, spec):
        delivery.batch("b0", batch_rows(0))
        loop.monitor(spec)
        doc = release(spec, "b0")
        assert (doc["changed"], doc["status"], doc["order"]) == (False, "handled", None)
        with pytest.raises(UsageError, match="was scored already"):
            discard(spec, "b0")

    @pytest.mark.parametrize("lost", ["gone", "changed"])
    def test_it_is_read_from_the_copy_where_its_file_is_no_longer_it(
        self, loop, delivery, spec, lost
    ):
        path = Path(delivery.batch("b0", ASIDE))
        loop.monitor(spec)
        if lost == "gone":
            path.unlink()
        else:
            delivery.batch("b0", batch_rows(3))
        assert release(spec, "b0")["document"]["harm"]["matured"] == len(ASIDE)

    def test_without_file_and_copy_it_is_refused_and_shown_as_not_kept(self, loop, delivery, spec):
        path = Path(delivery.batch("b0", ASIDE))
        (aside,) = loop.monitor(spec)
        path.unlink()
        shutil.rmtree(loop.home / "predictions" / "shop" / "quarantine")
        assert shown(*stores(loop), "shop", "b0")["quarantine"]["kept"] is None
        with pytest.raises(IncumbentError, match="no longer what was handled"):
            release(spec, "b0")
        assert statuses(loop) == {"b0": BatchStatus.QUARANTINED}
        assert aside["batch"]["id"] == "b0"

    def test_rows_that_break_a_physical_limit_are_scored_and_never_learnt(
        self, loop, delivery, spec, monkeypatch
    ):
        limit = gxe.ExpectColumnValuesToBeBetween(
            column="price", max_value=1.0, mostly=0.1, meta={"rows": "exclude"}
        )
        suite = gx.ExpectationSuite(name="own", expectations=[limit])
        for module in ("tasks.validation", "tasks.quarantine"):
            monkeypatch.setattr(f"{module}.own", lambda _: suite)
        delivery.batch("b0", ASIDE)  # the schema fails first: the own rules are not run
        (aside,) = loop.monitor(spec)
        assert aside["validation"]["excluded"] == []
        found = release(spec, "b0")["document"]
        beyond = int((ASIDE["price"] > 1).sum())
        assert len(found["validation"]["excluded"]) == beyond > 0
        assert loop.champion == 2
        learnt = loop.training_rows()
        assert learnt.loc[learnt["visit"].isin(CHANGED["visit"]), "price"].max() <= 1

    def test_a_missing_column_is_named_and_the_batch_stays(self, loop, delivery, spec):
        delivery.batch("b0", CHANGED.drop(columns="age"))
        delivery.batch("b1", CHANGED.assign(price="dear"))
        delivery.broken("b2", Path(delivery.batch("b2", CHANGED)).read_bytes()[:500])
        delivery.batch("b3", CHANGED.head(0))
        loop.monitor(spec)
        before = dict(statuses(loop))
        assert set(before.values()) == {BatchStatus.QUARANTINED}
        for name, observed in [("b0", "age"), ("b1", "price"), ("b2", "b2.parquet"), ("b3", "0")]:
            with pytest.raises(QuarantineError, match="stays in quarantine") as caught:
                release(spec, name)
            assert observed in f"{caught.value.what} {caught.value.observed}"
            assert f"incumbent quarantine discard shop {digest_of(loop, name)[:8]}" in (
                caught.value.next_step
            )
        assert statuses(loop) == before
        assert loop.gateways.ledger.dispositions("shop") == {}


def stores(loop):
    return loop.gateways.ledger, loop.gateways.predictions


def digest_of(loop, name):
    return next(e.batch.digest for e in entries(loop) if e.batch.id == name)


class TestBrokenOff:
    """A run that ends between the order of a person and the report is finished by the next."""

    @pytest.mark.slow
    @pytest.mark.parametrize("deeds", range(1, 17, 3))
    def test_the_next_run_finishes_a_release_once(self, loop, delivery, spec, deeds):
        path = Path(delivery.batch("b0", ASIDE))
        loop.monitor(spec)
        if deeds % 2:  # retention does not wait
            path.unlink()
        with pytest.MonkeyPatch.context() as patch:
            loop.leave_after(patch, deeds)
            try:
                release(spec, "b0")
            except OutOfReachError:
                pass
            else:
                return  # it was over by then
        loop.registry.down = False
        ordered = statuses(loop)["b0"] is BatchStatus.RELEASED
        documents = loop.monitor(spec)
        if not ordered:  # it broke off before anything was entered
            assert documents == []
            documents = [release(spec, "b0")["document"]]
        (found,) = documents
        assert (found["validation"]["outcome"], found["validation"]["released"]) == ("warn", WHY)
        assert (found["scored_by"], found["verdict"]["verdict"]) == (1, "promote")
        assert (loop.champion, statuses(loop)) == (2, {"b0": BatchStatus.HANDLED})
        assert len([p for p in loop.gateways.ledger.promotions("shop") if p.done]) == 2
        assert loop.runs("monitor b0") == 2  # it was set aside, and released
        assert loop.training_rows()["visit"].is_unique
        assert loop.monitor(spec) == []

    def leave_released(self, loop, delivery, spec, monkeypatch):
        """The order is entered, and the run ends."""
        delivery.unlabelled("b0", ASIDE)
        loop.monitor(spec)
        with monkeypatch.context() as patch:
            patch.setattr("flows.quarantine.go_on", fail)
            with pytest.raises(OutOfReachError):
                release(spec, "b0")
        assert statuses(loop) == {"b0": BatchStatus.RELEASED}

    def test_a_run_with_a_named_batch_finishes_it_as_well(self, loop, delivery, spec, monkeypatch):
        self.leave_released(loop, delivery, spec, monkeypatch)
        found = loop.monitor(spec, delivery.batch("b1", batch_rows(1)))
        assert [d["batch"]["id"] for d in found] == ["b0", "b1"]
        assert set(statuses(loop).values()) == {BatchStatus.HANDLED}

    def test_a_second_release_finishes_it_for_the_reason_of_the_first(
        self, loop, delivery, spec, monkeypatch
    ):
        self.leave_released(loop, delivery, spec, monkeypatch)
        doc = release(spec, "b0", "another reason")
        assert (doc["changed"], doc["status"]) == (True, "handled")
        assert doc["document"]["validation"]["released"] == WHY

    def test_one_that_cannot_be_finished_leaves_the_others_alone_until_it_is_discarded(
        self, loop, delivery, spec, monkeypatch
    ):
        self.leave_released(loop, delivery, spec, monkeypatch)
        Path(delivery.folder / "batches" / "b0.parquet").unlink()
        shutil.rmtree(loop.home / "predictions" / "shop" / "quarantine")
        delivery.batch("b1", batch_rows(1))
        with pytest.raises(IncumbentError, match="no longer what was handled"):
            loop.monitor(spec)
        assert statuses(loop) == {"b0": BatchStatus.RELEASED, "b1": BatchStatus.HANDLED}
        assert discard(spec, "b0")["status"] == "discarded"
        assert loop.monitor(spec) == []


def fail(*_given, **_named):
    raise OutOfReachError("The disk is full.", "0 bytes", "room", "make room")


class TestLabels:
    def test_labels_that_came_before_the_release_join(self, loop, delivery, spec):
        delivery.unlabelled("b0", ASIDE)
        delivery.batch("b1", batch_rows(1))
        delivery.labels_of("l0", CHANGED)
        loop.monitor(spec)
        assert loop.monitor(spec) == []
        assert release(spec, "b0")["document"]["harm"]["matured"] == len(ASIDE)
        assert loop.monitor(spec) == []
        assert loop.gateways.ledger.labels_waiting("shop") == ()

    def test_labels_that_come_after_the_release_join(self, loop, delivery, spec):
        delivery.unlabelled("b0", ASIDE)
        delivery.batch("b1", batch_rows(1))
        loop.monitor(spec)
        assert release(spec, "b0")["document"]["harm"] is None
        delivery.labels_of("l0", CHANGED)
        (late,) = loop.monitor(spec)
        assert (late["batch"]["id"], late["labels_only"]) == ("b0", True)
        assert late["validation"]["released"] == WHY
        assert late["harm"]["matured"] == len(ASIDE)

    def test_a_file_of_labels_of_several_batches_is_judged_for_each_once(
        self, loop, delivery, spec
    ):
        delivery.unlabelled("b0", ASIDE)
        delivery.unlabelled("b1", batch_rows(1))
        delivery.labels_of("both", pd.concat([CHANGED, batch_rows(1)]))
        found = loop.monitor(spec)
        assert [d["harm"] and d["harm"]["matured"] for d in found] == [None, len(batch_rows(1))]
        assert release(spec, "b0")["document"]["harm"]["matured"] == len(ASIDE)
        assert loop.monitor(spec) == []

    def test_labels_that_were_given_by_name_are_not_lost(self, loop, delivery):
        named = a_spec()
        path = delivery.unlabelled("b0", ASIDE)
        loop.monitor(named, path, delivery.labels_of("l0", CHANGED))
        assert release(named, "b0")["document"]["harm"]["matured"] == len(ASIDE)

    def test_labels_that_could_not_be_read_at_the_release_are_looked_for_later(
        self, loop, delivery, spec
    ):
        delivery.unlabelled("b0", ASIDE)
        delivery.batch("b1", batch_rows(1))
        labels = Path(delivery.labels_of("l0", CHANGED))
        loop.monitor(spec)
        away = labels.rename(labels.with_suffix(".away"))
        assert release(spec, "b0")["document"]["harm"] is None
        away.rename(labels)
        (late,) = loop.monitor(spec)
        assert (late["batch"]["id"], late["labels_only"]) == ("b0", True)


class TestDiscarded:
    def test_a_discarded_batch_is_neither_scored_nor_learnt_and_its_bytes_stay(
        self, loop, delivery, spec
    ):
        path = Path(delivery.batch("b0", ASIDE))
        delivered = path.read_bytes()
        loop.monitor(spec)
        path.unlink()
        doc = discard(spec, "b0", "a test delivery")
        assert (doc["changed"], doc["status"]) == (True, "discarded")
        again = discard(spec, "b0", "once more")
        assert (again["changed"], again["order"]["reason"]) == (False, "a test delivery")
        delivery.labels_of("l0", CHANGED)
        assert loop.monitor(spec) == []
        (due,) = loop.monitor(
            a_spec(trigger="schedule", schedule_days=1),
            delivery.batch("b1", batch_rows(1, changed=True)),
        )
        assert due["champion"]["version_after"] == 2
        assert not set(CHANGED["visit"]) & set(loop.training_rows()["visit"])
        ((_, content),) = bytes_below(Path(kept(loop, doc["batch"]["digest"]).table).parent).items()
        assert content == delivered

    def test_a_discarded_batch_may_be_released(self, loop, delivery, spec):
        delivery.batch("b0", ASIDE)
        loop.monitor(spec)
        discard(spec, "b0")
        doc = release(spec, "b0", "a mistake")
        assert (doc["status"], doc["order"]["disposal"]) == ("handled", "release")
        assert doc["document"]["validation"]["released"] == "a mistake"
        with pytest.raises(UsageError, match="was scored already"):
            discard(spec, "b0")

    def test_one_that_a_champion_has_learnt_is_not_discarded(
        self, loop, delivery, spec, monkeypatch
    ):
        delivery.batch("b0", ASIDE)
        loop.monitor(spec)
        with monkeypatch.context() as patch:
            patch.setattr("flows.monitor.report", fail)
            with pytest.raises(OutOfReachError):
                release(spec, "b0")
        assert (loop.champion, statuses(loop)) == (2, {"b0": BatchStatus.RELEASED})
        with pytest.raises(UsageError, match="was scored already"):
            discard(spec, "b0")
        (found,) = loop.monitor(spec)
        assert found["champion"] == {"version_before": 1, "version_after": 2}
        assert found["validation"]["outcome"] == "warn"


class TestKept:
    def test_every_byte_is_kept_whatever_was_delivered(self, loop, delivery, spec):
        broken = Path(delivery.broken("b0", b"no table at all"))
        folder = delivery.folder / "batches" / "month=2"
        for name, part in (("part 0", ASIDE[:300]), ("part 1", ASIDE[300:])):
            (folder / "day=1").mkdir(parents=True, exist_ok=True)
            part.to_csv(folder / "day=1" / f"{name}.csv", index=False)
        (first,), (second,) = loop.monitor(spec), loop.monitor(spec, str(folder))
        delivered = bytes_below(folder)
        shutil.rmtree(delivery.folder / "batches")
        assert Path(kept(loop, first["batch"]["digest"]).table).read_bytes() == b"no table at all"
        copy = kept(loop, second["batch"]["digest"])
        assert bytes_below(copy.table) == delivered
        assert [f.name for f in copy.files] == [
            "month=2/day=1/part 0.csv",
            "month=2/day=1/part 1.csv",
        ]
        assert release(spec, "month=2")["document"]["harm"]["matured"] == len(ASIDE)
        assert not broken.exists()

    def test_where_nothing_can_be_copied_the_run_goes_on_and_says_so(
        self, loop, delivery, spec, monkeypatch, caplog
    ):
        delivery.batch("b0", ASIDE)
        delivery.batch("b1", batch_rows(1))
        write = StoredFiles.write

        def full(self, path, chunks):
            if "/quarantine/" in path:
                raise OutOfReachError("The store is full.", path, "room", "make room")
            write(self, path, chunks)

        with monkeypatch.context() as patch:
            patch.setattr(StoredFiles, "write", full)
            found = loop.monitor(spec)
        assert found[0]["validation"]["outcome"] == "quarantine"
        assert statuses(loop) == {"b0": BatchStatus.QUARANTINED, "b1": BatchStatus.HANDLED}
        assert "not kept" in caplog.text
        (described,) = listed(*stores(loop), "shop")["batches"]
        assert described["kept"] is None
        assert release(spec, "b0")["status"] == "handled"  # its file is still there

    def test_a_delivery_is_copied_once(self, loop, delivery, spec, monkeypatch):
        delivery.batch("b0", ASIDE)
        loop.monitor(spec)
        (entry,) = entries(loop)
        copied = []
        monkeypatch.setattr(StoredFiles, "write", lambda _, path, __: copied.append(path))
        steps.keep_delivery(loop.gateways, spec, entry.batch)
        assert copied == []


class TestNamed:
    @pytest.fixture
    def three(self, loop, delivery, spec):
        for name in ("b0", "b1"):
            delivery.batch(name, twice(batch_rows(int(name[1]))))
        delivery.batch("1", twice(batch_rows(2)))  # its name is the ordinal of another one
        loop.monitor(spec)
        return loop

    def test_a_batch_is_known_by_its_id_ordinal_and_digest(self, three):
        ledger = three.gateways.ledger
        for entry in entries(three):
            digest = entry.batch.digest
            for name in (entry.batch.id, str(entry.ordinal), digest[:8], digest.upper()):
                if name != "1":
                    assert require_batch(ledger, "shop", name).batch == entry.batch

    def test_what_there_is_is_listed_where_an_id_is_unknown_or_names_several(self, three):
        digests = {e.batch.id: e.batch.digest for e in entries(three)}
        with pytest.raises(UsageError, match="No batch") as caught:
            require_batch(three.gateways.ledger, "shop", digests["b0"][:7])
        assert all(f"{n} (" in caught.value.allowed for n in ("b0", "b1", "1"))
        with pytest.raises(UsageError, match="Several batches") as caught:
            require_batch(three.gateways.ledger, "shop", "1")
        first, second, third = (e.batch.digest[:8] for e in entries(three))
        assert first in caught.value.allowed
        assert second in caught.value.allowed
        assert third not in caught.value.allowed

    def test_what_is_in_quarantine_is_listed_until_it_is_handled(self, three, spec):
        ids = [b["id"] for b in listed(*stores(three), "shop")["batches"]]
        assert sorted(ids) == ["1", "b0", "b1"]
        release(spec, "b0")
        discard(spec, "b1")
        found = listed(*stores(three), "shop")["batches"]
        assert {b["id"]: b["status"] for b in found} == {"1": "quarantined", "b1": "discarded"}
        assert all(b["failures"] and b["kept"] for b in found)
        assert shown(*stores(three), "shop", "b0")["quarantine"]["status"] == "handled"
