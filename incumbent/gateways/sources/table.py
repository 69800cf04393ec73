"""Tables: one or several files of the same columns, whose rows are read in pieces."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import pyarrow as pa

from incumbent.errors import UsageError
from incumbent.gateways.sources import csv, parquet
from incumbent.gateways.sources.content import in_place, reading, unreadable
from incumbent.gateways.sources.csv import Source
from incumbent.gateways.sources.files import (
    SUFFIXES,
    partition_keys,
    require_files,
    root_of,
    suffix_of,
)
from incumbent.gateways.sources.part import Part, is_parquet
from incumbent.gateways.sources.pieces import ArrowPiece
from incumbent.gateways.sources.types import is_bytes, is_refused, kind_of, texts_of_bytes
from incumbent.records import ColumnTypes

ANY = ColumnTypes()
VALUE = 8  # bytes of a number


@dataclass(frozen=True)
class Table:
    """A table in one or several files.

    Attributes:
        parts: Its files.
        schema: Its columns, with their types; keys in the names of folders are last.
        kinds: What each column that can be counted holds.
    """

    parts: tuple[Part, ...]
    schema: pa.Schema
    kinds: Mapping[str, str]

    @property
    def size(self) -> int:
        """Bytes that its values take at least; 0 where files do not tell before they are read."""
        return VALUE * (self.rows or 0) * len(self.schema.names)

    @cached_property
    def rows(self) -> int | None:
        """How many, where the files tell before they are read."""
        if not is_parquet(self.parts[0].path):
            return None
        return sum(parquet.rows_of(part.fetch(part.path)) for part in self.parts)

    def pieces(
        self, columns: Sequence[str], kinds: Mapping[str, str], timestamp: str | None = None
    ) -> Iterator[ArrowPiece]:
        """The columns piece by piece; with a timestamp, every piece knows its days."""
        wanted = [c for c in columns if c in self.schema.names]
        for part in self.parts:
            with reading(part.path):
                for table, times in part.pieces(wanted, kinds, timestamp):
                    yield ArrowPiece(table, kinds, times)

    def whole(self, columns: Collection[str] | None = None) -> pa.Table:
        """All rows, of some columns or of all; columns that it has not are left out."""
        names = [n for n in self.schema.names if columns is None or n in columns]
        found = []
        for part in self.parts:
            with reading(part.path):
                found.append(part.whole(names))
        with reading(self.parts[-1].path):
            return pa.concat_tables(found, promote_options="permissive")


def open_table(
    path: str, known: ColumnTypes = ANY, fetch: Callable[[str], Source] = in_place
) -> Table:
    """The table that a path, a folder or a pattern names; its rows are not kept.

    Args:
        path: Where it is.
        known: What is known of the columns of a CSV file, and of keys in the names of folders.
        fetch: Gives each file.

    Raises:
        MissingPathError: Nothing is there.
        UsageError: The format is not known.
        UnreadableError: A file is not of the format of its name, or the files do not fit together.
        OutOfReachError: The storage did not answer.
    """
    paths = require_files(path)
    _require_format(paths)
    headers = _parquet_headers if is_parquet(paths[0]) else _csv_headers
    found = headers(paths, known, fetch)
    with reading(paths[-1]):
        schema = pa.unify_schemas(list(found.values()), promote_options="permissive")
    keys = _keys(path, paths, known, schema)
    for name, kind in _key_types(keys.values(), known).items():
        schema = schema.append(pa.field(name, kind))
    parts = tuple(_part(p, schema, found[p], keys[p], fetch) for p in paths)
    schema = _decoded(schema, parts)
    parts = tuple(replace(part, schema=schema) for part in parts)
    return Table(parts, schema, {f.name: k for f in schema if (k := kind_of(f.type))})


def _require_format(paths: Sequence[str]) -> None:
    for path in paths:
        if suffix_of(path) is None:
            raise UsageError(
                "The format of this file is not known.",
                path,
                f"a name that ends in {', '.join(SUFFIXES)}",
                "convert the table, or rename the file if its format is one of these",
            )
        if is_parquet(path) != is_parquet(paths[0]):
            raise unreadable(path, f"another format than {paths[0]}, in one table")


def _parquet_headers(
    paths: Sequence[str], known: ColumnTypes, fetch: Callable[[str], Source]
) -> dict[str, pa.Schema]:
    del known  # Parquet has types
    found = {}
    for path in paths:
        with reading(path):
            found[path] = parquet.schema_of(fetch(path))
    return found


def _csv_headers(
    paths: Sequence[str], known: ColumnTypes, fetch: Callable[[str], Source]
) -> dict[str, pa.Schema]:
    """The columns of each file, of the types that all rows of all files bear."""
    columns, names = csv.Columns(known), {}
    for path in paths:
        with reading(path):
            names[path] = columns.see(partial(fetch, path))
    types = columns.types
    return {path: pa.schema([(n, types[n]) for n in own]) for path, own in names.items()}


def _keys(
    path: str, paths: Sequence[str], known: ColumnTypes, schema: pa.Schema
) -> dict[str, dict[str, str | None]]:
    """The values in the folders of each file of columns that no file has.

    Folders above the table count only where they name a column that is known: a batch that is one
    file of a partitioned data set has the columns of its folders.
    """
    root, found = root_of(path), {}
    expected = known.text | known.numbers
    for name in paths:
        above = {k: v for k, v in partition_keys(name).items() if k in expected}
        keys = above | partition_keys(name.removeprefix(root))
        found[name] = {k: v for k, v in keys.items() if k not in schema.names}
    return found


def _key_types(
    keys: Iterable[Mapping[str, str | None]], known: ColumnTypes
) -> dict[str, pa.DataType]:
    """Keys are text, typed like a column of CSV by all of their values."""
    columns: dict[str, csv.Column] = {}
    for found in keys:
        for name, value in found.items():
            column = columns.setdefault(name, csv.Column.of(name, known))
            column.see(pa.array([value], type=pa.string()))
    return {name: column.type for name, column in columns.items()}


def _part(
    path: str,
    schema: pa.Schema,
    own: pa.Schema,
    keys: Mapping[str, str | None],
    fetch: Callable[[str], Source],
) -> Part:
    constants = {
        field.name: pa.scalar(keys.get(field.name), type=pa.string()).cast(field.type)
        if field.name in keys
        else pa.scalar(None)
        for field in schema
        if field.name not in own.names and not is_refused(field.type)
    }
    return Part(path, schema, frozenset(own.names), fetch, constants)


def _decoded(schema: pa.Schema, parts: Sequence[Part]) -> pa.Schema:
    """The schema with columns of bytes as text, where all of them are UTF-8."""
    for place, field in enumerate(schema):
        if is_bytes(field.type) and all(_are_texts(part, field.name) for part in parts):
            schema = schema.set(place, pa.field(field.name, pa.string()))
    return schema


def _are_texts(part: Part, name: str) -> bool:
    with reading(part.path):
        return name not in part.names or texts_of_bytes(part.column(name)) is not None
