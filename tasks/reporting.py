"""Reporting: the ledger's document, the run and the lines in MLflow, the page in Prefect."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact
from pydantic import TypeAdapter

from incumbent.errors import IntegrityError
from incumbent.intake import canonical
from incumbent.params import ModelSpec
from incumbent.records import (
    BatchEntry,
    BatchStatus,
    Champion,
    Decision,
    DecisionInputs,
    DriftReport,
    Findings,
    HarmReport,
    Outcome,
    Retraining,
    ValidationReport,
    document,
)
from incumbent.reporting import age_days, monitor_document, page, summary, timeline
from tasks.doors import OUTSIDE, Doors
from tasks.intake import read_again
from tasks.labels import scored_predictions
from tasks.scoring import require_champion, score_batch
from tasks.training import kinds_in


def inputs_of(
    doors: Doors, spec: ModelSpec, champion: Champion, findings: Findings, harm: HarmReport | None
) -> DecisionInputs:
    """All that the decision about a batch is made from."""
    trained = champion.model.card.training.period
    waiting = doors.ledger.challenger(spec.name)
    return DecisionInputs(
        spec,
        findings.entry.batch.digest,
        champion.version.number,
        findings.validation.outcome,
        findings.drift,
        None if findings.learnt else harm,
        age_days(findings, trained and trained.end),
        waiting is not None and waiting.champion == champion.version.number,
    )


def recall(doors: Doors, spec: ModelSpec, champion: Champion, entry: BatchEntry) -> Findings:
    """What was found about a batch that was handled before, for labels that come late.

    The champion of today is judged: where it is another than the one that scored the batch,
    the batch is scored again, unless it has learnt from it since.
    """
    stored = stored_document(doors, spec, entry)
    validation = TypeAdapter(ValidationReport).validate_python(stored["validation"])
    drift = TypeAdapter(DriftReport | None).validate_python(stored["drift"])
    predictions, learnt = scored_predictions(doors, spec, entry), False
    if stored["champion"]["version_before"] != champion.version.number:
        learnt = champion.model.card.training.through >= entry.ordinal
        if not learnt:
            frame = canonical(read_again(entry, spec), spec, kinds_in(champion))
            predictions, _ = score_batch(doors, champion, entry, frame, validation)
    return Findings(entry, validation, drift, predictions, None, labels_only=True, learnt=learnt)


def stored_document(doors: Doors, spec: ModelSpec, entry: BatchEntry) -> dict[str, Any]:
    """The document of a batch that was handled before, marked as a duplicate."""
    stored = doors.ledger.batch(spec.name, entry.batch.digest)
    if stored is None or stored.document is None:
        raise IntegrityError(
            f"The ledger has no document of batch {entry.batch.id!r}.",
            "none",
            "the document that was written when it was handled",
            "monitor the batch again",
        )
    return {**stored.document, "duplicate": True}


def record(doors: Doors, spec: ModelSpec, inputs: DecisionInputs, decision: Decision) -> None:
    """Keep a decision with all that it was made from, before it is carried out."""
    stored = document(inputs)
    doors.ledger.record_decision(spec.name, inputs.batch, decision, stored, datetime.now(UTC))


@task(name="reporting", **OUTSIDE)
def report(
    doors: Doors,
    spec: ModelSpec,
    inputs: DecisionInputs,
    findings: Findings,
    harm: HarmReport | None,
    decision: Decision,
    retraining: Retraining | None,
) -> dict[str, Any]:
    """Show a batch where people look, then mark it handled. The order makes a rerun harmless."""
    after = require_champion(doors, spec).number
    doc = monitor_document(findings, harm, decision, retraining, (inputs.champion, after))
    points = timeline(findings, harm, decision, inputs.champion)
    now, entry, text = datetime.now(UTC), findings.entry, page(doc)
    doors.registry.log_timeline(spec.name, entry.ordinal, points, now)
    doors.registry.log_run(
        spec.name,
        f"monitor {entry.batch.id}",
        {"batch": entry.batch.id, "digest": entry.batch.digest, "trigger": spec.trigger.value},
        points,
        _tags(inputs, decision, doc, text),
        {"report.md": text, "document.json": json.dumps(doc, indent=2)},
        now,
    )
    create_markdown_artifact(
        text, key=f"{spec.name.replace('_', '-')}-batch", description=entry.batch.id
    )
    quarantined = findings.validation.outcome is Outcome.QUARANTINE
    status = BatchStatus.QUARANTINED if quarantined else BatchStatus.HANDLED
    doors.ledger.finish_batch(spec.name, entry.batch.digest, status, doc, now)
    return doc


def train_document(champion: Champion) -> dict[str, Any]:
    """What `train` prints: the model, its version, and what it promises."""
    card = champion.model.card
    return {
        "model": champion.version.model,
        "version": champion.version.number,
        "digest": champion.version.digest,
        "metric_name": card.baseline.metric_name,
        "metric": card.baseline.loss.value,
        "threshold": card.threshold,
        "training_digest": card.training.digest,
        "rows": card.training.rows,
    }


def _tags(
    inputs: DecisionInputs, decision: Decision, doc: Mapping[str, Any], text: str
) -> dict[str, str]:
    verdict = doc["verdict"]["verdict"] if doc["verdict"] else ""
    return {
        "incumbent.decision": decision.id,
        "incumbent.action": decision.action.value,
        "incumbent.verdict": verdict,
        "incumbent.summary": summary(inputs, decision),
        "mlflow.note.content": text,
    }
