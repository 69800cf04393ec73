"""Recover: a ledger that has lost a model takes its champion over from the registry."""

from typing import Any

from prefect import flow

from incumbent.params import ModelSpec, ReasonText
from tasks.lease import holding
from tasks.promotion import reconcile
from tasks.recovery import recover_champion
from tasks.reporting import promotion_document


@flow(name="recover", flow_run_name="recover {spec.name}")
def recover(spec: ModelSpec, reason: ReasonText) -> dict[str, Any]:
    """Take the champion that the registry names, and its lineage, into this ledger.

    Args:
        spec: The model and its rules.
        reason: Why, in words; kept with the promotion.
    """
    with holding(spec) as gateways:
        recover_champion(gateways, spec, reason)
        reconcile(gateways, spec)
        return promotion_document(gateways, spec)
