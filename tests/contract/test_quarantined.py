"""The copies of quarantined deliveries, on real files and on fsspec's memory."""

from pathlib import Path

import fsspec
import pandas as pd
import pytest

from incumbent.errors import LeaseError, MissingPathError, OutOfReachError, UnreadableError
from incumbent.gateways import stored_files
from incumbent.gateways.predictions import PredictionStore, is_stored
from incumbent.gateways.sources import storage
from incumbent.gateways.sources.frame import read_frame
from incumbent.records import Batch, ColumnTypes

DIGEST = "a" * 64
ROWS = pd.DataFrame({"x": [1.0, 2.0], "page": ["home", "news"]})
KNOWN = ColumnTypes(text=frozenset({"origin"}))


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path):
    inside = str(tmp_path / "store")
    return PredictionStore(inside if request.param == "folder" else f"memory://{inside}")


@pytest.fixture(params=["folder", "memory"])
def source(request, tmp_path):
    """Where batches are delivered: a folder, or a bucket."""
    inside = str(tmp_path / "source")
    return inside if request.param == "folder" else f"memory://{inside}"


def deliver(path, content=None):
    filesystem, inside = fsspec.url_to_fs(path)
    filesystem.makedirs(inside.rpartition("/")[0], exist_ok=True)
    filesystem.pipe_file(inside, ROWS.to_csv(index=False).encode() if content is None else content)
    return path


def remove(path):
    filesystem, inside = fsspec.url_to_fs(path)
    filesystem.rm(inside, recursive=True)


def batch(path):
    return Batch("b", DIGEST, 2, None, path)


@pytest.mark.parametrize(
    ("files", "delivered", "name"),
    [
        (["b.csv"], "b.csv", "b.csv"),
        (["origin=JFK/raw/b [1].csv"], "origin=JFK/raw/b [1].csv", "origin=JFK/b [1].csv"),
        (["b/0.csv", "b/kind=x/1.csv"], "b", "0.csv"),
        (["origin=JFK/b/0.csv"], "origin=JFK/b", "origin=JFK/0.csv"),
        (["b/month=2/0.csv", "b/month=2/1.csv"], "b/month=2", "month=2/0.csv"),
        (["_b.csv"], "_b.csv", "_b.csv"),
    ],
)
def test_a_table_is_read_from_its_copy_as_from_where_it_was(store, source, files, delivered, name):
    for file in files:
        deliver(f"{source}/{file}")
    path = f"{source}/{delivered}"
    before = read_frame(path, KNOWN)
    store.quarantined.keep("flights", batch(path))
    remove(source)
    kept = store.quarantined.kept("flights", DIGEST)
    assert kept.files[0].name == name
    assert len(kept.files) == len(files)
    pd.testing.assert_frame_equal(read_frame(kept.table, KNOWN), before)
    assert all(is_stored(found) for found, _ in store.files())


def test_what_is_kept_is_kept_as_it_was_first(store, source):
    path = deliver(f"{source}/b.csv", b"first")
    store.quarantined.keep("flights", batch(path))
    deliver(path, b"another")
    store.quarantined.keep("flights", batch(path))
    kept = store.quarantined.kept("flights", DIGEST)
    assert fsspec.open(kept.table).open().read() == b"first"
    assert kept.files[0].digest.startswith("a7937b64b8ca")  # printf first | sha256sum
    assert store.quarantined.kept("hotels", DIGEST) is None


def test_a_copy_that_broke_off_is_no_copy_and_is_made_again(store, source, monkeypatch):
    for name in "01":
        deliver(f"{source}/b/{name}.csv")
    chunks = storage.chunks_of

    def vanished(path):
        if path.endswith("1.csv"):
            raise MissingPathError("No file is there.", path, "a file", "check the path")
        return chunks(path)

    with monkeypatch.context() as patch:
        patch.setattr("incumbent.gateways.quarantined.chunks_of", vanished)
        with pytest.raises(MissingPathError):
            store.quarantined.keep("flights", batch(f"{source}/b"))
    assert store.quarantined.kept("flights", DIGEST) is None
    store.quarantined.keep("flights", batch(f"{source}/b"))
    assert len(store.quarantined.kept("flights", DIGEST).files) == 2


def test_a_large_file_is_copied_some_bytes_at_a_time(tmp_path, monkeypatch):
    store, sizes = PredictionStore(str(tmp_path / "store")), []
    path = deliver(str(tmp_path / "b.csv"), bytes(5 * storage.CHUNK + 1))
    write = stored_files.StoredFiles.write

    def noted(self, place, chunks):
        write(self, place, (sizes.append(len(chunk)) or chunk for chunk in chunks))

    monkeypatch.setattr(stored_files.StoredFiles, "write", noted)
    store.quarantined.keep("flights", batch(path))
    assert max(sizes) <= storage.CHUNK
    assert store.quarantined.kept("flights", DIGEST).files[0].bytes == 5 * storage.CHUNK + 1


def test_a_copy_that_is_damaged_is_no_copy(tmp_path):
    store = PredictionStore(str(tmp_path / "store"))
    store.quarantined.keep("flights", batch(deliver(str(tmp_path / "b.csv"))))
    kept = store.quarantined.kept("flights", DIGEST)
    Path(kept.table).write_bytes(b"cut")
    assert store.quarantined.kept("flights", DIGEST) is None
    (tmp_path / "store" / "flights" / "quarantine" / f"{DIGEST}.json").write_text("{}")
    assert store.quarantined.kept("flights", DIGEST) is None


def test_a_run_that_was_taken_over_keeps_nothing(tmp_path):
    def fence():
        raise LeaseError("Another run has taken over.", 2, 1, "wait")

    store = PredictionStore(str(tmp_path / "store")).under(fence)
    with pytest.raises(LeaseError):
        store.quarantined.keep("flights", batch(deliver(str(tmp_path / "b.csv"))))
    assert [p for p in (tmp_path / "store").rglob("*") if p.is_file()] == []


def test_a_store_that_cannot_be_written_is_out_of_reach(tmp_path):
    (tmp_path / "file").touch()
    store = PredictionStore(str(tmp_path / "file"))
    with pytest.raises(OutOfReachError, match="INCUMBENT_PREDICTIONS"):
        store.quarantined.keep("flights", batch(deliver(str(tmp_path / "b.csv"))))


def test_a_name_that_leads_elsewhere_is_not_kept(store, monkeypatch):
    strange = {"s3://bucket/b/../../etc/x.csv"}
    monkeypatch.setattr("incumbent.gateways.quarantined.root_of", lambda _: "s3://bucket/b")
    monkeypatch.setattr("incumbent.gateways.quarantined.require_files", lambda _: strange)
    with pytest.raises(UnreadableError, match="leads out"):
        store.quarantined.keep("flights", batch("s3://bucket/b"))


@pytest.mark.parametrize(
    "path", ["b.csv", "../b.csv", "a/../b.csv", "a//b.csv", "b.csv.0f.part", "notes.txt"]
)
def test_only_files_of_a_table_have_a_place_in_a_backup(path):
    place = f"flights/quarantine/{DIGEST}/{path}"
    assert is_stored(place) == (path == "b.csv")
