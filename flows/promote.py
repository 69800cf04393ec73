"""Promote: a person lets the waiting challenger pass, on the evidence that there is."""

from typing import Any

from prefect import flow

from flows.challenge import install
from incumbent.params import ModelSpec, ReasonText, VersionNumber
from incumbent.records import PromotionKind
from tasks import steps
from tasks.champion import load_champion
from tasks.lease import holding
from tasks.promotion import carried_out_before, reconcile, require_sound
from tasks.reporting import promotion_document
from tasks.shadow import close_challenger
from tasks.state import LiveState
from tasks.training import require_waiting


@flow(name="promote", flow_run_name="promote {spec.name}")
def promote(spec: ModelSpec, reason: ReasonText, champion: VersionNumber) -> dict[str, Any]:
    """Refit and promote the challenger whose evidence was not enough; every other check holds.

    Args:
        spec: The model and its rules.
        reason: Why, in words; kept with the promotion.
        champion: The version that is champion now, and whose place is to be taken.
    """
    with holding(spec) as gateways:
        reconcile(gateways, spec)
        if carried_out_before(gateways, spec, PromotionKind.PROMOTE, champion):
            return promotion_document(gateways, spec)
        load_champion(gateways, spec)
        state = LiveState(gateways, spec)
        waiting, entry = require_waiting(state)
        refit = steps.refit(state, waiting.contender, entry)
        require_sound(refit, spec)
        install(state, refit, reason)
        close_challenger(state)
        return promotion_document(gateways, spec)
