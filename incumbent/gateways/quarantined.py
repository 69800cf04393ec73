"""Deliveries in quarantine, kept byte for byte, since their source may delete them.

    <root>/<model>/quarantine/<batch digest>.json            its files; written last
    <root>/<model>/quarantine/<batch digest>/<name>          a delivery of one file
    <root>/<model>/quarantine/<batch digest>/<names below>   a delivery of a folder
    <root>/<model>/quarantine/<batch digest>/year=2013/...   folders that are keys of its columns

Nothing here is ever deleted.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pydantic import TypeAdapter

from incumbent.errors import UnreadableError
from incumbent.gateways.sources.files import (
    is_folder,
    printable,
    require_files,
    require_name,
    root_of,
    suffix_of,
)
from incumbent.gateways.sources.storage import chunks_of
from incumbent.gateways.stored_files import StoredFiles
from incumbent.records import Batch

PLACE = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}/quarantine/[0-9a-f]{64}(?P<name>\.json|/.+)")
OUTSIDE = {"", ".", ".."}  # parts of a path that may lead elsewhere


@dataclass(frozen=True)
class KeptFile:
    """A file of a delivery: its name below the folder of the batch, its size, its SHA-256."""

    name: str
    bytes: int
    digest: str


@dataclass(frozen=True)
class KeptDelivery:
    """The copy of a delivery.

    Attributes:
        table: The path or URI that the batch is read from; below the folder of the batch, as noted.
        files: What it is made of.
    """

    table: str
    files: tuple[KeptFile, ...]


NOTED = TypeAdapter(KeptDelivery)


class QuarantinedFiles:
    """The copies of quarantined deliveries, in the store of predictions.

    Raises:
        OutOfReachError: (every method) The storage did not answer, or is full.
    """

    def __init__(self, files: StoredFiles) -> None:
        self._files = files

    def keep(self, model: str, batch: Batch) -> None:
        """Copy the files of a delivery, unless they are kept already.

        Raises:
            MissingPathError: They are gone from their source.
            UnreadableError: A file has a name that cannot be kept.
            UsageError: A file may not be read.
            LeaseError: Another run has taken the model over.
        """
        if self.kept(model, batch.digest) is not None:
            return
        folder, named = _folder(model, batch.digest), _named(batch.path)
        files = tuple(self._copy(folder, name, path) for name, path in named.items())
        keys = "/".join(_keys(root_of(batch.path)))
        table = keys if is_folder(batch.path) else next(iter(named))
        noted = NOTED.dump_json(KeptDelivery(table, files))
        self._files.write(f"{folder}.json", [noted])

    def kept(self, model: str, digest: str) -> KeptDelivery | None:
        """The copy of a delivery; None where it is not kept, or no longer whole."""
        folder = _folder(model, digest)
        noted = self._files.content(f"{folder}.json")
        if noted is None:
            return None
        try:
            found = NOTED.validate_json(noted)
        except ValueError:
            return None
        if any(self._files.size(f"{folder}/{file.name}") != file.bytes for file in found.files):
            return None
        table = "/".join(filter(None, [self._files.root.rstrip("/"), folder, found.table]))
        return replace(found, table=table)

    def _copy(self, folder: str, name: str, path: str) -> KeptFile:
        sha, size = hashlib.sha256(), 0

        def counted() -> Iterator[bytes]:
            nonlocal size
            for chunk in chunks_of(path):
                sha.update(chunk)
                size += len(chunk)
                yield chunk

        self._files.write(f"{folder}/{name}", counted())
        return KeptFile(name, size, sha.hexdigest())


def _folder(model: str, digest: str) -> str:
    return f"{model}/quarantine/{digest}"


def _named(path: str) -> dict[str, str]:
    """The files of a delivery, each by the name that it is kept under.

    Raises:
        MissingPathError: There are none.
        UnreadableError: A name leads elsewhere, or is no UTF-8.
    """
    root = root_of(path)
    found = {name: name.removeprefix(f"{root}/") for name in require_files(path)}
    return {_safe("/".join([*_keys(root), below])): name for name, below in found.items()}


def _keys(folder: str) -> list[str]:
    """The folders above a table that are keys of its columns: its rows have their values."""
    return [part for part in folder.split("/") if "=" in part]


def _safe(name: str) -> str:
    if OUTSIDE & set(name.split("/")):
        raise UnreadableError(
            "The name of a file leads out of its folder.",
            printable(name),
            "a name without empty parts, . and ..",
            "rename the file",
        )
    return require_name(name)


def is_quarantined(path: str) -> bool:
    """Whether a path below the root is that of a file of a delivery in quarantine.

    >>> is_quarantined(f"flights/quarantine/{'0' * 64}/a b.csv")
    True
    >>> is_quarantined(f"flights/quarantine/{'0' * 64}/../b.csv")
    False
    """
    found = PLACE.fullmatch(path)
    if found is None or found["name"] == ".json":
        return found is not None
    return not OUTSIDE & set(found["name"][1:].split("/")) and suffix_of(path) is not None
