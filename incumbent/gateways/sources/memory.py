"""A table that is in memory already, read like one in files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import pyarrow as pa

from incumbent.gateways.sources.pieces import ArrowPiece
from incumbent.gateways.sources.types import INDEX, countable, kind_of


class Readable(Protocol):
    """A table whose rows are read in pieces, wherever it is."""

    @property
    def schema(self) -> pa.Schema:
        """Its columns, with their types."""

    @property
    def kinds(self) -> Mapping[str, str]:
        """What each column that can be counted holds."""

    @property
    def rows(self) -> int | None:
        """How many, where that is known before they are read."""

    def pieces(
        self, columns: Sequence[str], kinds: Mapping[str, str], timestamp: str | None = None
    ) -> Iterator[ArrowPiece]:
        """The columns piece by piece; with a timestamp, every piece knows its days."""


@dataclass(frozen=True)
class MemoryTable:
    """An Arrow table as one piece.

    >>> table = MemoryTable.of(pa.table({"x": [1.0, None], "c": [b"a", b"b"]}))
    >>> print(table.kinds["x"], table.kinds["c"])
    numeric categorical
    """

    table: pa.Table

    @classmethod
    def of(cls, table: pa.Table) -> "MemoryTable":
        """A table without the index that pandas writes, its bytes as text where they are."""
        index = [name for name in table.column_names if name.startswith(INDEX)]
        return cls(countable(table.drop_columns(index)))

    @property
    def schema(self) -> pa.Schema:
        """Its columns, with their types."""
        return self.table.schema

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        """What each column that can be counted holds."""
        return {f.name: kind for f in self.schema if (kind := kind_of(f.type))}

    @property
    def rows(self) -> int:
        """How many."""
        return int(self.table.num_rows)

    def pieces(
        self, columns: Sequence[str], kinds: Mapping[str, str], timestamp: str | None = None
    ) -> Iterator[ArrowPiece]:
        """All rows at once."""
        wanted = [name for name in columns if name in self.schema.names]
        times = self.table[timestamp] if timestamp else None
        yield ArrowPiece(self.table.select(wanted), kinds, times)
