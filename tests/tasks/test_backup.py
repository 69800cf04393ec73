"""A backup is whole under a running loop, and a restored one loses no version."""

import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from threading import Event

import pytest

from incumbent.errors import (
    IncumbentError,
    IntegrityError,
    OutOfReachError,
    UnreadableError,
    UsageError,
)
from incumbent.gateways import backup
from incumbent.gateways.ledger import Ledger
from incumbent.gateways.predictions import PredictionStore
from incumbent.records import Batch, BatchStatus, Disposal, Disposition
from tests.flows.world import a_spec, batch_rows

NOW = datetime(2024, 3, 20, tzinfo=UTC)
SPEC = a_spec()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    """An empty ledger and store to restore into."""
    url = f"sqlite:///{tmp_path / 'restored' / 'ledger.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("new_database")()
    ledger = Ledger(url)
    yield ledger, PredictionStore(str(tmp_path / "restored" / "predictions"))
    ledger.close()


def content(ledger):
    """What a ledger says of a model."""
    documents = [e.document for e in ledger.documented("shop", 100)]
    return ledger.identity(), ledger.batches("shop"), documents, ledger.promotions("shop")


def stored(store):
    """Every file of a store with its bytes."""
    return {path: b"".join(chunks) for path, chunks in store.files()}


def test_what_is_restored_is_what_was_there(promoted, empty, tmp_path):
    ledger, store = promoted.gateways.ledger, promoted.gateways.predictions
    written = backup.write(tmp_path / "b.zip", ledger, store)
    assert backup.read(tmp_path / "b.zip", *empty) == written > 2
    assert content(empty[0]) == content(ledger)
    assert stored(empty[1]) == stored(store)


def test_a_quarantined_delivery_is_restored_byte_for_byte(loop, delivery, tmp_path):
    path = delivery.broken("b0", b"no table at all")
    loop.monitor(SPEC, path)
    (entry,) = loop.gateways.ledger.batches("shop")
    backup.write(tmp_path / "b.zip", loop.gateways.ledger, loop.gateways.predictions)
    other = Ledger(f"sqlite:///{tmp_path / 'other.db'}"), PredictionStore(str(tmp_path / "other"))
    backup.read(tmp_path / "b.zip", *other)
    made = Disposition(Disposal.DISCARD, "no table", NOW)
    other[0].dispose("shop", entry.batch.digest, made)
    kept = other[1].quarantined.kept("shop", entry.batch.digest)
    assert Path(kept.table).read_bytes() == b"no table at all"


def test_a_restored_ledger_goes_on(promoted, empty, tmp_path, delivery):
    gateways = promoted.gateways
    backup.write(tmp_path / "b.zip", gateways.ledger, gateways.predictions)
    backup.read(tmp_path / "b.zip", *empty)
    batch = Batch("b7", "f" * 64, 1, None, "/b7.parquet")
    ordinal = len(gateways.ledger.batches("shop"))
    assert empty[0].start_batch("shop", batch, NOW).ordinal == ordinal
    promotion = gateways.ledger.last_promotion("shop")
    again = type(promotion)("p9", promotion.kind, promotion.version, 2, "why", done=False)
    empty[0].complete(empty[0].intend(again, NOW), NOW)  # it counts on from what was copied
    assert empty[0].last_promotion("shop").id == "p9"


def test_a_restored_backup_is_reconciled_with_a_newer_registry(loop, delivery, tmp_path):
    file, home = tmp_path / "b.zip", loop.home
    backup.write(file, loop.gateways.ledger, loop.gateways.predictions)
    loop.monitor(SPEC, delivery.batch("b0", batch_rows(0, changed=True)))
    versions = {v.version for v in loop.registry.registered("shop")}
    assert loop.champion == 2
    for path in home.glob("ledger.db*"):
        path.unlink()
    backup.read(file, loop.gateways.ledger, loop.gateways.predictions)
    assert loop.champion == 1
    with pytest.raises(IncumbentError, match="does not know") as caught:
        loop.monitor(SPEC, delivery.batch("b1", batch_rows(1)))
    assert "incumbent recover shop" in caught.value.next_step
    import_module("flows.recover").recover(SPEC, "restored from Monday")
    assert loop.champion == 2
    assert {v.version for v in loop.registry.registered("shop")} == versions
    (document,) = loop.monitor(SPEC, delivery.batch("b1", batch_rows(1, changed=True)))
    assert document["champion"]["version_before"] == 2


