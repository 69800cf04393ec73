"""Content: the bytes of a file, within bounds, and what is told where they are not its format's."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import pyarrow as pa

from incumbent.errors import UnreadableError
from incumbent.gateways.sources.csv import Source
from incumbent.gateways.sources.storage import (
    content_of,
    first_line,
    is_local,
    is_zipped,
    size_of,
    stream_of,
)

GIGABYTE = 1 << 30


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Turn errors about the format of a file into an `UnreadableError`."""
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise unreadable(path, first_line(error)) from error


def unreadable(path: str, why: str) -> UnreadableError:
    """A file that is not of the format of its name."""
    return UnreadableError(
        "The file cannot be read in the format of its name.",
        f"{path}: {why}",
        "a whole Parquet file, or CSV in UTF-8 with commas, a header and equally long rows",
        "ask its source to deliver it again",
    )


def in_place(path: str) -> Source:
    """A file to be read where it is: only what is needed of it is read, at each time anew."""
    if is_local(path) and not is_zipped(path):
        return path
    with reading(path):
        return stream_of(path)


def content(path: str, most: int) -> bytes:
    """The bytes of a file, unzipped where its suffix is .gz; at most so many.

    Raises:
        UnreadableError: There are more, or it is not zipped.
    """
    require_room(path, size_of(path), most)
    found = content_of(path)
    if not is_zipped(path):
        return found
    with reading(path), gzip.open(BytesIO(found)) as file:
        unzipped = file.read(most + 1)
    require_room(path, len(unzipped), most)
    return unzipped


def require_room(path: str, size: int, most: int) -> None:
    """Refuse a table before it takes more memory than it may.

    Raises:
        UnreadableError: It would.
    """
    if size > most:
        raise UnreadableError(
            "The table is larger than a table of this model may be.",
            f"{path}: {size / GIGABYTE:,.1f} GB in memory, or more",
            f"at most {most / GIGABYTE:g} GB",
            "deliver it in parts, or raise largest_table_gb in the spec",
        )
