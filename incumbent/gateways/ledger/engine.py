"""The engine behind a ledger's URL: a SQLite file, or PostgreSQL by an installed driver."""

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from incumbent.errors import UsageError
from incumbent.gateways.ledger.columns import storable_json
from incumbent.gateways.ledger.sqlite import sqlite_engine

ALLOWED = "sqlite:///path/to/file, or postgresql+driver://user:password@host/database"


def engine_of(url: str) -> Engine:
    """The engine; nothing is opened yet.

    Raises:
        UsageError: The URL names no such database, or its driver is not installed.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
            raise _unusable(parsed.drivername)
        if parsed.get_backend_name() == "sqlite":
            return sqlite_engine(parsed)
        return create_engine(parsed, pool_pre_ping=True, json_serializer=storable_json)
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise _unusable("a URL that cannot be read") from error
    except ModuleNotFoundError as error:
        raise UsageError(
            "The driver of the ledger's database is not installed.",
            str(error),
            "a URL whose driver is installed",
            "install the driver (pip install psycopg for postgresql+psycopg://)",
        ) from error


def _unusable(observed: str) -> UsageError:
    return UsageError(
        "The ledger's URL names no database that it can live in.",
        observed,
        ALLOWED,
        "set INCUMBENT_DATABASE_URL, or unset it for a SQLite file",
    )
