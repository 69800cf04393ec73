"""Rollback: a version that was champion before takes its place again."""

from typing import Any

from prefect import flow

from incumbent.params import ModelSpec, ReasonText, VersionNumber
from incumbent.records import PromotionKind
from tasks.lease import holding
from tasks.promotion import carried_out_before, former_champion, promote, reconcile
from tasks.reporting import promotion_document


@flow(name="rollback", flow_run_name="rollback {spec.name}")
def rollback(
    spec: ModelSpec,
    reason: ReasonText,
    champion: VersionNumber,
    version: VersionNumber | None = None,
) -> dict[str, Any]:
    """Make a former champion the champion again; the present one need not be readable.

    Args:
        spec: The model and its rules.
        reason: Why, in words; kept with the promotion.
        champion: The version that is champion now, and whose place is to be taken.
        version: Number of a former champion; empty: the one before the present.
    """
    with holding(spec) as gateways:
        reconcile(gateways, spec)
        if not carried_out_before(gateways, spec, PromotionKind.ROLL_BACK, champion, version):
            former = former_champion(gateways, spec, version)
            promote(gateways, spec, former, PromotionKind.ROLL_BACK, reason)
        return promotion_document(gateways, spec)
