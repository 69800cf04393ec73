"""Tables: one or several files of the same columns, whose rows come in pieces."""

import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

import pyarrow as pa

from incumbent.errors import UnreadableError, UsageError
from incumbent.gateways.sources import csv, parquet
from incumbent.gateways.sources.csv import Source
from incumbent.gateways.sources.files import (
    SUFFIXES,
    content_of,
    first_line,
    is_local,
    partition_keys,
    require_files,
    suffix_of,
)
from incumbent.gateways.sources.pieces import ArrowPiece
from incumbent.gateways.sources.types import kind_of, plain
from incumbent.records import ORDERED, ColumnTypes

ANY = ColumnTypes()


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Turn what says that a file is not of its format into an error of ours."""
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise unreadable(path, first_line(error)) from error


def unreadable(path: str, why: str) -> UnreadableError:
    """A file that is not what its name says."""
    return UnreadableError(
        "The file cannot be read as what its name says.",
        f"{path}: {why}",
        "a whole Parquet file, or CSV in UTF-8 with commas, a header and equally long rows",
        "ask its source to deliver it again",
    )


def in_place(path: str) -> Source:
    """A local file by its path, another one by its bytes."""
    return path if is_local(path) else content(path)


def content(path: str) -> bytes:
    """The bytes of a file, unzipped where its name says that it is zipped."""
    found = content_of(path)
    with reading(path):
        return gzip.decompress(found) if path.lower().endswith(".gz") else found


@dataclass(frozen=True)
class Table:
    """A table in one or several files of the same columns.

    Attributes:
        root: The path that names it.
        paths: Its files.
        schema: Its columns, with their types; keys in the names of folders come last.
        kinds: What each column that can be counted holds.
        fetch: Gives a file: a local path in place, or its bytes.
    """

    root: str
    paths: tuple[str, ...]
    schema: pa.Schema
    kinds: Mapping[str, str] = field(default_factory=dict)
    fetch: Callable[[str], Source] = in_place

    @cached_property
    def rows(self) -> int | None:
        """How many, where the files say so before they are read."""
        if any(not is_parquet(path) for path in self.paths):
            return None
        return sum(parquet.rows_of(self.fetch(path)) for path in self.paths)

    def pieces(
        self, columns: Sequence[str], kinds: Mapping[str, str], timestamp: str | None = None
    ) -> Iterator[ArrowPiece]:
        """The columns piece by piece; with a timestamp, every piece knows its days."""
        wanted = [c for c in columns if c in self.schema.names]
        for path in self.paths:
            keys = partition_keys(path, self.root)
            with reading(path):
                for table, times in self._read(path, wanted, kinds, timestamp):
                    yield ArrowPiece(self._with_keys(table, keys, wanted), kinds, times)

    def tables(self) -> Iterator[pa.Table]:
        """Every file as a table of the columns of all of them."""
        for path in self.paths:
            keys = partition_keys(path, self.root)
            with reading(path):
                table = plain(self._whole(path, keys))
                yield self._with_keys(table, keys, self.schema.names)

    def _whole(self, path: str, keys: Mapping[str, str]) -> pa.Table:
        if is_parquet(path):
            return parquet.whole(self.fetch(path))
        names = [name for name in self.schema.names if name not in keys]
        types = {name: self.schema.field(name).type for name in names}
        read = list(csv.pieces(self.fetch(path), names, types))
        wanted = pa.schema([self.schema.field(name) for name in names])
        return pa.concat_tables(read) if read else wanted.empty_table()

    def _read(
        self, path: str, wanted: Sequence[str], kinds: Mapping[str, str], timestamp: str | None
    ) -> Iterator[tuple[pa.Table, pa.ChunkedArray | None]]:
        own = [name for name in wanted if name not in partition_keys(path, self.root)]
        coded = [name for name in own if kinds.get(name) not in ORDERED]
        if is_parquet(path):
            yield from parquet.pieces(self.fetch(path), own, coded, timestamp)
            return
        columns = [*own, *([timestamp] if timestamp else [])]
        types = {name: self.schema.field(name).type for name in columns}
        for table in csv.pieces(self.fetch(path), columns, types | dict.fromkeys(coded, csv.CODES)):
            yield table, table[timestamp] if timestamp else None

    def _with_keys(
        self, table: pa.Table, keys: Mapping[str, str], wanted: Sequence[str]
    ) -> pa.Table:
        """A table with a column for each key that its folders name."""
        for name, value in keys.items():
            if name in wanted and name not in table.column_names:
                kind = self.schema.field(name).type
                column = pa.repeat(pa.scalar(value).cast(kind), table.num_rows)
                table = table.append_column(name, column)
        return table


def open_table(
    path: str, known: ColumnTypes = ANY, fetch: Callable[[str], Source] = in_place
) -> Table:
    """The table that a path, a folder or a pattern names; its rows are not kept.

    Args:
        path: Where it is.
        known: What is known of the columns of a CSV file.
        fetch: Gives each file.

    Raises:
        MissingPathError: Nothing is there.
        UsageError: The format is not known.
        UnreadableError: A file is not what its name says, or the files do not fit together.
        OutOfReachError: The storage did not answer.
    """
    root = path.rstrip("/")
    paths = require_files(path)
    for name in paths:
        _require_format(name)
    with reading(paths[0]):
        schema = _schema([(name, fetch(name)) for name in paths], known)
    schema = _with_key_fields(schema, [partition_keys(p, root) for p in paths])
    kinds = {f.name: k for f in schema if (k := kind_of(f.type))}
    return Table(root, paths, schema, kinds, fetch)


def is_parquet(path: str) -> bool:
    """Whether a file is Parquet by its name."""
    return path.lower().endswith((".parquet", ".pq"))


def _require_format(path: str) -> None:
    if suffix_of(path) is None:
        raise UsageError(
            "The format of this file is not known.",
            path,
            f"a name that ends in {', '.join(SUFFIXES)}",
            "convert the table, or rename the file if its format is one of these",
        )


def _schema(files: Sequence[tuple[str, Source]], known: ColumnTypes) -> pa.Schema:
    if is_parquet(files[0][0]):
        schemas = [parquet.schema_of(source) for path, source in files if is_parquet(path)]
        return pa.unify_schemas(schemas, promote_options="permissive")
    types = csv.infer((source for _, source in files), known)
    return pa.schema(list(types.items()))


def _with_key_fields(schema: pa.Schema, keys: Sequence[Mapping[str, str]]) -> pa.Schema:
    """The schema with the keys of folders: whole numbers where all are, else text."""
    for name in dict.fromkeys(name for found in keys for name in found):
        if name not in schema.names:
            values = [found.get(name, "") for found in keys]
            whole = all(value.isdecimal() and value == str(int(value)) for value in values)
            schema = schema.append(pa.field(name, pa.int64() if whole else pa.string()))
    return schema
