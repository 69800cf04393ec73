"""Tables of the ledger, the same on SQLite and PostgreSQL.

`models` holds a row per model; it is locked by a transaction that writes about that model.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from incumbent.gateways.ledger.columns import (
    StorableText,
    digest_column,
    json_column,
    model_column,
    time_column,
)

VERSION = 5  # raised with a step in `migrations`

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


schema_version = Table("schema_version", metadata, Column("version", Integer, primary_key=True))

# One row: the id of this very ledger, which the versions that it registers carry.
identity = Table("identity", metadata, Column("id", String(32), primary_key=True))

models = Table("models", metadata, Column("name", String(63), primary_key=True))

leases = Table(
    "leases",
    metadata,
    model_column(primary_key=True),
    Column("fence", Integer, nullable=False),
    Column("holder", StorableText, nullable=False),
    time_column("until", nullable=False),
)

batches = Table(
    "batches",
    metadata,
    model_column(primary_key=True),
    digest_column("digest", primary_key=True),
    Column("ordinal", Integer, nullable=False),
    Column("batch_id", StorableText, nullable=False),
    Column("rows", Integer, nullable=False),
    time_column("period_start"),
    time_column("period_end"),
    Column("path", StorableText, nullable=False),
    Column("status", String(16), nullable=False),
    json_column("document"),
    time_column("started_at", nullable=False),
    time_column("finished_at"),
    UniqueConstraint("model", "ordinal"),
)

# What people ordered about quarantined batches; the newest order about a batch stands.
dispositions = Table(
    "dispositions",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("model", String(63), nullable=False),
    digest_column("batch_digest"),
    Column("disposal", String(16), nullable=False),
    Column("reason", StorableText, nullable=False),
    time_column("at", nullable=False),
    ForeignKeyConstraint(["model", "batch_digest"], ["batches.model", "batches.digest"]),
    sqlite_autoincrement=True,
)

Index("ix_dispositions_batch", dispositions.c.model, dispositions.c.batch_digest)

labels = Table(
    "labels",
    metadata,
    model_column(primary_key=True),
    digest_column("digest", primary_key=True),
    Column("path", StorableText, nullable=False),
    time_column("recorded_at", nullable=False),
)

label_batches = Table(
    "label_batches",
    metadata,
    Column("model", String(63), primary_key=True),
    digest_column("digest", primary_key=True),
    digest_column("batch_digest", primary_key=True),
    ForeignKeyConstraint(["model", "digest"], ["labels.model", "labels.digest"]),
    ForeignKeyConstraint(["model", "batch_digest"], ["batches.model", "batches.digest"]),
)

decisions = Table(
    "decisions",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("id", String(128), nullable=False, unique=True),
    model_column(index=True),
    digest_column("batch_digest"),
    json_column("decision", nullable=False),
    json_column("inputs", nullable=False),
    time_column("at", nullable=False),
    sqlite_autoincrement=True,
)

Index("ix_decisions_batch", decisions.c.model, decisions.c.batch_digest)

# What later decisions need to know of the newest decision about each batch.
judgements = Table(
    "judgements",
    metadata,
    model_column(primary_key=True),
    digest_column("batch_digest", primary_key=True),
    Column("judged", Boolean, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("champion", Integer, nullable=False),
    Column("retrained", Boolean, nullable=False),
    json_column("saved"),
    json_column("loss"),
    Column("estimated", Float),
    json_column("faults", nullable=False),
    Column("cleared", Boolean, nullable=False),
)

# Files that were read, as they were then: one that has not changed is not read again.
files = Table(
    "files",
    metadata,
    model_column(primary_key=True),
    Column("path", StorableText, primary_key=True),
    Column("stamp", StorableText, nullable=False),
    digest_column("digest"),
    Column("until", Integer),  # labels without their rows: the newest batch that was looked at
)

promotions = Table(
    "promotions",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("id", String(128), nullable=False, unique=True),
    model_column(index=True),
    Column("kind", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("run_id", String(64), nullable=False),
    digest_column("digest"),
    Column("previous", Integer),
    Column("reason", StorableText, nullable=False),
    Column("done", Boolean, nullable=False),
    time_column("intended_at", nullable=False),
    time_column("done_at"),
    sqlite_autoincrement=True,
)

# Written before a version is made in the registry: nothing else may be taken away there.
registrations = Table(
    "registrations",
    metadata,
    Column("run_id", String(64), primary_key=True),
    model_column(index=True),
    digest_column("digest"),
    time_column("begun_at", nullable=False),
    time_column("archived_at"),
)

# Runs in MLflow by the key of what they show, written before the run: it is looked for afterwards.
runs = Table(
    "runs",
    metadata,
    model_column(primary_key=True),
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
    model_column(primary_key=True),
    Column("champion", Integer, primary_key=True, autoincrement=False),
    Column("look", Integer, primary_key=True, autoincrement=False),
    Column("challenger", Integer),
    Column("evidence", String(64)),
    json_column("report", nullable=False),
    time_column("at", nullable=False),
)

challengers = Table(
    "challengers",
    metadata,
    Column("sequence", Integer, primary_key=True),
    model_column(),
    Column("version", Integer, nullable=False),
    Column("run_id", String(64), nullable=False),
    digest_column("digest"),
    Column("champion", Integer, nullable=False),
    json_column("evidence", nullable=False),
    time_column("kept_at", nullable=False),
    time_column("closed_at"),
    sqlite_autoincrement=True,
)

Index(
    "uq_challengers_open",
    challengers.c.model,
    unique=True,
    sqlite_where=challengers.c.closed_at.is_(None),
    postgresql_where=challengers.c.closed_at.is_(None),
)
