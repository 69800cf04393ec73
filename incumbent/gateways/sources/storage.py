"""Storage: a local path or any URI that fsspec knows, and the bytes that are there."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs

from incumbent.errors import MissingPathError, OutOfReachError, UsageError
from incumbent.plain_text import is_readable

ABSENT = 404, 410  # statuses of HTTP
# What opening a storage raises of an address that is none, or of a file within another file.
UNOPENED = (ValueError, TypeError, ImportError, FileNotFoundError, IsADirectoryError)
CHUNK = 1 << 20  # bytes


def open_filesystem(uri: str) -> tuple[AbstractFileSystem, str]:
    """The filesystem that a URI or local path lives on, and the path within it.

    Raises:
        UsageError: The protocol is unknown, is no storage of files, or needs a package that is not
            installed; or the address is none.
        OutOfReachError: The storage did not answer.
    """
    if "://" in uri and not is_readable(uri):
        raise _unopened(uri, "its host or port cannot be read")
    try:
        filesystem, path = url_to_fs(uri)
    except UNOPENED as error:
        raise _unopened(uri, first_line(error)) from error
    except OSError as error:
        raise _out_of_reach(uri, error) from error
    return filesystem, path


def _unopened(uri: str, why: str) -> UsageError:
    return UsageError(
        "This kind of address cannot be opened.",
        f"{uri} ({why})",
        "a local path, or a URI whose fsspec package is installed",
        "install the package that is named, or use a local path",
    )


def content_of(path: str) -> bytes:
    """The bytes of a file.

    Raises:
        MissingPathError: There is no such file.
        UsageError: It may not be read.
        OutOfReachError: The storage did not answer.
    """
    content: bytes = _asked(path, "cat_file")
    return content


def size_of(path: str) -> int:
    """Bytes of a file as it is stored; 0 where the storage does not tell.

    Raises:
        MissingPathError: There is no such file.
        UsageError: It may not be read.
        OutOfReachError: The storage did not answer.
    """
    return int(_asked(path, "info").get("size") or 0)


def chunks_of(path: str) -> Iterator[bytes]:
    """The bytes of a file, some at a time; raises as `content_of` does."""
    with answering(path), _asked(path, "open") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def stream_of(path: str) -> pa.NativeFile:
    """A file of any storage, of which only what is read is fetched; unzipped if it is zipped.

    Raises:
        MissingPathError: There is no such file.
        UsageError: It may not be read.
        OutOfReachError: The storage did not answer.
    """
    file = pa.PythonFile(_asked(path, "open"), mode="r")
    return pa.CompressedInputStream(file, "gzip") if is_zipped(path) else file


def _asked(path: str, method: str) -> Any:
    filesystem, inside = open_filesystem(path)
    with answering(path):
        return getattr(filesystem, method)(inside)


@contextmanager
def answering(path: str) -> Iterator[None]:
    """Questions to a storage, where an outage is never read as "there is no such file".

    Raises:
        MissingPathError: There is no such file.
        UsageError: It may not be read.
        OutOfReachError: The storage did not answer.
    """
    try:
        yield
    except failures() as error:
        if _is_absence(error):
            raise MissingPathError(
                "No file is there.", path, "the path of a file", "check the path"
            ) from error
        if isinstance(error, PermissionError):
            raise UsageError(
                "The file may not be read.",
                path,
                "a file that you may read",
                "check its permissions",
            ) from error
        raise _out_of_reach(path, error) from error


def failures() -> tuple[type[Exception], ...]:
    """What storages raise: some read HTTP by a package whose errors are no OSError."""
    http = sys.modules.get("aiohttp")
    return (OSError,) if http is None else (OSError, http.ClientError)


def _is_absence(error: Exception) -> bool:
    """Whether a storage has answered that nothing is there; one that failed may say it as well."""
    if not isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError):
        return False
    cause = error.__cause__
    return not isinstance(cause, failures()) or getattr(cause, "status", None) in ABSENT


def _out_of_reach(path: str, error: Exception) -> OutOfReachError:
    return OutOfReachError(
        "The storage of the batches did not answer.",
        f"{path}: {first_line(error)}",
        "a folder or bucket that can be read",
        "check the address and its credentials, then run again",
    )


def is_local(path: str) -> bool:
    """Whether a file can be read in place."""
    return "://" not in path


def is_zipped(path: str) -> bool:
    """Whether a file is zipped by its name."""
    return path.lower().endswith(".gz")


def first_line(error: Exception) -> str:
    """The first line of an error, short."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")[:200]
