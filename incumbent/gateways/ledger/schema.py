"""Tables of the ledger, the same on SQLite and PostgreSQL.

`models` holds a row per model; it is locked by a transaction that writes about that model.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

VERSION = 4  # raised with a step in `migrations`

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
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


def _model(**options: Any) -> Column[str]:
    return Column("model", String(63), ForeignKey("models.name"), nullable=False, **options)


def _digest(name: str, **options: Any) -> Column[str]:
    return Column(name, String(64), nullable=False, **options)


def _json(name: str, **options: Any) -> Column[Any]:
    return Column(name, JSON(none_as_null=True), **options)


def _time(name: str, **options: Any) -> Column[datetime]:
    return Column(name, UtcDateTime, **options)


schema_version = Table("schema_version", metadata, Column("version", Integer, primary_key=True))

# One row: the id of this very ledger, which the versions that it registers carry.
identity = Table("identity", metadata, Column("id", String(32), primary_key=True))

models = Table("models", metadata, Column("name", String(63), primary_key=True))

leases = Table(
    "leases",
    metadata,
    _model(primary_key=True),
    Column("fence", Integer, nullable=False),
    Column("holder", Text, nullable=False),
    _time("until", nullable=False),
)

batches = Table(
    "batches",
    metadata,
    _model(primary_key=True),
    _digest("digest", primary_key=True),
    Column("ordinal", Integer, nullable=False),
    Column("batch_id", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    _time("period_start"),
    _time("period_end"),
    Column("path", Text, nullable=False),
    Column("status", String(16), nullable=False),
    _json("document"),
    _time("started_at", nullable=False),
    _time("finished_at"),
    UniqueConstraint("model", "ordinal"),
)

labels = Table(
    "labels",
    metadata,
    _model(primary_key=True),
    _digest("digest", primary_key=True),
    Column("path", Text, nullable=False),
    _time("recorded_at", nullable=False),
)

label_batches = Table(
    "label_batches",
    metadata,
    Column("model", String(63), primary_key=True),
    _digest("digest", primary_key=True),
    _digest("batch_digest", primary_key=True),
    ForeignKeyConstraint(["model", "digest"], ["labels.model", "labels.digest"]),
    ForeignKeyConstraint(["model", "batch_digest"], ["batches.model", "batches.digest"]),
)

decisions = Table(
    "decisions",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("id", String(128), nullable=False, unique=True),
    _model(index=True),
    _digest("batch_digest"),
    _json("decision", nullable=False),
    _json("inputs", nullable=False),
    _time("at", nullable=False),
    sqlite_autoincrement=True,
)

Index("ix_decisions_batch", decisions.c.model, decisions.c.batch_digest)

# What later decisions need to know of the newest decision about each batch.
judgements = Table(
    "judgements",
    metadata,
    _model(primary_key=True),
    _digest("batch_digest", primary_key=True),
    Column("judged", Boolean, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("champion", Integer, nullable=False),
    Column("retrained", Boolean, nullable=False),
    _json("saved"),
    _json("loss"),
    Column("estimated", Float),
    _json("faults", nullable=False),
    Column("cleared", Boolean, nullable=False),
)

# Files that were read, as they were then: one that has not changed is not read again.
files = Table(
    "files",
    metadata,
    _model(primary_key=True),
    Column("path", Text, primary_key=True),
    Column("stamp", Text, nullable=False),
    _digest("digest"),
    Column("until", Integer),  # labels without their rows: the newest batch that was looked at
)

promotions = Table(
    "promotions",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("id", String(128), nullable=False, unique=True),
    _model(index=True),
    Column("kind", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("run_id", String(64), nullable=False),
    _digest("digest"),
    Column("previous", Integer),
    Column("reason", Text, nullable=False),
    Column("done", Boolean, nullable=False),
    _time("intended_at", nullable=False),
    _time("done_at"),
    sqlite_autoincrement=True,
)

# Written before a version is made in the registry: nothing else may be taken away there.
registrations = Table(
    "registrations",
    metadata,
    Column("run_id", String(64), primary_key=True),
    _model(index=True),
    _digest("digest"),
    _time("begun_at", nullable=False),
    _time("archived_at"),
)

# Runs in MLflow by the key of what they show, written before the run: it is looked for afterwards.
runs = Table(
    "runs",
    metadata,
    _model(primary_key=True),
    Column("key", String(160), primary_key=True),
)

Index(
    "uq_promotions_open",
    promotions.c.model,
    unique=True,
    sqlite_where=promotions.c.done.is_(False),
    postgresql_where=promotions.c.done.is_(False),
)

shadows = Table(
    "shadows",
    metadata,
    _model(primary_key=True),
    Column("champion", Integer, primary_key=True, autoincrement=False),
    Column("look", Integer, primary_key=True, autoincrement=False),
    Column("challenger", Integer),
    Column("evidence", String(64)),
    _json("report", nullable=False),
    _time("at", nullable=False),
)

challengers = Table(
    "challengers",
    metadata,
    Column("sequence", Integer, primary_key=True),
    _model(),
    Column("version", Integer, nullable=False),
    Column("run_id", String(64), nullable=False),
    _digest("digest"),
    Column("champion", Integer, nullable=False),
    _json("evidence", nullable=False),
    _time("kept_at", nullable=False),
    _time("closed_at"),
    sqlite_autoincrement=True,
)

Index(
    "uq_challengers_open",
    challengers.c.model,
    unique=True,
    sqlite_where=challengers.c.closed_at.is_(None),
    postgresql_where=challengers.c.closed_at.is_(None),
)
