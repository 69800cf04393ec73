"""The one rule for types: what a column of a file holds, and how it comes into a frame."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from incumbent.records import Kind

LARGEST_EXACT = 2**53  # whole numbers beyond it are rounded in a float64
INDEX = "__index_level_"  # pandas' name for an index without one


def kind_of(kind: pa.DataType) -> str | None:
    """What a column of this type is counted as; None where it cannot be (lists, maps, bytes)."""
    if pa.types.is_dictionary(kind):
        return kind_of(kind.value_type)
    if pa.types.is_boolean(kind):
        return Kind.BOOLEAN
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Kind.NUMERIC
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return Kind.DATETIME
    if is_text(kind) or pa.types.is_null(kind) or pa.types.is_time(kind):
        return Kind.CATEGORICAL
    return None


def is_text(kind: pa.DataType) -> bool:
    """Whether values are text as they are stored."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def require_distinct(names: Sequence[str]) -> None:
    """Refuse a table in which two columns have one name.

    Raises:
        pyarrow.ArrowInvalid: It names them.
    """
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise pa.ArrowInvalid(f"two columns of one name: {', '.join(twice)}")


def plain(table: pa.Table) -> pa.Table:
    """A table whose columns have the types that a frame keeps.

    Dictionaries become their values, decimals float64, UUIDs and UTF-8 bytes text, times of day
    text. Whole numbers with nulls become text where a float64 would round them: such numbers name
    something. Types that no column of a model may have stay as they are.
    """
    for place, field in enumerate(table.schema):
        column = _plain(table.column(place))
        if column.type != field.type:
            table = table.set_column(place, pa.field(field.name, column.type), column)
    return table


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.cast(kind.value_type))
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    if pa.types.is_time(kind) or (pa.types.is_integer(kind) and _rounds(column)):
        return column.cast(pa.string())
    if isinstance(kind, pa.UuidType):
        return _uuids(column)
    return _decoded(column) if _is_bytes(kind) else column


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _rounds(column: pa.ChunkedArray) -> bool:
    """Whether nulls would make float64 of whole numbers that it rounds."""
    if not column.null_count:
        return False
    bounds = pc.min_max(column)
    low, high = (int(bounds[end].as_py() or 0) for end in ("min", "max"))
    return max(abs(low), abs(high)) > LARGEST_EXACT


def _uuids(column: pa.ChunkedArray) -> pa.ChunkedArray:
    texts = [None if value is None else str(value) for value in column.to_pylist()]
    return pa.chunked_array([pa.array(texts, type=pa.string())])


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Bytes as text where all of them are UTF-8; else as they are."""
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        return column
