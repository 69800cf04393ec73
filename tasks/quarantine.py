"""Quarantine: what is kept of a batch that was set aside, and what a person orders about it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from prefect import task
from pydantic import TypeAdapter

from expectations import own
from incumbent.data.profile import kinds_in
from incumbent.errors import (
    IncumbentError,
    LeaseError,
    QuarantineError,
    UnreadableError,
    UsageError,
)
from incumbent.gateways import validation as gateway
from incumbent.log import warn
from incumbent.model.scoring import require_scorable
from incumbent.monitoring.quarantine import released
from incumbent.params import ModelSpec
from incumbent.records import (
    IN_QUARANTINE,
    Batch,
    BatchEntry,
    BatchStatus,
    Disposal,
    Disposition,
    ValidationReport,
    document,
)
from tasks.champion import read_champion
from tasks.gateways import OUTSIDE, Gateways
from tasks.intake import Arrival, read_again
from tasks.label_tables import LabelTable
from tasks.labels import collect_labels


def keep_delivery(gateways: Gateways, spec: ModelSpec, batch: Batch) -> None:
    """Keep the bytes of a batch that is set aside; where that fails, the run goes on."""
    try:
        copy_delivery(gateways, spec, batch)
    except LeaseError:
        raise
    except IncumbentError as error:
        warn("the bytes of quarantined batch %s are not kept: %s", batch.id, error)


@task(name="quarantine", **OUTSIDE)
def copy_delivery(gateways: Gateways, spec: ModelSpec, batch: Batch) -> None:
    """Copy the files of a batch beside its predictions; nothing where they are kept already."""
    gateways.predictions.quarantined.keep(spec.name, batch)


@task(name="release", **OUTSIDE)
def release(gateways: Gateways, spec: ModelSpec, entry: BatchEntry, reason: str) -> Arrival:
    """Enter the release of a batch, once it is known that the champion can predict it.

    Raises:
        QuarantineError: It cannot, and the batch stays in quarantine.
        IntegrityError: The bytes of the batch are lost.
    """
    raw = _scorable(gateways, spec, entry)
    made = Disposition(Disposal.RELEASE, reason, datetime.now(UTC))
    standing = gateways.ledger.dispose(spec.name, entry.batch.digest, made)
    return _arrival(entry, raw, spec, standing)


@task(name="intake", **OUTSIDE)
def take_released(gateways: Gateways, spec: ModelSpec, entry: BatchEntry) -> Arrival:
    """A batch that was released, for a run that finishes what an earlier one has left."""
    standing = gateways.ledger.dispositions(spec.name)[entry.batch.digest]
    return _arrival(entry, _scorable(gateways, spec, entry), spec, standing)


@task(name="discard", **OUTSIDE)
def discard(gateways: Gateways, spec: ModelSpec, entry: BatchEntry, reason: str) -> None:
    """Enter that a batch is never to be scored; its bytes stay where they are.

    Raises:
        UsageError: It was scored already.
    """
    learnt = entry.status is BatchStatus.RELEASED and _is_learnt(gateways, spec, entry)
    if entry.status not in IN_QUARANTINE or learnt:
        raise UsageError(
            f"Batch {entry.batch.id!r} was scored already.",
            f"{entry.status.value}, batch {entry.ordinal}",
            "a batch in quarantine",
            f"see `incumbent quarantine list {spec.name}`",
        )
    made = Disposition(Disposal.DISCARD, reason, datetime.now(UTC))
    gateways.ledger.dispose(spec.name, entry.batch.digest, made)


def labels_waiting(
    gateways: Gateways, spec: ModelSpec, tables: Sequence[LabelTable]
) -> list[LabelTable]:
    """Labels that were once given by name, and wait for their rows since.

    Args:
        gateways: Where files of labels are known.
        spec: The model.
        tables: What was read already.
    """
    read, found = {table.path for table in tables}, list[LabelTable]()
    for path in gateways.ledger.labels_waiting(spec.name):
        if path not in read:
            try:
                found += collect_labels(gateways, spec, path)
            except (UnreadableError, UsageError) as error:
                warn("labels left out: %s", error)
    return found


def disposition_document(
    gateways: Gateways, spec: ModelSpec, disposal: Disposal, before: BatchEntry
) -> dict[str, Any]:
    """What `release` and `discard` print: the batch, what has become of it, and since which order.

    `changed` is false where nothing was left to be done.
    """
    digest = before.batch.digest
    after = gateways.ledger.batch(spec.name, digest)
    assert after is not None  # noqa: S101 - no batch is ever deleted
    return {
        "model": spec.name,
        "batch": document(after.batch),
        "ordinal": after.ordinal,
        "disposal": disposal.value,
        "changed": after.status is not before.status,
        "status": after.status.value,
        "order": document(gateways.ledger.dispositions(spec.name).get(digest)),
        "document": after.document,
    }


def _scorable(gateways: Gateways, spec: ModelSpec, entry: BatchEntry) -> pd.DataFrame:
    """The table of a batch, which the champion can predict."""
    kinds = kinds_in(read_champion(gateways, spec).model.card.profile)
    try:
        raw = read_again(gateways, spec, entry)
        require_scorable(raw, spec, kinds)
    except UnreadableError as error:
        discard = f"incumbent quarantine discard {spec.name} {entry.batch.digest[:8]}"
        raise QuarantineError(
            f"Batch {entry.batch.id!r} stays in quarantine: the champion cannot read it."
            f" {error.what}",
            error.observed,
            error.allowed,
            f"ask its source to deliver it again, and run `{discard} --reason TEXT`",
        ) from error
    return raw


def _arrival(
    entry: BatchEntry, raw: pd.DataFrame, spec: ModelSpec, standing: Disposition
) -> Arrival:
    assert entry.document is not None  # noqa: S101 - it was stored when the batch was set aside
    found = TypeAdapter(ValidationReport).validate_python(entry.document["validation"])
    suite = own(spec)
    excluded = gateway.validate(raw, [suite])[1] if suite is not None else []
    return Arrival(entry, raw, released(found, standing.reason, excluded))


def _is_learnt(gateways: Gateways, spec: ModelSpec, entry: BatchEntry) -> bool:
    """Whether a run has promoted a champion over a batch, and ended before it said so."""
    return entry.batch.digest in read_champion(gateways, spec).model.card.training.batches
