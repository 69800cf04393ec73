"""Quarantine: a person releases a batch that was set aside, or discards it."""

from typing import Any

from prefect import flow

from flows.monitor import follow
from incumbent.api.quarantine import require_batch
from incumbent.params import BatchName, ModelSpec, ReasonText
from incumbent.records import IN_QUARANTINE, Disposal
from tasks.champion import load_champion
from tasks.intake import Arrival
from tasks.labels import collect_labels, labels_within, settle_labels
from tasks.lease import holding
from tasks.promotion import reconcile
from tasks.quarantine import discard, disposition_document, labels_waiting, release
from tasks.state import LiveState


@flow(name="quarantine", flow_run_name="{action} a batch of {spec.name}")
def quarantine(
    spec: ModelSpec, batch: BatchName, action: Disposal, reason: ReasonText
) -> dict[str, Any]:
    """Release a quarantined batch, which is scored, judged and learnt from, or discard it.

    Args:
        spec: The model and its rules.
        batch: Id of the batch, its ordinal, or 8 digits of its digest or more.
        action: Release it, also after it was discarded; or discard it: it is never scored.
        reason: Why, in words; kept with the batch.
    """
    with holding(spec) as gateways:
        reconcile(gateways, spec)
        entry = require_batch(gateways.ledger, spec.name, batch)
        if action is Disposal.DISCARD:
            discard(gateways, spec, entry, reason)
        elif entry.status in IN_QUARANTINE:
            load_champion(gateways, spec)
            go_on(LiveState(gateways, spec), release(gateways, spec, entry, reason))
        return disposition_document(gateways, spec, action, entry)


def go_on(state: LiveState, arrival: Arrival) -> None:
    """Take a released batch through the loop, with the labels that have arrived for it."""
    gateways, spec = state.gateways, state.spec
    tables = collect_labels(gateways, spec, None)
    tables += labels_waiting(gateways, spec, tables) + labels_within(arrival, spec)
    follow(state, arrival, tables)
    settle_labels(gateways, spec, tables, all_batches=False)
