"""What SQLite needs: foreign keys, a write lock that is taken first, a write-ahead log."""

from contextlib import closing
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    NullPool,
    StaticPool,
    create_engine,
    event,
)

from incumbent.gateways.ledger.columns import storable_json

WAIT_SECONDS = 30
_TO_WAL = (
    "BEGIN EXCLUSIVE",
    "PRAGMA locking_mode=EXCLUSIVE",  # not earlier: two that begin so would wait for each other
    "COMMIT",
    "PRAGMA journal_mode=WAL",
)


def sqlite_engine(url: URL) -> Engine:
    """An engine whose transactions wait for each other instead of failing."""
    options: dict[str, Any] = {"connect_args": {"timeout": WAIT_SECONDS}}
    if url.database in {None, "", ":memory:"}:
        options = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
    else:
        options["poolclass"] = NullPool
    engine = create_engine(url, json_serializer=storable_json, **options)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver would begin by itself, and too late
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock first: two readers that both turn to writing would deadlock."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def write_ahead(engine: Engine) -> None:
    """Put a SQLite file into WAL mode, which it keeps; one that is in memory has none.

    Alone among statements the switch does not wait for another connection that writes. So the
    file is locked first, by one that does, and stays so until it is closed.
    """
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        if cursor.execute("PRAGMA journal_mode").fetchall() == [("delete",)]:
            for step in _TO_WAL:
                cursor.execute(step).fetchall()
