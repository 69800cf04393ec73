"""Files below one folder, local or under any fsspec URI: whole or not there at all."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

import pyarrow as pa
import pyarrow.parquet

from incumbent.errors import IntegrityError, OutOfReachError
from incumbent.gateways.sources import open_filesystem
from incumbent.gateways.sources.storage import CHUNK


class StoredFiles:
    """Files that are written under another name and then moved in.

    Args:
        root: A local folder or any fsspec URI; made when something is first written.
        fence: Is called just before a file takes its place, and raises where it must not.

    Raises:
        UsageError: The URI's protocol is unknown or needs a package that is not installed.
        OutOfReachError: (every method) The storage did not answer, or is full.
    """

    def __init__(self, root: str, fence: Callable[[], None]) -> None:
        self.root, self._fence = root, fence
        self._filesystem, self._folder = open_filesystem(root)

    def write(self, path: str, chunks: Iterable[bytes | pa.Buffer]) -> None:
        """Put a file in the place of an earlier one, its content some bytes at a time.

        Raises:
            LeaseError: The fence does not allow it; nothing has changed.
        """
        place = f"{self._folder}/{path}"
        part = f"{self._folder}/{uuid.uuid4().hex}.part"  # not of the name, which may be a pattern
        with self._reachable():
            self._filesystem.makedirs(place.rpartition("/")[0], exist_ok=True)
            try:
                with self._filesystem.open(part, "wb") as file:
                    for chunk in chunks:
                        file.write(chunk)
                self._fence()
                self._filesystem.mv(part, place)
            except BaseException:  # an interruption too leaves nothing behind
                with suppress(OSError):
                    self._filesystem.rm(part)
                raise

    def read(self, path: str) -> pa.Table | None:
        """The table in a file; None where there is none.

        Raises:
            IntegrityError: The file is no Parquet file.
        """
        content = self.content(path)
        if content is None:
            return None
        try:
            return pyarrow.parquet.ParquetFile(pa.BufferReader(content)).read()
        except (pa.ArrowException, OSError) as error:
            raise IntegrityError(
                "A file of predictions or labels is not what was written.",
                f"{self.root}/{path}: {error}",
                "the Parquet file as it was written",
                "restore the file; while the batch and its labels exist, it is made again",
            ) from error

    def content(self, path: str) -> bytes | None:
        """The bytes of a file; None where there is none."""
        with self._reachable():
            try:
                return bytes(self._filesystem.cat_file(f"{self._folder}/{path}"))
            except FileNotFoundError:
                return None

    def chunks(self, path: str) -> Iterator[bytes]:
        """The bytes of a file that is there, some at a time."""
        with self._reachable(), self._filesystem.open(f"{self._folder}/{path}", "rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def size(self, path: str) -> int | None:
        """How many bytes a file has; None where there is none."""
        with self._reachable():
            self._filesystem.invalidate_cache()
            try:
                return int(self._filesystem.size(f"{self._folder}/{path}"))
            except FileNotFoundError:
                return None

    def paths(self) -> list[str]:
        """Every file below the root, in alphabetical order."""
        with self._reachable():
            self._filesystem.invalidate_cache()
            found = self._filesystem.find(self._folder)
        root = f"{self._folder}/"
        return sorted(path.removeprefix(root) for path in found)

    def names(self, folder: str) -> list[str]:
        """The names of the Parquet files in a folder, without the suffix, in alphabetical order."""
        with self._reachable():
            self._filesystem.invalidate_cache()
            try:
                paths = self._filesystem.ls(f"{self._folder}/{folder}", detail=False)
            except FileNotFoundError:
                paths = []
        names = (path.rsplit("/", 1)[-1] for path in paths if path.endswith(".parquet"))
        return sorted(name.removesuffix(".parquet") for name in names)

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutOfReachError(
                "The store could not be read or written.",
                f"{self.root}: {error}",
                "a folder or bucket that can be written, with room left",
                "check INCUMBENT_PREDICTIONS and its permissions, then run again",
            ) from error