def test_while_batches_are_entered_a_backup_is_of_one_moment(promoted, tmp_path, empty):
    ledger, begun = promoted.gateways.ledger, Event()

    def enter():
        for number in range(200):
            batch = Batch(f"x{number}", f"{number:064x}", 1, None, "/x")
            ledger.start_batch("shop", batch, NOW)
            ledger.finish_batch("shop", batch.digest, BatchStatus.HANDLED, {}, NOW)
            begun.set()

    with ThreadPoolExecutor() as pool:
        entering = pool.submit(enter)
        begun.wait()
        backup.write(tmp_path / "b.zip", ledger, promoted.gateways.predictions)
        entering.result()
    backup.read(tmp_path / "b.zip", *empty)
    entries = empty[0].batches("shop")
    assert [e.ordinal for e in entries] == list(range(len(entries)))
    assert [e.status for e in entries].count(BatchStatus.STARTED) <= 1


def test_a_ledger_with_content_is_not_filled(promoted, tmp_path):
    gateways = promoted.gateways
    backup.write(tmp_path / "b.zip", gateways.ledger, gateways.predictions)
    with pytest.raises(UsageError, match="has content"):
        backup.read(tmp_path / "b.zip", gateways.ledger, gateways.predictions)


def changed(path, name, new):
    """The same backup with another content under one name."""
    found = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(found, "w") as archive:
        for each in old.namelist():
            archive.writestr(each, new if each == name else old.read(each))
    return found


def test_a_damaged_backup_restores_nothing(promoted, tmp_path, empty):
    gateways, path = promoted.gateways, tmp_path / "b.zip"
    backup.write(path, gateways.ledger, gateways.predictions)
    with pytest.raises(IntegrityError, match="not what was written"):
        backup.read(changed(path, backup.LEDGER, b"else"), *empty)
    outside = b'{"ledger.db": "0", "predictions/../../x.parquet": "0"}'
    for text in (b"no JSON", b"{}", b"[]"):
        broken = changed(path, backup.DIGESTS, text)
        with pytest.raises(UnreadableError, match="no backup"):
            backup.read(broken, *empty)
    with pytest.raises((UnreadableError, IntegrityError)):
        backup.read(changed(path, backup.DIGESTS, outside), *empty)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UnreadableError, match="no backup"):
        backup.read(path, *empty)
    assert empty[0].models() == ()
    assert list(empty[1].files()) == []


def test_a_restoration_that_breaks_off_is_done_again(promoted, tmp_path, empty, monkeypatch):
    gateways, path = promoted.gateways, tmp_path / "b.zip"
    backup.write(path, gateways.ledger, gateways.predictions)
    with monkeypatch.context() as patch:
        patch.setattr(PredictionStore, "put", fail)
        with pytest.raises(OutOfReachError):
            backup.read(path, *empty)
    assert empty[0].models() == ()
    backup.read(path, *empty)
    assert content(empty[0]) == content(gateways.ledger)


def fail(*_):
    raise OutOfReachError("The disk is full.", "0 bytes", "room", "make room")


def test_what_is_not_of_the_store_is_not_backed_up(promoted, tmp_path, empty):
    gateways, path = promoted.gateways, tmp_path / "b.zip"
    for stray in ("notes.parquet", "shop/notes.parquet", "shop/rows/a.parquet.part"):
        (promoted.home / "predictions" / stray).write_bytes(b"stray")
    backup.write(path, gateways.ledger, gateways.predictions)
    backup.read(path, *empty)
    assert not any("notes" in name or "part" in name for name, _ in empty[1].files())
    assert [p.name for p in tmp_path.glob("*.part")] == []


def test_a_file_that_cannot_be_written_is_told(promoted, tmp_path):
    gateways = promoted.gateways
    with pytest.raises(IncumbentError, match="not written"):
        backup.write(tmp_path / "nowhere" / "b.zip", gateways.ledger, gateways.predictions)


def test_a_file_that_cannot_be_read_is_told(tmp_path, empty):
    with pytest.raises(IncumbentError, match="was not read"):
        backup.read(tmp_path, *empty)
