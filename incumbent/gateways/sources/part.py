"""A part: one file of a table, and the columns that it has the same value of in every row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from incumbent.gateways.sources import csv, parquet
from incumbent.gateways.sources.csv import Source
from incumbent.gateways.sources.types import countable, is_refused, plain
from incumbent.records import ORDERED

Rows = tuple[pa.Table, pa.ChunkedArray | None]  # some columns, and the times


@dataclass(frozen=True)
class Part:
    """One file of a table.

    Attributes:
        path: Where it is.
        schema: The columns of the whole table.
        names: Those of them that the file has.
        constants: The others: keys in the names of its folders, and nulls.
        fetch: Gives the file.
    """

    path: str
    schema: pa.Schema
    names: frozenset[str]
    fetch: Callable[[str], Source]
    constants: Mapping[str, pa.Scalar] = field(default_factory=dict)

    def pieces(
        self, columns: Sequence[str], kinds: Mapping[str, str], timestamp: str | None
    ) -> Iterator[Rows]:
        """Some columns piece by piece, with the times of the rows.

        Pieces may share their rows: the first of such pieces has the constant columns.
        """
        own = [name for name in columns if name in self.names]
        others = [name for name in columns if name in self.constants]
        coded = [name for name in own if kinds.get(name) not in ORDERED]
        stored = timestamp if timestamp in self.names else None
        for table, times, first in self._read(own, coded, stored):
            if timestamp is not None and stored is None:
                times = self._constant(timestamp, table.num_rows)  # noqa: PLW2901 - a key
            found = countable(table)
            yield (self._with(found, others) if first else found), times

    def whole(self, columns: Sequence[str]) -> pa.Table:
        """Some columns of the table, in their order, of types that a frame can have.

        Lists, maps and durations are not read: their columns are null.
        """
        refused = [n for n in columns if is_refused(self.schema.field(n).type)]
        own = [n for n in columns if n in self.names and n not in refused]
        table = plain(self._all(own))
        for name in refused:
            nulls = pa.chunked_array([pa.nulls(table.num_rows, self.schema.field(name).type)])
            table = table.append_column(name, nulls)
        return self._with(table, [n for n in columns if n in self.constants]).select(columns)

    def column(self, name: str) -> pa.ChunkedArray:
        """One column that the file has, as it is stored."""
        return self._all([name]).column(0)

    def _read(
        self, own: Sequence[str], coded: Sequence[str], timestamp: str | None
    ) -> Iterator[tuple[pa.Table, pa.ChunkedArray | None, bool]]:
        if is_parquet(self.path):
            yield from parquet.pieces(self.fetch(self.path), own, coded, timestamp)
            return
        # Rows are counted by any column, where all that are wanted are constant.
        wanted = [*own, *([timestamp] if timestamp else [])] or sorted(self.names)[:1]
        types = {name: self.schema.field(name).type for name in wanted}
        types |= dict.fromkeys(coded, csv.CODES)
        for table in csv.pieces(self.fetch(self.path), wanted, types):
            yield table.select(own), table[timestamp] if timestamp else None, True

    def _all(self, own: Sequence[str]) -> pa.Table:
        if is_parquet(self.path):
            return parquet.whole(self.fetch(self.path), own)
        fields = pa.schema([self.schema.field(name) for name in own])
        types = dict(zip(fields.names, fields.types, strict=True))
        read = list(csv.pieces(self.fetch(self.path), own, types))
        return pa.concat_tables(read) if read else fields.empty_table()

    def _with(self, table: pa.Table, names: Sequence[str]) -> pa.Table:
        for name in names:
            if name not in table.column_names:
                table = table.append_column(name, self._constant(name, table.num_rows))
        return table

    def _constant(self, name: str, rows: int) -> pa.ChunkedArray:
        value = self.constants[name]
        same = pa.repeat(value, rows) if value.is_valid else pa.nulls(rows, value.type)
        return pa.chunked_array([same])


def is_parquet(path: str) -> bool:
    """Whether a file is Parquet by its name."""
    return path.lower().endswith((".parquet", ".pq"))
