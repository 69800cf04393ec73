"""Files that a path, a folder or a pattern names, under a local path or any fsspec URI."""

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from fsspec import AbstractFileSystem

from incumbent.errors import MissingPathError, UnreadableError
from incumbent.gateways.sources.storage import answering, chunks_of, open_filesystem

# What storages call the time, or the digest, that tells a changed file.
CHANGED = ("mtime", "ETag", "etag", "checksum", "md5Hash", "LastModified", "last_modified")
HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
SUFFIXES = (".parquet", ".pq", ".csv", ".csv.gz")


def find(pattern: str) -> tuple[str, ...]:
    """Files that a path or a pattern names, by name; numbers in names count as numbers.

    `batch_2` comes before `batch_10`. Local paths are returned absolute, others as URIs; folders
    are left out; nothing found is the empty tuple.

    Raises:
        UsageError: The URI's protocol is unknown or needs a package that is not installed.
        OutOfReachError: The storage did not answer.
    """
    return tuple(stamped(pattern))


def stamped(pattern: str) -> dict[str, str | None]:
    """The same files, each with a stamp that is another one once the file has changed.

    The stamp is the size with the time of change, or what the storage has in its place; None where
    it has nothing of the kind.
    """
    filesystem, path = open_filesystem(pattern)
    found: dict[str, Mapping[str, Any]] = {}
    with suppress(MissingPathError), answering(pattern):
        filesystem.invalidate_cache()
        found = (
            {path: filesystem.info(path)} if filesystem.isfile(path) else _glob(filesystem, path)
        )
        if not found:
            _require_answer(filesystem, path)
    named = {_address(filesystem, name): _stamp(info) for name, info in found.items()}
    return {name: named[name] for name in sorted(named, key=_natural)}


def unknown(found: Mapping[str, str | None], known: Mapping[str, str]) -> dict[str, str | None]:
    """The files that are not known as they are now: new ones, changed ones, those without a stamp.

    >>> unknown({"a": "1", "b": "2", "c": None}, {"a": "1", "b": "1"})
    {'b': '2', 'c': None}
    """
    return {p: stamp for p, stamp in found.items() if stamp is None or known.get(p) != stamp}


def require(pattern: str) -> tuple[str, ...]:
    """The batches of a path or pattern that must match something; a folder is one batch.

    Raises:
        MissingPathError: It does not, or the folder holds no table.
    """
    if found := find(pattern):
        return found
    if files_of(pattern):
        return (pattern.rstrip("/"),)
    raise _missing(pattern)


def files_of(path: str) -> tuple[str, ...]:
    """The files that make up one table: a file, those below a folder, or those of a pattern.

    Hidden files, and those whose names begin with `_`, are markers and no part of a table.

    Raises:
        OutOfReachError: The storage did not answer.
    """
    if not is_folder(path):
        return find(path)
    filesystem, inside = open_filesystem(path)
    with answering(path):
        below = [name for name in filesystem.find(inside) if _is_part(name, inside)]
    return tuple(sorted((_address(filesystem, name) for name in below), key=_natural))


def is_folder(path: str) -> bool:
    """Whether a path names a folder.

    Raises:
        OutOfReachError: The storage did not answer.
    """
    filesystem, inside = open_filesystem(path)
    with answering(path):
        return bool(filesystem.isdir(inside))


def require_files(path: str) -> tuple[str, ...]:
    """The same, for a path that must name a table.

    Raises:
        MissingPathError: It names none.
    """
    if found := files_of(path):
        return found
    raise _missing(path)


def root_of(path: str) -> str:
    """The folder below which the names of folders are keys of a table's files.

    It is the folder itself, or what is fixed of a pattern or of the path of a file.
    """
    filesystem, inside = open_filesystem(path)
    if not filesystem.isdir(inside):
        fixed = inside if filesystem.isfile(inside) else re.split(r"[*?\[{]", inside)[0]
        inside = fixed.rpartition("/")[0]
    return _address(filesystem, inside)


