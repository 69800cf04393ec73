"""Columns of the ledger's tables that several of them have, the same on SQLite and PostgreSQL."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Dialect, ForeignKey, String, Text, TypeDecorator

NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
UNKNOWN = "\N{REPLACEMENT CHARACTER}"
ESCAPES = re.compile(
    r"(?P<whole>\\\\|\\ud[89ab]..\\ud[c-f]..)|\\u(?:0000|d[89a-f]..)", re.IGNORECASE
)


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


class StorableText(TypeDecorator[str]):
    """Text without what PostgreSQL does not take: zero bytes, and halves of a character."""

    impl = Text
    cache_ok = True

    def process_bind_param(
        self,
        value: str | None,
        dialect: Dialect,  # noqa: ARG002 - the signature is SQLAlchemy's
    ) -> str | None:
        """Replace them by the sign for an unknown character."""
        return None if value is None else NOT_STORABLE.sub(UNKNOWN, value)


def storable_json(value: Any) -> str:
    r"""A JSON document without the same signs.

    >>> storable_json({"name": "a\0b"})
    '{"name": "a\\ufffdb"}'
    """
    return ESCAPES.sub(_storable_escape, json.dumps(value))


def _storable_escape(found: re.Match[str]) -> str:
    """Escapes that stand for a whole character, and backslashes, stay."""
    return found[0] if found["whole"] else r"\ufffd"


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
