"""Promote: a person lets the waiting challenger pass, on the evidence that there is."""

from typing import Any

from prefect import flow

from flows.challenge import install
from incumbent.params import ModelSpec, ReasonText
from tasks.lease import holding
from tasks.promotion import reconcile, require_installed
from tasks.reporting import promotion_document
from tasks.scoring import load_champion
from tasks.shadow import close_challenger, entry_of
from tasks.training import require_waiting


@flow(name="promote", flow_run_name="promote {spec.name}")
def promote(spec: ModelSpec, reason: ReasonText) -> dict[str, Any]:
    """Refit and promote the challenger whose evidence was not enough; every other check holds.

    Args:
        spec: The model and its rules.
        reason: Why, in words; kept with the promotion.
    """
    with holding(spec) as gateways:
        reconcile(gateways, spec)
        champion = load_champion(gateways, spec)
        candidate, judged_on = require_waiting(gateways, spec, champion)
        entry = entry_of(gateways, spec, judged_on)
        failure, _ = install(gateways, spec, champion, candidate, entry, reason)
        require_installed(spec, failure)
        close_challenger(gateways, spec)
        return promotion_document(gateways, spec)
