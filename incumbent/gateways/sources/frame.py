"""A frame: the pieces of a table, put together."""

from collections.abc import Collection
from functools import cache, partial

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from incumbent.gateways.sources.content import GIGABYTE, content, require_room
from incumbent.gateways.sources.table import ANY, open_table
from incumbent.gateways.sources.types import is_refused, plain
from incumbent.records import ColumnTypes

MOST_GB = 8.0
LARGEST_EXACT = 2**53  # whole numbers beyond it are rounded in a float64
NULLABLE = {
    pa.int64(): pd.Int64Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


def read_frame(path: str, known: ColumnTypes = ANY, most_gb: float = MOST_GB) -> pd.DataFrame:
    """The table that a path, a folder or a pattern names, as it is.

    No column is renamed or judged; one of a CSV file without a name (a written index) is left out
    with a warning. Text is `str`, dates are datetime64, decimals float64, whole numbers with nulls
    float64, or Int64 where a float64 would round them. A named pandas index is a column. Lists,
    maps and durations are not read: such a column is null, and of its Arrow type.

    Args:
        path: Where it is.
        known: What is known of the columns of a CSV file: those that are text, or numbers.
        most_gb: Memory that the table may take.

    Raises:
        UsageError: The suffix is none of .parquet, .pq, .csv, .csv.gz; or a file may not be read.
        MissingPathError: There is no such file.
        UnreadableError: Truncated, empty, garbage, not of the format of its suffix, not
            UTF-8, with two columns of one name, too large, or files that do not fit together.
        OutOfReachError: The storage did not answer.
    """
    most = int(most_gb * GIGABYTE)
    table = open_table(path, known, cache(partial(content, most=most)))
    require_room(path, table.size, most)
    return frame_of(table.whole())


def read_columns(
    path: str, columns: Collection[str], known: ColumnTypes = ANY, most_gb: float = MOST_GB
) -> pd.DataFrame:
    """Some columns of a table, as `read_frame` reads them; those that it has not are left out.

    Of a Parquet file only these are fetched.
    """
    table = open_table(path, known)
    wanted = [name for name in table.schema.names if name in columns]
    size = table.size * len(wanted) // max(len(table.schema.names), 1)
    require_room(path, size, int(most_gb * GIGABYTE))
    return frame_of(table.whole(wanted))


def frame_of(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a frame of the types that a file of it is read with."""
    table = plain(table)
    special = {n: found for n in table.column_names if (found := _special(table[n])) is not None}
    usual = table.drop_columns(list(special))
    frame = usual.to_pandas(ignore_metadata=True, date_as_object=False)
    return frame.assign(**special)[table.column_names]


def _special(column: pa.ChunkedArray) -> pd.Series | None:
    """A column as pandas keeps it without a loss; None where its usual form loses nothing."""
    if is_refused(column.type):
        return pd.Series(pd.arrays.ArrowExtensionArray(column))
    nullable = NULLABLE.get(column.type)
    if nullable is None or column.null_count == 0 or not _rounds(column):
        return None
    return column.to_pandas(types_mapper=NULLABLE.get)


def _rounds(column: pa.ChunkedArray) -> bool:
    """Whether a float64 would round its numbers; flags are none."""
    if pa.types.is_boolean(column.type):
        return True
    bounds = pc.min_max(column)
    low, high = (int(bounds[end].as_py() or 0) for end in ("min", "max"))
    return max(abs(low), abs(high)) > LARGEST_EXACT
