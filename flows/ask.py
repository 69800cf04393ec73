"""Ask: a person wants a retraining; the same decision, the same gate, with their reason."""

from dataclasses import replace
from typing import Any

from prefect import flow

from flows.monitor import conclude
from incumbent.params import ModelSpec, ReasonText
from tasks.lease import holding
from tasks.promotion import reconcile
from tasks.reporting import recall
from tasks.scoring import load_champion
from tasks.training import newest_lesson


@flow(name="ask", flow_run_name="ask {spec.name}")
def ask(spec: ModelSpec, reason: ReasonText) -> dict[str, Any]:
    """Retrain on everything that is labelled, if the gate lets it pass.

    Args:
        spec: The model and its rules.
        reason: Why, in words; kept with the decision.
    """
    with holding(spec) as doors:
        reconcile(doors, spec)
        champion = load_champion(doors, spec)
        entry = newest_lesson(doors, spec, champion)
        findings = recall(doors, spec, champion, entry, {})
        return conclude(doors, spec, champion, replace(findings, asked=reason))
