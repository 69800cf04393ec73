"""Tables as a caller has them: a frame, anything that exports Arrow, or a path."""

from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from incumbent.errors import UsageError
from incumbent.gateways.sources.memory import MemoryTable, Readable
from incumbent.gateways.sources.table import open_table
from incumbent.gateways.sources.types import require_distinct

if TYPE_CHECKING:  # a comparison of files does without pandas, which costs half a second
    import pandas as pd

# A path, a pattern or a URI; a frame; an Arrow table, or what exports one (polars, DuckDB).
TableLike: TypeAlias = "str | PathLike[str] | pd.DataFrame | pa.Table"


def path_of(given: TableLike) -> str | None:
    """The path that was given; None for a table in memory."""
    return fspath(given) if isinstance(given, str | PathLike) else None


def readable(given: TableLike) -> Readable:
    """A table to be read piece by piece, wherever it is.

    Raises:
        UsageError: It is no table, or two of its columns have one name.
        MissingPathError: Nothing is at the path.
        UnreadableError: A file is not what its name says.
    """
    path = path_of(given)
    return open_table(path) if path is not None else MemoryTable.of(arrow_of(given))


def arrow_of(given: Any) -> pa.Table:
    """A table in memory as Arrow.

    A pandas index that has a name is a column, as in files. A column of several types is text.

    Raises:
        UsageError: It is no table, or two of its columns have one name.
    """
    if not hasattr(given, "__arrow_c_stream__"):
        raise UsageError(
            "This is no table.",
            type(given).__name__,
            "a path, a pandas frame, an Arrow table, or what exports one",
            "give one of these",
        )
    try:
        table = _of_frame(given) if _is_frame(given) else pa.table(given)
        require_distinct(table.column_names)
    except pa.ArrowInvalid as error:
        raise UsageError(
            "The table cannot be read.",
            str(error).splitlines()[0],
            "columns, whose names differ",
            "rename the columns, or give the table in another form",
        ) from error
    return table


def _is_frame(given: Any) -> bool:
    return type(given).__module__.partition(".")[0] == "pandas" and hasattr(given, "columns")


def _of_frame(frame: "pd.DataFrame") -> pa.Table:
    named = [name for name in frame.index.names if name is not None]
    if named:
        frame = frame.reset_index(level=named)
    columns = [(str(name), _of_column(column)) for name, column in frame.items()]
    return pa.table([column for _, column in columns], names=[name for name, _ in columns])


def _of_column(column: "pd.Series") -> pa.Array:
    import pandas as pd  # noqa: PLC0415 - the caller has imported it

    from incumbent.data.intake import as_text  # noqa: PLC0415 - needs pandas

    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert(None)  # counted in UTC; pyarrow reads a deprecated attribute
    try:
        return pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return pa.array(as_text(column), type=pa.string(), from_pandas=True)
