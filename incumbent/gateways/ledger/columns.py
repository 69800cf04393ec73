"""Columns of the ledger's tables that several of them have, the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Dialect, ForeignKey, String, TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A time with a zone, in UTC on both ways; SQLite keeps none of its own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - the signature is SQLAlchemy's
    ) -> datetime | None:
        """Convert to UTC.

        Raises:
            ValueError: The time has no zone.
        """
        if value is not None and value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value}")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - the signature is SQLAlchemy's
    ) -> datetime | None:
        """Give back the zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def model_column(**options: Any) -> Column[str]:
    """The name of a model, of which there is a row in `models`."""
    return Column("model", String(63), ForeignKey("models.name"), nullable=False, **options)


def digest_column(name: str, **options: Any) -> Column[str]:
    """A SHA-256, 64 hex digits."""
    return Column(name, String(64), nullable=False, **options)


def json_column(name: str, **options: Any) -> Column[Any]:
    """A JSON document; None is NULL."""
    return Column(name, JSON(none_as_null=True), **options)


def time_column(name: str, **options: Any) -> Column[datetime]:
    """A time with a zone."""
    return Column(name, UtcDateTime, **options)
