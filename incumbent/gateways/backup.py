"""Backups: the ledger and the store of predictions in one file, and back again.

The ledger is copied first, as it is at one moment. What it names was stored before, and nothing
that was stored is ever deleted: so the files that are copied after it are all that it needs.
"""

import hashlib
import json
import uuid
import zipfile
from collections.abc import Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import TypeAdapter

from incumbent.errors import IncumbentError, IntegrityError, UnreadableError
from incumbent.gateways.ledger import Ledger
from incumbent.gateways.predictions import PredictionStore, is_stored
from incumbent.gateways.sources.storage import CHUNK

LEDGER, STORED, DIGESTS = "ledger.db", "predictions/", "digests.json"


def write(file: Path, ledger: Ledger, store: PredictionStore) -> int:
    """Write a backup under another name, then move it in; return how many files it holds.

    Raises:
        OutOfReachError: The database or the storage did not answer.
        IncumbentError: The file cannot be written.
    """
    part, digests = file.with_name(f"{file.name}.{uuid.uuid4().hex}.part"), dict[str, str]()
    try:
        with TemporaryDirectory() as name, zipfile.ZipFile(part, "w") as archive:
            copy = Path(name) / LEDGER
            with closing(Ledger(f"sqlite:///{copy}")) as target:
                ledger.copy_to(target)
            _add(archive, digests, LEDGER, [copy.read_bytes()])
            for path, chunks in store.files():
                _add(archive, digests, f"{STORED}{path}", chunks)
            archive.writestr(DIGESTS, json.dumps(digests))
        part.replace(file)
    except OSError as error:
        raise _disk_failed(file, "written", error) from error
    finally:
        part.unlink(missing_ok=True)
    return len(digests)


def read(file: Path, ledger: Ledger, store: PredictionStore) -> int:
    """Restore a backup into an empty ledger; return how many files it held.

    The ledger comes last: a restoration that breaks off is done again.

    Raises:
        UnreadableError: The file is no backup.
        IntegrityError: It is not what was written; nothing was restored.
        UsageError: The ledger has content.
        IncumbentError: The file cannot be read, or there is no room to unpack it.
    """
    try:
        with zipfile.ZipFile(file) as archive, TemporaryDirectory() as name:
            digests = _verified(file, archive)
            ledger.require_empty()
            for path in digests.keys() - {LEDGER}:
                with archive.open(path) as content:
                    store.put(path.removeprefix(STORED), iter(partial(content.read, CHUNK), b""))
            archive.extract(LEDGER, name)
            with closing(Ledger(f"sqlite:///{Path(name) / LEDGER}")) as source:
                source.copy_to(ledger)
            return len(digests)
    except OSError as error:
        raise _disk_failed(file, "read", error) from error
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise UnreadableError(
            "The file is no backup of Incumbent.",
            f"{file}: {error}",
            "a file that `incumbent backup` has written",
            "check the path, or take an older backup",
        ) from error


def _disk_failed(file: Path, deed: str, error: OSError) -> IncumbentError:
    return IncumbentError(
        f"The backup was not {deed}.",
        f"{file}: {error.strerror or error}",
        f"a file that can be {deed}, with room left",
        "choose another file, or make room",
    )


def _add(
    archive: zipfile.ZipFile, digests: dict[str, str], path: str, chunks: Iterable[bytes]
) -> None:
    sha = hashlib.sha256()
    with archive.open(path, "w", force_zip64=True) as file:
        for chunk in chunks:
            sha.update(chunk)
            file.write(chunk)
    digests[path] = sha.hexdigest()


def _verified(file: Path, archive: zipfile.ZipFile) -> dict[str, str]:
    """The digests of a backup, all files of which have the one that was noted."""
    digests = TypeAdapter(dict[str, str]).validate_json(archive.read(DIGESTS))
    for path, digest in digests.items():
        if path != LEDGER and not (path.startswith(STORED) and is_stored(path[len(STORED) :])):
            raise ValueError(f"{path!r} has no place in a backup")
        with archive.open(path) as content:
            stream: Any = content  # it reads into a buffer, which its type does not say
            observed = hashlib.file_digest(stream, "sha256").hexdigest()
        if observed != digest:
            raise IntegrityError(
                "The backup is not what was written.",
                f"{file}: {path} has SHA-256 {observed[:16]}",
                f"SHA-256 {digest[:16]}",
                "take an older backup",
            )
    if LEDGER not in digests:
        raise ValueError("it holds no ledger")
    return digests
