"""Retrain: a person asks for a retraining; the decision and the gate stay the same."""

from dataclasses import replace
from typing import Any

from prefect import flow

from flows.monitor import conclude
from incumbent.params import ModelSpec, ReasonText
from tasks.lease import holding
from tasks.promotion import reconcile
from tasks.reporting import recall
from tasks.scoring import load_champion
from tasks.training import newest_unlearnt


@flow(name="retrain", flow_run_name="retrain {spec.name}")
def retrain(spec: ModelSpec, reason: ReasonText) -> dict[str, Any]:
    """Retrain on everything that is labelled, if the gate lets it pass.

    Args:
        spec: The model and its rules.
        reason: Why, in words; kept with the decision.
    """
    with holding(spec) as gateways:
        reconcile(gateways, spec)
        champion = load_champion(gateways, spec)
        entry = newest_unlearnt(gateways, spec, champion)
        findings = recall(gateways, spec, champion, entry, {})
        return conclude(gateways, spec, champion, replace(findings, asked=reason))