def partition_keys(path: str) -> dict[str, str | None]:
    """The keys in the folders of a path: `key=value`, as Hive writes it.

    >>> partition_keys("year=2013/origin=New%20York/tail=__HIVE_DEFAULT_PARTITION__/part-0.csv")
    {'year': '2013', 'origin': 'New York', 'tail': None}
    """
    pairs = (folder.split("=", 1) for folder in path.split("/")[:-1] if "=" in folder)
    return {name: None if value == HIVE_NULL else unquote(value) for name, value in pairs if name}


def stem(path: str) -> str:
    """The file's name without folder and suffix: the id of a batch.

    >>> stem("s3://bucket/2013/flights.2013-02.csv.gz")
    'flights.2013-02'
    """
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    return name[: len(name) - len(suffix_of(name) or "")] or name


def require_name(path: str) -> str:
    """The path, whose name can be stored and printed.

    Raises:
        UnreadableError: It is no UTF-8.
    """
    shown = printable(path)
    if shown == path:
        return path
    raise UnreadableError(
        "The name of a file is not UTF-8.",
        shown,
        "a name in UTF-8",
        "rename the file",
    )


def printable(path: str) -> str:
    r"""The path with non-UTF-8 bytes escaped.

    >>> print(printable("a\udcff.csv"))
    a\udcff.csv
    """
    return path.encode("utf-8", "backslashreplace").decode()


def bytes_digest(path: str) -> str:
    """SHA-256 of the bytes of a table's files, 64 hex digits.

    It is how a table that cannot be read is known, and the inputs of a replay.

    Raises:
        MissingPathError: There is no such file.
        OutOfReachError: The storage did not answer.
    """
    sha = hashlib.sha256()
    for name in files_of(path) or (path,):
        for chunk in chunks_of(name):
            sha.update(chunk)
    return sha.hexdigest()


def _require_answer(filesystem: AbstractFileSystem, path: str) -> None:
    """Ask where nothing was found: by HTTP a server that is away looks like an empty folder."""
    if _is_local(filesystem):
        return
    fixed = re.split(r"[*?\[{]", path)[0]
    if fixed == path:
        filesystem.info(path)
    else:
        filesystem.ls(fixed.rpartition("/")[0])


def _glob(filesystem: AbstractFileSystem, path: str) -> dict[str, Mapping[str, Any]]:
    found = filesystem.glob(path, detail=True)
    return {
        name: info
        for name, info in found.items()
        if info["type"] == "file" and suffix_of(name) is not None  # no markers such as _SUCCESS
    }


def _stamp(info: Mapping[str, Any]) -> str | None:
    changed = [str(info[key]) for key in CHANGED if info.get(key) is not None]
    return f"{info.get('size')} {changed[0]}" if changed else None


def _address(filesystem: AbstractFileSystem, path: str) -> str:
    return path if _is_local(filesystem) else str(filesystem.unstrip_protocol(path))


def _is_local(filesystem: AbstractFileSystem) -> bool:
    protocols = filesystem.protocol
    return "file" in ((protocols,) if isinstance(protocols, str) else protocols)


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    parts = re.split(r"([0-9]+)", name)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts], name


def suffix_of(path: str) -> str | None:
    """The suffix of a known format; None for no known one."""
    return next((s for s in SUFFIXES if path.lower().endswith(s)), None)


def _is_part(name: str, root: str) -> bool:
    inside = name.removeprefix(root).strip("/").split("/")
    hidden = any(part.startswith((".", "_")) for part in inside)
    return suffix_of(name) is not None and not hidden


def _missing(pattern: str) -> MissingPathError:
    filesystem, path = open_filesystem(pattern)
    return MissingPathError(
        "No file is there.",
        f"{pattern} (a folder without a table)" if filesystem.isdir(path) else pattern,
        "the path of a file or folder, or a quoted pattern such as 'data/batch_*.parquet'",
        "check the path from the folder that you are in",
    )
