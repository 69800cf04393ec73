"""The one rule for types: what a column of a file holds, and the form in which it is kept."""

from collections.abc import Callable, Sequence

import pyarrow as pa

from incumbent.records import Kind

INDEX = "__index_level_"  # pandas' name for an index without one


def kind_of(kind: pa.DataType) -> str | None:
    """What a column of this type is counted as; None where it cannot be (lists, maps, bytes)."""
    kind = _stored(kind)
    if pa.types.is_boolean(kind):
        return Kind.BOOLEAN
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Kind.NUMERIC
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return Kind.DATETIME
    if is_text(kind) or pa.types.is_null(kind) or pa.types.is_time(kind):
        return Kind.CATEGORICAL
    return Kind.CATEGORICAL if isinstance(kind, pa.UuidType) else None


def is_text(kind: pa.DataType) -> bool:
    """Whether values are text as they are stored."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def is_bytes(kind: pa.DataType) -> bool:
    """Whether values are bytes, which are text where all of them are UTF-8."""
    kind = _stored(kind)
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def is_refused(kind: pa.DataType) -> bool:
    """Whether neither a count nor a model can use values of this type: lists, maps, durations."""
    return kind_of(kind) is None and not is_bytes(kind)


def require_distinct(names: Sequence[str]) -> None:
    """Refuse a table in which two columns have one name.

    Raises:
        pyarrow.ArrowInvalid: It names them.
    """
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise pa.ArrowInvalid(f"two columns of one name: {', '.join(twice)}")


def countable(table: pa.Table) -> pa.Table:
    """A table whose UUIDs and bytes are text, and whose other extensions are what they store."""
    return _converted(table, _countable)


def plain(table: pa.Table) -> pa.Table:
    """The same with dictionaries as their values, decimals as float64 and times of day as text.

    Types that no column of a model may have stay as they are.
    """
    return _converted(countable(table), _plain)


def texts_of_bytes(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Bytes as text, or None where they are not UTF-8.

    >>> texts_of_bytes(pa.chunked_array([[b"EWR", None]])).to_pylist()
    ['EWR', None]
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_fixed_size_binary(column.type):
        column = column.cast(pa.binary())
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        return None


def _stored(kind: pa.DataType) -> pa.DataType:
    """What a dictionary or an extension is made of."""
    if pa.types.is_dictionary(kind):
        return _stored(kind.value_type)
    if isinstance(kind, pa.BaseExtensionType) and not isinstance(kind, pa.UuidType):
        return _stored(kind.storage_type)
    return kind


def _converted(table: pa.Table, convert: Callable[[pa.ChunkedArray], pa.ChunkedArray]) -> pa.Table:
    for place, field in enumerate(table.schema):
        column = convert(table.column(place))
        if column.type != field.type:
            table = table.set_column(place, pa.field(field.name, column.type), column)
    return table


def _countable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if isinstance(kind, pa.UuidType):
        return _uuids(column)
    if isinstance(kind, pa.BaseExtensionType):
        stored = [chunk.storage for chunk in column.chunks]
        return _countable(pa.chunked_array(stored, type=kind.storage_type))
    if pa.types.is_string_view(kind):
        return column.cast(pa.string())
    texts = texts_of_bytes(column) if is_bytes(kind) else None
    return column if texts is None else texts


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.cast(kind.value_type))
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    return column.cast(pa.string()) if pa.types.is_time(kind) else column


def _uuids(column: pa.ChunkedArray) -> pa.ChunkedArray:
    texts = [None if value is None else str(value) for value in column.to_pylist()]
    return pa.chunked_array([pa.array(texts, type=pa.string())])
