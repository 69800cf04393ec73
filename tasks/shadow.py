"""Shadow: the rows that judge, both models' losses on them, and the run that keeps the answer."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pandas as pd
from prefect import task

from incumbent.data.intake import blocks_of
from incumbent.errors import UsageError
from incumbent.model.scoring import predict
from incumbent.params import ModelSpec
from incumbent.policy.shadow import Losses, pair
from incumbent.records import (
    BatchEntry,
    Champion,
    PairedBlock,
    RunRecord,
    ShadowReport,
    Verdict,
    Version,
    document,
)
from incumbent.statistics.metrics import row_losses, truth_of
from tasks.gateways import OUTSIDE, Gateways
from tasks.teaching import labelled_rows


def entry_of(gateways: Gateways, spec: ModelSpec, ordinal: int) -> BatchEntry:
    """The batch that the ledger gave this ordinal.

    Raises:
        UsageError: There is none.
    """
    for entry in gateways.ledger.batches(spec.name):
        if entry.ordinal == ordinal:
            return entry
    raise UsageError(
        f"Model {spec.name!r} has no batch {ordinal}.",
        ordinal,
        "the ordinal of a batch that was monitored",
        "see `incumbent status`",
    )


def unseen_rows(
    gateways: Gateways, spec: ModelSpec, champion: Champion, challenger: Champion, entry: BatchEntry
) -> pd.DataFrame:
    """The labelled rows of a batch whose ids neither model was fitted on."""
    rows = labelled_rows(gateways, spec, champion, entry)
    if spec.id is None:
        return rows
    # A challenger's training set begins with the champion's: its ids are the ids of both.
    learnt = gateways.registry.training_rows(challenger.version)[spec.id]
    return rows[~rows[spec.id].isin(learnt)]


def gather_evidence(
    gateways: Gateways, spec: ModelSpec, champion: Champion, challenger: Champion, entry: BatchEntry
) -> tuple[PairedBlock, ...]:
    """Losses of both models per day on one batch, beside what the challenger was judged on before.

    Labels of a batch that come in parts replace what its earlier labels said. Rows that
    either model was fitted on (a batch delivered again with a correction) judge nobody.
    """
    rows = unseen_rows(gateways, spec, champion, challenger, entry)
    losses = _losses(champion, rows), _losses(challenger, rows)
    newest = pair(*losses, blocks_of(rows, champion.model.card.spec))
    waiting = gateways.ledger.challenger(spec.name)
    earlier = waiting.evidence if waiting and waiting.version == challenger.version else ()
    return (
        *(block for block in earlier if block.batch != entry.ordinal),
        *(replace(block, batch=entry.ordinal) for block in newest),
    )


def close_challenger(gateways: Gateways, spec: ModelSpec) -> None:
    """Let go of the challenger in hand, if there is one."""
    gateways.ledger.close_challenger(spec.name, datetime.now(UTC))


@dataclass(frozen=True)
class Look:
    """What one look at a challenger has shown; `evidence` is the digest of what was seen."""

    evidence: str
    report: ShadowReport
    verdict: Verdict


@task(name="shadow report", **OUTSIDE)
def report_shadow(
    gateways: Gateways,
    spec: ModelSpec,
    champion: Champion,
    challenger: Version,
    entry: BatchEntry,
    look: Look,
) -> None:
    """Keep the answer in the ledger, and show it as a run of its own."""
    now, ours, report, verdict = (
        datetime.now(UTC),
        champion.version.number,
        look.report,
        look.verdict,
    )
    stored = document({"report": report, "verdict": verdict})
    gateways.ledger.record_shadow(
        spec.name, ours, challenger.number, report.look, look.evidence, stored, now
    )
    run = RunRecord(
        f"shadow v{ours} {entry.batch.id}",
        f"look {ours} {look.evidence}",
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
        {"shadow.json": json.dumps(stored, indent=2)},
    )
    gateways.registry.log_run(spec.name, run, now)


def _losses(model: Champion, rows: pd.DataFrame) -> Losses:
    card = model.model.card
    values = predict(model.model.pipeline, rows[list(card.profile.columns)], card.spec.task)
    truth = truth_of(rows[card.spec.target], card.spec.task, card.classes)
    return row_losses(values, truth, card.spec.task)
