"""Parquet by row group and a few columns at a time; strings as dictionaries: most repeat."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet

from incumbent.gateways.sources.csv import Source
from incumbent.gateways.sources.types import INDEX, require_distinct

PIECE_VALUES = 1 << 20  # values that a piece holds
FEWEST_COLUMNS = 2  # of a piece, however long: one for each thread


def schema_of(source: Source) -> pa.Schema:
    """The columns of a file; an index without a name is none."""
    with _open(source, ()) as file:
        fields = [f for f in file.schema_arrow if not f.name.startswith(INDEX)]
    require_distinct([f.name for f in fields])
    return pa.schema(fields)


def rows_of(source: Source) -> int:
    """The number of rows in the footer of a file."""
    with _open(source, ()) as file:
        return int(file.metadata.num_rows)


def whole(source: Source, columns: Sequence[str]) -> pa.Table:
    """Some columns, and all rows of a file."""
    with _open(source, ()) as file:
        return file.read(columns=list(columns))


def pieces(
    source: Source, columns: Sequence[str], coded: Sequence[str], timestamp: str | None
) -> Iterator[tuple[pa.Table, pa.ChunkedArray | None, bool]]:
    """Some columns of each row group, the times of its rows, and whether it is their first piece.

    Args:
        source: The file.
        columns: The columns to read.
        coded: Those of them that are read as dictionaries.
        timestamp: The column of times; None: none is needed.
    """
    with _open(source, coded) as file:
        for group in range(file.num_row_groups):
            rows = max(1, file.metadata.row_group(group).num_rows)
            times = (
                file.read_row_group(group, columns=[timestamp])[timestamp] if timestamp else None
            )
            width = max(FEWEST_COLUMNS, PIECE_VALUES // rows)
            for start in range(0, max(1, len(columns)), width):
                some = list(columns[start : start + width])
                table = file.read_row_group(group, columns=some, use_threads=False)
                yield table, times, start == 0


@contextmanager
def _open(source: Source, coded: Sequence[str]) -> Iterator[pyarrow.parquet.ParquetFile]:
    if source == b"":
        raise pa.ArrowInvalid("the file is empty (0 bytes)")
    content = pa.BufferReader(source) if isinstance(source, bytes) else source
    with pyarrow.parquet.ParquetFile(content, read_dictionary=list(coded)) as file:
        yield file
