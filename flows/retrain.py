"""Retrain: a person asks for a retraining; the decision and the gate stay the same."""

from dataclasses import replace
from typing import Any

from prefect import flow

from flows.monitor import conclude
from incumbent.params import ModelSpec, ReasonText
from tasks.champion import load_champion
from tasks.lease import holding
from tasks.promotion import reconcile
from tasks.reporting import recall
from tasks.state import LiveState
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
        load_champion(gateways, spec)
        state = LiveState(gateways, spec)
        findings = recall(state, newest_unlearnt(state), {})
        return conclude(state, replace(findings, asked=reason))
