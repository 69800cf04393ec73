"""The steps from one version of the schema to the next, on either database.

A step is frozen when it is released: it names what the tables were then, not what they are.
"""

from collections.abc import Callable, Mapping
from typing import Any

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
    ForeignKeyConstraint,
    Integer,
    String,
    Text,
    column,
    select,
    table,
    text,
)

_NOT_JUDGED: Mapping[str, Any] = {
    "judged": False,
    "rows": 0,
    "champion": 0,
    "retrained": False,
    "saved": None,
    "loss": None,
    "estimated": None,
}


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
    judgements = operations.create_table(
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
        Column("until", Integer),
    )
    operations.create_index("ix_decisions_batch", "decisions", ["model", "batch_digest"])
    operations.drop_column("labels", "document")
    found = _judgements(operations.get_bind())
    if found:
        operations.bulk_insert(judgements, found)


def _identity_and_registrations(operations: Operations) -> None:
    """The id of the ledger, and the versions and runs that it began in the registry."""
    operations.create_table("identity", Column("id", String(32), primary_key=True))
    operations.create_table(
        "registrations",
        Column("run_id", String(64), primary_key=True),
        Column("model", String(63), ForeignKey("models.name"), nullable=False, index=True),
        Column("digest", String(64), nullable=False),
        Column("begun_at", DateTime(timezone=True), nullable=False),
        Column("archived_at", DateTime(timezone=True)),
    )
    operations.create_table(
        "runs",
        Column("model", String(63), ForeignKey("models.name"), primary_key=True),
        Column("key", String(160), primary_key=True),
    )


def _dispositions(operations: Operations) -> None:
    """What people ordered about quarantined batches."""
    operations.create_table(
        "dispositions",
        Column("sequence", Integer, primary_key=True),
        Column("model", String(63), nullable=False),
        Column("batch_digest", String(64), nullable=False),
        Column("disposal", String(16), nullable=False),
        Column("reason", Text, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        ForeignKeyConstraint(["model", "batch_digest"], ["batches.model", "batches.digest"]),
        sqlite_autoincrement=True,
    )
    operations.create_index("ix_dispositions_batch", "dispositions", ["model", "batch_digest"])


def _judgements(connection: Connection) -> list[dict[str, Any]]:
    """What the decisions that are stored say of each batch; a later one counts for an earlier."""
    stored = table("decisions", *(column(name) for name in ("sequence", "model", "batch_digest")))
    kept = [column(name, JSON) for name in ("decision", "inputs")]
    query = select(*stored.c, *kept).select_from(stored).order_by(stored.c.sequence)
    found, cleared = dict[tuple[str, str], dict[str, Any]](), set[tuple[str, str]]()
    for row in connection.execute(query):
        name = row.model, row.batch_digest
        gain = row.inputs.get("gain") or {}
        cleared |= {(row.model, batch) for batch in gain.get("cleared", ())}
        before = found.get(name, {"model": name[0], "batch_digest": name[1], **_NOT_JUDGED})
        faults = [fault["signal"] for fault in row.decision.get("faults", ())]
        found[name] = before | _judged(row.decision, row.inputs, before) | {"faults": faults}
    return [values | {"cleared": name in cleared} for name, values in found.items()]


def _judged(
    decision: Mapping[str, Any], inputs: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    harm, gain, estimate = (inputs.get(part) or {} for part in ("harm", "gain", "estimate"))
    if not harm:
        return {}
    name = harm["metric_name"]
    return {
        "judged": True,
        "rows": harm["rows"],
        "champion": inputs["champion"],
        "retrained": before["retrained"] or decision["action"] == "retrain",
        "saved": _if_known(gain.get("saved")),
        "loss": _if_known(harm["metrics"].get(name) if harm["enough"] else None),
        "estimated": estimate.get("metrics", {}).get(name),
    }


def _if_known(estimate: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return estimate if estimate and estimate["value"] is not None else None


STEPS: Mapping[int, Callable[[Operations], None]] = {
    2: _leases_and_looks,
    3: _judgements_and_files,
    4: _identity_and_registrations,
    5: _dispositions,
}
