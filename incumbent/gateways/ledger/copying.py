"""Copies of a whole ledger, from one database into another, of either kind."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select

from incumbent.errors import UsageError
from incumbent.gateways.ledger.database import Database
from incumbent.gateways.ledger.schema import identity, metadata, models, schema_version

ROWS_AT_ONCE = 500
SEQUENCE = "sequence"


class Copies(Database):
    """A ledger that is copied as it is at one moment, while runs go on to write to it."""

    def copy_to(self, target: "Copies") -> None:
        """Copy every row into a ledger that has none; it takes over the id as well.

        Raises:
            UsageError: The other ledger knows of models already.
        """
        target.require_empty()
        with self._snapshot() as source, target._filled() as filled:
            _require_none(filled.scalars(select(models.c.name)).all())
            filled.execute(delete(identity))
            for table in metadata.sorted_tables:
                if table is not schema_version:
                    _copy(source, filled, table)

    def require_empty(self) -> None:
        """Refuse a ledger that knows of a model.

        Raises:
            UsageError: It does.
        """
        _require_none(self.models())

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        """All tables as they are at the first look."""
        with self._reading() as connection:
            if connection.dialect.name != "sqlite":  # a transaction on SQLite is one already
                connection.rollback()
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def _filled(self) -> Iterator[Connection]:
        with self._reading() as connection:
            connection.rollback()
            connection.execution_options(writes=True)
            with connection.begin():
                yield connection


def _require_none(found: Sequence[str]) -> None:
    if found:
        raise UsageError(
            "The ledger that is to be filled has content.",
            f"models {', '.join(found)}",
            "an empty ledger",
            "set INCUMBENT_HOME or INCUMBENT_DATABASE_URL to a new one",
        )


def _copy(source: Connection, filled: Connection, table: Table) -> None:
    query = select(table).order_by(*table.primary_key.columns)
    for rows in source.execute(query).mappings().partitions(ROWS_AT_ONCE):
        filled.execute(insert(table), [dict(row) for row in rows])
    if SEQUENCE in table.c and filled.dialect.name == "postgresql":
        _go_on_counting(filled, table)


def _go_on_counting(filled: Connection, table: Table) -> None:
    """Let the next row have a new number: those that were copied brought their own."""
    last: Any = filled.scalar(select(func.max(table.c[SEQUENCE])))
    if last is not None:
        counter = func.pg_get_serial_sequence(table.name, SEQUENCE)
        filled.execute(select(func.setval(counter, last)))
