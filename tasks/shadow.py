"""Shadow: the evidence that a challenger has, and the run that keeps the verdict."""

import json
from datetime import UTC, datetime

from prefect import task

from incumbent.gateways.ledger import Look
from incumbent.loop.state import Challenge
from incumbent.policy.shadow import evidence_digest
from incumbent.records import (
    BatchEntry,
    Challenger,
    PairedBlock,
    Ruling,
    RunRecord,
    ShadowReport,
    Verdict,
    Version,
    document,
)
from tasks.gateways import OUTSIDE
from tasks.state import LiveState


def waiting_evidence(state: LiveState, version: Version) -> Challenge:
    """A challenger, with the evidence of earlier batches if it has waited for more labels."""
    waiting = state.gateways.ledger.challenger(state.spec.name)
    same = waiting is not None and waiting.version == version
    return Challenge(state.load(version), waiting.evidence if waiting and same else ())


@task(name="shadow report", **OUTSIDE)
def report_shadow(
    state: LiveState,
    entry: BatchEntry,
    challenger: Version,
    evidence: tuple[PairedBlock, ...],
    found: tuple[ShadowReport, Verdict],
) -> None:
    """Keep a verdict in the ledger, show it as a run, and let an undecided challenger wait."""
    (report, verdict), now = found, datetime.now(UTC)
    name, champion = state.spec.name, state.champion().version.number
    ledger, digest = state.gateways.ledger, evidence_digest(evidence)
    stored = document({"report": report, "verdict": verdict})
    look = Look(champion, challenger.number, report.look, digest, stored)
    ledger.record_shadow(name, look, now)
    state.gateways.registry.log_run(name, _run(entry, champion, digest, found), now)
    if verdict.verdict is Ruling.EXTEND:
        ledger.keep_challenger(name, Challenger(challenger, champion, evidence), now)
    else:
        ledger.close_challenger(name, now)


def close_challenger(state: LiveState) -> None:
    """Drop the challenger that waits, if there is one."""
    state.gateways.ledger.close_challenger(state.spec.name, datetime.now(UTC))


def _run(
    entry: BatchEntry, champion: int, evidence: str, found: tuple[ShadowReport, Verdict]
) -> RunRecord:
    report, verdict = found
    return RunRecord(
        f"shadow v{champion} {entry.batch.id}",
        f"look {champion} {evidence}",
        {"look": report.look, "rows": report.n, "burden": verdict.burden.value},
        {
            "difference": report.primary.value,
            f"champion_{report.metric_name}": report.champion_loss,
            f"challenger_{report.metric_name}": report.challenger_loss,
        },
        {
            "incumbent.verdict": verdict.verdict.value,
            "mlflow.note.content": "\n".join(verdict.reasons),
        },
        {"shadow.json": json.dumps(document({"report": report, "verdict": verdict}), indent=2)},
    )
