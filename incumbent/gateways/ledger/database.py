"""Connections, transactions and the errors of the database under the ledger."""

import copy
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Table,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    DatabaseError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from incumbent.errors import IncumbentError, LeaseError, OutOfReachError
from incumbent.gateways.ledger.engine import engine_of
from incumbent.gateways.ledger.schema import (
    VERSION,
    identity,
    leases,
    metadata,
    models,
    schema_version,
)
from incumbent.gateways.ledger.sqlite import write_ahead
from incumbent.plain_text import HIDDEN
from incumbent.records import Lease

_SCHEMA_LOCK = 7_203_461_920  # any number, as long as every release takes the same


class Database:
    """A database whose tables are made, and whose schema is checked, at first use."""

    def __init__(self, url: str) -> None:
        self._engine = engine_of(url)
        self._ready = threading.Event()
        self._making_ready = threading.Lock()
        self._lease: Lease | None = None

    def under(self, lease: Lease) -> Self:
        """The same database, whose every write about the model needs this lease to hold still."""
        leased = copy.copy(self)
        leased._lease = lease
        return leased

    def models(self) -> tuple[str, ...]:
        """Names of the models that anything was written about, in alphabetical order."""
        with self._reading() as connection:
            return tuple(connection.scalars(select(models.c.name).order_by(models.c.name)))

    def schema(self) -> int | None:
        """The version of the schema as it is, without making or changing anything; None: no ledger.

        A reader that may change nothing asks this first: every other method makes the tables.
        """
        database = Path(self._engine.url.database or "")
        if self._engine.dialect.name == "sqlite" and not database.is_file():
            return None
        with _reachable(self._engine.url), self._engine.connect() as connection:
            if not inspect(connection).has_table(schema_version.name):
                return None
            found: int | None = connection.scalar(select(schema_version.c.version))
            return found

    def clock(self) -> datetime:
        """The time of the database's machine."""
        with self._reading() as connection:
            if connection.dialect.name == "sqlite":
                return datetime.now(UTC)  # a file has no clock
            return connection.execute(select(func.now())).scalar_one()

    def identity(self) -> str:
        """The id of this ledger; a second ledger of the same models has a different one."""
        with self._reading() as connection:
            return str(connection.scalar(select(identity.c.id)))

    def require_lease(self) -> None:
        """Refuse to go on after another run has taken the model over; without a lease, go on.

        Raises:
            LeaseError: Another run has.
        """
        if self._lease is not None:
            with self._reading() as connection:
                _require_held(connection, self._lease)

    def close(self) -> None:
        """Give back every connection; the next call opens a new one."""
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _reachable(self._engine.url):
            self._make_ready()
            with self._engine.connect() as connection:
                yield connection

    @contextmanager
    def _writing_about(self, model: str) -> Iterator[Connection]:
        """A transaction that no other writer about this model runs at the same time."""
        with _reachable(self._engine.url):
            self._make_ready()
            with _write_transaction(self._engine) as connection:
                connection.execute(insert_once(connection, models).values(name=model))
                connection.execute(select(models).where(models.c.name == model).with_for_update())
                if self._lease is not None and self._lease.model == model:
                    _require_held(connection, self._lease)
                yield connection

    def _make_ready(self) -> None:
        with self._making_ready:
            if not self._ready.is_set():
                _make_folder(self._engine.url)
                _make_tables(self._engine)
                self._ready.set()


def insert_once(connection: Connection, table: Table) -> Any:
    """An INSERT that does nothing where a unique key is taken already."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table).on_conflict_do_nothing()


def _require_held(connection: Connection, lease: Lease) -> None:
    """Refuse what a holder writes after another holder has taken over."""
    fence = connection.scalar(select(leases.c.fence).where(leases.c.model == lease.model))
    if fence != lease.fence:
        raise LeaseError(
            f"Another run has taken over model {lease.model!r}.",
            f"fence {fence}, held since this run was last heard of",
            f"fence {lease.fence}, the one of this run",
            "nothing was written; the other run finishes the work",
        )


@contextmanager
def _write_transaction(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        connection.execution_options(writes=True)
        with connection.begin():
            yield connection


def _make_folder(url: URL) -> None:
    database = url.database or ":memory:"
    if url.get_backend_name() != "sqlite" or database.startswith((":memory:", "file:")):
        return
    try:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _out_of_reach(url, error) from error


def _make_tables(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        write_ahead(engine)
    with _write_transaction(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
        schema_version.create(connection, checkfirst=True)
        found = connection.scalar(select(schema_version.c.version))
        if found is None:
            connection.execute(insert(schema_version).values(version=VERSION))
        elif found > VERSION:
            raise IncumbentError(
                "The ledger was written by a newer release of Incumbent.",
                f"schema version {found}",
                f"schema version {VERSION} or older",
                "upgrade: pip install --upgrade incumbent",
            )
        elif found < VERSION:
            _migrate(connection, found)
        metadata.create_all(connection)
        if connection.scalar(select(identity.c.id)) is None:
            connection.execute(insert(identity).values(id=uuid.uuid4().hex))


def _migrate(connection: Connection, found: int) -> None:
    from incumbent.gateways.ledger.migrations import migrate  # noqa: PLC0415 - Alembic, seldom needed

    migrate(connection, found, VERSION)
    connection.execute(update(schema_version).values(version=VERSION))


@contextmanager
def _reachable(url: URL) -> Iterator[None]:
    """Turn errors of a database that is away, locked or broken into OutOfReachError."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError, sqlite3.Error) as error:
        raise _out_of_reach(url, error) from error
    except DatabaseError as error:
        if type(error) is not DatabaseError:
            raise
        raise _out_of_reach(url, error) from error


def _out_of_reach(url: URL, error: Exception) -> OutOfReachError:
    reported = str(getattr(error, "orig", None) or error).strip()
    for secret in (url.password, *url.normalized_query.get("password", ())):
        reported = reported.replace(str(secret), HIDDEN) if secret else reported
    return OutOfReachError(
        "The ledger's database did not answer.",
        f"{reported} ({url.render_as_string(hide_password=True)})",
        "a SQLite file that can be written, or a PostgreSQL server that takes connections",
        "check the database and INCUMBENT_DATABASE_URL, then run again: nothing is lost",
    )
