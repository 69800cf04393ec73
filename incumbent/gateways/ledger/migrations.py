"""The steps from one version of the schema to the next, on either database.

A step is frozen when it is released: it names what the tables were then, not what they are.
"""

from collections.abc import Callable, Mapping

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    String,
    Text,
    text,
)


def migrate(connection: Connection, found: int, wanted: int) -> None:
    """Take the tables from one version to a later one, within the caller's transaction."""
    operations = Operations(MigrationContext.configure(connection))
    for version in range(found + 1, wanted + 1):
        STEPS[version](operations)


def _leases_and_looks(operations: Operations) -> None:
    """Leases; no more than one promotion half done; a look is known by its evidence."""
    operations.create_table(
        "leases",
        Column("model", String(63), ForeignKey("models.name"), primary_key=True),
        Column("fence", Integer, nullable=False),
        Column("holder", Text, nullable=False),
        Column("until", DateTime(timezone=True), nullable=False),
    )
    operations.create_index(
        "uq_promotions_open",
        "promotions",
        ["model"],
        unique=True,
        sqlite_where=text("done IS 0"),
        postgresql_where=text("done IS false"),
    )
    operations.add_column("shadows", Column("evidence", String(64)))


def _judgements_and_files(operations: Operations) -> None:
    """What later decisions need of earlier ones, and the files that were read."""
    operations.create_table(
        "judgements",
        Column("model", String(63), ForeignKey("models.name"), primary_key=True),
        Column("batch_digest", String(64), primary_key=True),
        Column("judged", Boolean, nullable=False),
        Column("rows", Integer, nullable=False),
        Column("champion", Integer, nullable=False),
        Column("retrained", Boolean, nullable=False),
        Column("saved", JSON),
        Column("loss", JSON),
        Column("estimated", Float),
        Column("faults", JSON, nullable=False),
        Column("cleared", Boolean, nullable=False),
    )
    operations.create_table(
        "files",
        Column("model", String(63), ForeignKey("models.name"), primary_key=True),
        Column("path", Text, primary_key=True),
        Column("stamp", Text, nullable=False),
        Column("digest", String(64), nullable=False),
    )
    operations.create_index("ix_decisions_batch", "decisions", ["model", "batch_digest"])
    operations.drop_column("labels", "document")


STEPS: Mapping[int, Callable[[Operations], None]] = {
    2: _leases_and_looks,
    3: _judgements_and_files,
}
