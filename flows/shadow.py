"""Shadow: champion and challenger on the same newest rows, and the gate's verdict."""

from prefect import flow

from incumbent.loop.challenge import judge_challenger
from incumbent.params import ModelSpec
from incumbent.records import ShadowReport, Verdict, Version
from tasks import steps
from tasks.lease import holding
from tasks.shadow import report_shadow, waiting_evidence
from tasks.state import LiveState


@flow(name="shadow", flow_run_name="shadow {spec.name} batch {ordinal}")
def shadow(spec: ModelSpec, challenger: Version, ordinal: int) -> tuple[ShadowReport, Verdict]:
    """Judge a challenger on the labelled rows of one batch, and on what it was judged on before.

    Args:
        spec: The model and its rules.
        challenger: The challenger's run in MLflow.
        ordinal: The batch whose rows neither the challenger nor the champion was fitted on.
    """
    with holding(spec) as gateways:
        state = LiveState(gateways, spec)
        entry, challenge = state.entry(ordinal), waiting_evidence(state, challenger)
        evidence = steps.gather_evidence(state, challenge, entry)
        report, verdict = judge_challenger(state, challenge.contender, evidence)
        report_shadow(state, entry, challenger, evidence, (report, verdict))
        return report, verdict
