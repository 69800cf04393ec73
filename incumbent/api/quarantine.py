"""The quarantine of a model: what is in it, which batch a person means, and what is kept of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from incumbent.errors import UsageError
from incumbent.gateways.ledger import Ledger
from incumbent.gateways.predictions import PredictionStore
from incumbent.records import (
    IN_QUARANTINE,
    BatchEntry,
    BatchStatus,
    Disposition,
    Severity,
    document,
)

DIGITS = 8  # of a digest, at least
MOST_NAMED = 20


def waiting(entries: Sequence[BatchEntry]) -> list[BatchEntry]:
    """The quarantined batches that nobody has decided about."""
    return [entry for entry in entries if entry.status is BatchStatus.QUARANTINED]


def require_batch(ledger: Ledger, model: str, name: str) -> BatchEntry:
    """The batch that a person means, with its document: one in quarantine before any other.

    Args:
        ledger: Where batches are known.
        model: Name of the model.
        name: Id of the batch, its ordinal, or 8 digits of its digest or more.

    Raises:
        UsageError: No batch has it, or several have.
    """
    entries = ledger.batches(model)
    inside = [entry for entry in entries if entry.status in IN_QUARANTINE]
    once = ledger.dispositions(model)
    before = [entry for entry in entries if entry.batch.digest in once]
    for some in (inside, before, entries):
        found = [entry for entry in some if _is_meant(entry, name)]
        if len(found) == 1:
            stored = ledger.batch(model, found[0].batch.digest)
            assert stored is not None  # noqa: S101 - no batch is ever deleted
            return stored
        if found:
            raise _ambiguous(model, name, found)
    raise _unknown(model, name, inside)


def listed(ledger: Ledger, store: PredictionStore, model: str) -> dict[str, Any]:
    """What is in quarantine, as a JSON document: oldest first, each as in `described_batch`."""
    orders = ledger.dispositions(model)
    inside = [entry for entry in ledger.batches(model) if entry.status in IN_QUARANTINE]
    found = (ledger.batch(model, entry.batch.digest) for entry in inside)
    described = [described_batch(ledger, store, model, entry, orders) for entry in found if entry]
    return {"model": model, "batches": described}


def shown(ledger: Ledger, store: PredictionStore, model: str, name: str) -> dict[str, Any]:
    """The document of a batch as it is stored, with `quarantine` as in `described_batch`.

    Raises:
        UsageError: No batch has the name, or several have.
    """
    entry = require_batch(ledger, model, name)
    orders = ledger.dispositions(model)
    about = described_batch(ledger, store, model, entry, orders)
    return {**(entry.document or {}), "quarantine": about}


def described_batch(
    ledger: Ledger,
    store: PredictionStore,
    model: str,
    entry: BatchEntry,
    orders: Mapping[str, Disposition],
) -> dict[str, Any]:
    """A batch in quarantine as JSON values.

    Returns:
        The batch; its `ordinal` and `status`; when it `arrived`; its critical `failures`; `kept`,
        the copy of its bytes (null: they are not kept); `order`, what a person has decided (null:
        nobody has).
    """
    batch, kept = entry.batch, store.quarantined.kept(model, entry.batch.digest)
    found = (entry.document or {}).get("validation", {}).get("failures", ())
    return {
        **document(batch),
        "ordinal": entry.ordinal,
        "status": entry.status.value,
        "arrived": document(ledger.arrived_at(model, batch.digest)),
        "failures": [f for f in found if f["severity"] == Severity.CRITICAL.value],
        "kept": document(kept),
        "order": document(orders.get(batch.digest)),
    }


def _is_meant(entry: BatchEntry, name: str) -> bool:
    batch = entry.batch
    prefix = len(name) >= DIGITS and batch.digest.startswith(name.lower())
    return prefix or name in {batch.id, str(entry.ordinal)}


def _unknown(model: str, name: str, inside: Sequence[BatchEntry]) -> UsageError:
    return UsageError(
        f"No batch of model {model!r} has this id.",
        name,
        f"one in quarantine: {_named(inside)}",
        f"run `incumbent quarantine list {model}`, and name one by its id, ordinal or digest",
    )


def _ambiguous(model: str, name: str, found: Sequence[BatchEntry]) -> UsageError:
    return UsageError(
        f"Several batches of model {model!r} have this id.",
        name,
        f"one of {_named(found)}",
        "name it by 8 or more digits of its digest",
    )


def _named(entries: Sequence[BatchEntry]) -> str:
    shown = [f"{e.batch.id} ({e.ordinal}, {e.batch.digest[:DIGITS]})" for e in entries]
    more = len(shown) - MOST_NAMED
    return ("; ".join(shown[-MOST_NAMED:]) or "none") + (f"; and {more} older" if more > 0 else "")
