"""Shadow: champion and challenger on the same newest rows, and the gate's verdict."""

from datetime import UTC, datetime

from prefect import flow

from incumbent.params import ModelSpec
from incumbent.policy.shadow import burden_of, compare, evidence_digest, judge
from incumbent.records import Challenger, Ruling, ShadowReport, Verdict, Version
from tasks.lease import holding
from tasks.scoring import load_champion
from tasks.shadow import Look, entry_of, gather_evidence, report_shadow


@flow(name="shadow", flow_run_name="shadow {spec.name} batch {ordinal}")
def shadow(spec: ModelSpec, challenger: Version, ordinal: int) -> tuple[ShadowReport, Verdict]:
    """Judge a challenger on the labelled rows of one batch, and on what it was judged on before.

    Args:
        spec: The model and its rules.
        challenger: The challenger's run in MLflow.
        ordinal: The batch whose rows neither the challenger nor the champion was fitted on.
    """
    with holding(spec) as gateways:
        champion, candidate = load_champion(gateways, spec), gateways.registry.load(challenger)
        entry, number = entry_of(gateways, spec, ordinal), champion.version.number
        evidence = gather_evidence(gateways, spec, champion, candidate, entry)
        seen = evidence_digest(evidence)
        report = compare(evidence, spec, gateways.ledger.look_at(spec.name, number, seen))
        burden = burden_of(champion.model.card.spec, candidate.model.card.spec)
        verdict = judge(report, burden, spec)
        report_shadow(gateways, spec, champion, challenger, entry, Look(seen, report, verdict))
        if verdict.verdict is Ruling.EXTEND:
            frozen = Challenger(challenger, number, evidence)
            gateways.ledger.keep_challenger(spec.name, frozen, datetime.now(UTC))
        else:
            gateways.ledger.close_challenger(spec.name, datetime.now(UTC))
        return report, verdict
