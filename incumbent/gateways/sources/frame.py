"""A frame: the pieces of a table, put together."""

import logging
from functools import cache

import pandas as pd
import pyarrow as pa

from incumbent.gateways.sources.table import ANY, Table, content, open_table, reading
from incumbent.gateways.sources.types import plain
from incumbent.records import ColumnTypes

LOGGER = "incumbent"


def read_frame(path: str, known: ColumnTypes = ANY) -> pd.DataFrame:
    """The table that a path, a folder or a pattern names, as it is.

    No column is renamed or judged; one of a CSV file without a name (a written index) is left out
    with a warning. Text is `str`, dates are datetime64, decimals float64, whole numbers with nulls
    float64, or text where a float64 would round them. A named pandas index is a column.

    Args:
        path: Where it is.
        known: What is known of the columns of a CSV file: those that are text, or numbers.

    Raises:
        UsageError: The suffix is none of .parquet, .pq, .csv, .csv.gz; or a file may not be read.
        MissingPathError: There is no such file.
        UnreadableError: Truncated, empty, garbage, not of the format that its suffix says, not
            UTF-8, with two columns of one name, or files that do not fit together.
        OutOfReachError: The storage did not answer.
    """
    table = open_table(path, known, cache(content))
    with reading(path):
        whole = plain(pa.concat_tables(list(table.tables()), promote_options="permissive"))
        frame = whole.to_pandas(ignore_metadata=True, date_as_object=False)
    return _named(frame, table)


def _named(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    if "" not in frame.columns:
        return frame
    logging.getLogger(LOGGER).warning(
        "%s: a column without a name was left out (a written index?)", table.root
    )
    return frame.drop(columns="")
