"""Reporting: the ledger's document, the run and the lines in MLflow, the page in Prefect."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.runtime import flow_run
from pydantic import TypeAdapter

from incumbent.errors import IntegrityError, StoredError
from incumbent.log import warn
from incumbent.params import ModelSpec
from incumbent.plain_text import plain
from incumbent.policy.decision import stored_inputs
from incumbent.records import (
    BatchEntry,
    BatchStatus,
    Champion,
    Conclusion,
    DecisionInputs,
    DriftReport,
    EstimateReport,
    Findings,
    ModelCard,
    Outcome,
    Retraining,
    RunRecord,
    ShadowReport,
    ValidationReport,
    Verdict,
)
from incumbent.report.explanation import summary
from incumbent.report.reporting import link, monitor_document, page
from incumbent.report.timeline import timeline
from tasks.champion import require_champion
from tasks.gateways import OUTSIDE, Gateways
from tasks.intake import Arrival
from tasks.label_tables import LabelTable
from tasks.labels import keep_labels, with_maturity
from tasks.scoring import score_again
from tasks.skew import recalled_skew
from tasks.state import LiveState
from tasks.stored import predictions_by, scored_predictions, version_of
from tasks.validation import validate_delivery


def recall(state: LiveState, entry: BatchEntry, arrivals: Mapping[str, str]) -> Findings:
    """What was found about a batch that was handled before, for labels that arrive late.

    The champion of today is judged: where another version scored the batch, it is scored again,
    unless the champion has learnt it since.
    """
    gateways, spec, champion = state.gateways, state.spec, state.champion()
    stored, digest = stored_document(state, entry), entry.batch.digest
    validation = TypeAdapter(ValidationReport).validate_python(stored["validation"])
    predictions, scored_by = scored_predictions(gateways, spec, entry), stored["scored_by"]
    learnt = digest in champion.model.card.training.batches
    if scored_by != champion.version.number and not learnt:
        frame = state.frame(entry)
        drawn = predictions.exploration if predictions else None
        predictions = score_again(state, entry, frame, validation, drawn)
        scored_by = champion.version.number
    return Findings(
        entry,
        validation,
        TypeAdapter(DriftReport | None).validate_python(stored["drift"]),
        predictions,
        scored_by,
        latency=None,
        labels_only=True,
        learnt=learnt,
        arrivals=arrivals,
        estimate=TypeAdapter(EstimateReport | None).validate_python(stored.get("estimate")),
        judged_batches=state.judged_batches(digest),
        skew=recalled_skew(state, entry, stored),
    )


def stored_document(state: LiveState, entry: BatchEntry) -> dict[str, Any]:
    """The document of a batch that was handled before, marked as a duplicate."""
    stored = state.entry_of(entry.batch.digest)
    if stored.document is None:
        raise IntegrityError(
            f"The ledger has no document of batch {entry.batch.id!r}.",
            "none",
            "the document that was written when it was handled",
            "monitor the batch again",
        )
    return {**stored.document, "duplicate": True}


def carried_out(state: LiveState, entry: BatchEntry) -> Conclusion | None:
    """What a run that broke off after its promotion had concluded; None where none did.

    The champion was promoted over this very batch, by a decision that was never reported.
    """
    champion, digest = state.champion(), entry.batch.digest
    if champion.model.card.training.batches[-1:] != (digest,):
        return None
    ledger, name = state.gateways.ledger, state.spec.name
    made = ledger.decisions_about(name, digest)
    if not made:
        return None
    inputs, decision = stored_inputs(made[0].inputs), made[0].decision
    document = state.entry_of(digest).document
    reported = document is not None and document["decision"]["id"] == decision.id
    if reported or inputs.champion == champion.version.number:
        return None
    seen = ledger.last_shadow(name, inputs.champion)
    shadow = TypeAdapter(ShadowReport).validate_python(seen["report"]) if seen else None
    verdict = TypeAdapter(Verdict).validate_python(seen["verdict"]) if seen else None
    retraining = Retraining(shadow, verdict, 0, 0.0) if shadow and verdict else None
    return Conclusion(inputs, inputs.harm, decision, retraining)


def found_before(
    state: LiveState, arrival: Arrival, done: DecisionInputs, tables: list[LabelTable]
) -> Findings:
    """What was found about a batch before the champion was promoted over it: nothing is new."""
    gateways, spec, entry = state.gateways, state.spec, arrival.entry
    validation = arrival.released or _validated(state, arrival, done.champion)
    predictions = predictions_by(gateways, spec, entry, done.champion, validation)
    kept = {} if predictions is None else keep_labels(gateways, spec, entry, predictions, tables)
    found = Findings(
        entry,
        validation,
        done.drift,
        predictions,
        done.champion,
        latency=None,
        learnt=True,
        arrivals=kept,
        estimate=done.estimate,
        judged_batches=done.judged_batches,
        skew=done.skew,
        feedback=done.feedback,
    )
    return with_maturity(gateways, spec, found)


def _validated(state: LiveState, arrival: Arrival, number: int) -> ValidationReport:
    card, path = _judged_card(state, number), arrival.entry.batch.path
    return validate_delivery(arrival.content, path, state.spec, card).report


def _judged_card(state: LiveState, number: int) -> ModelCard:
    """The card of the version that was judged; of the champion, where that version is lost."""
    try:
        version = version_of(state.gateways, state.spec, number)
        return state.gateways.registry.load(version).model.card
    except StoredError as error:
        warn("validated by the training set of now: %s", error)
        return state.champion().model.card


@task(name="reporting", **OUTSIDE)
def report(state: LiveState, findings: Findings, conclusion: Conclusion) -> dict[str, Any]:
    """Show a batch where people look, then mark it handled. The order makes a rerun harmless."""
    gateways, spec = state.gateways, state.spec
    after = require_champion(gateways, spec).number
    doc = monitor_document(findings, conclusion, after)
    points, text = timeline(findings, conclusion), page(doc)
    now, entry = datetime.now(UTC), findings.entry
    arrived = gateways.ledger.arrived_at(spec.name, entry.batch.digest)
    gateways.registry.log_timeline(spec.name, entry.ordinal, points, arrived or now)
    noted = link("Flow run in Prefect", flow_run.ui_url) + text
    record = RunRecord(
        f"monitor {entry.batch.id}",
        f"decision {conclusion.decision.id}",
        {"batch": entry.batch.id, "digest": entry.batch.digest, "trigger": spec.trigger.value},
        points,
        _tags(conclusion, doc, noted),
        {"report.md": noted, "document.json": json.dumps(doc, indent=2)},
    )
    begun = gateways.ledger.begin_run(spec.name, record.key)
    run = gateways.registry.log_run(spec.name, record, now, begun=begun)
    shown = link("Run in MLflow", gateways.registry.page(spec.name, run)) + text
    key = f"{spec.name.replace('_', '-')}-batch"
    gateways.ledger.require_lease()  # Prefect takes no fence
    create_markdown_artifact(shown, key=key, description=plain(entry.batch.id))
    for digest, path in findings.arrivals.items():
        gateways.ledger.record_labels(spec.name, digest, path, [entry.batch.digest], now)
    quarantined = findings.validation.outcome is Outcome.QUARANTINE
    status = BatchStatus.QUARANTINED if quarantined else BatchStatus.HANDLED
    gateways.ledger.finish_batch(spec.name, entry.batch.digest, status, doc, now)
    return doc


def promotion_document(gateways: Gateways, spec: ModelSpec) -> dict[str, Any]:
    """What `promote` and `rollback` print: who took whose place, and why."""
    done = gateways.ledger.last_promotion(spec.name)
    assert done is not None  # noqa: S101 - it was just made
    return {
        "model": spec.name,
        "promotion": done.id,
        "kind": done.kind.value,
        "reason": done.reason,
        "champion": {"version_before": done.previous, "version_after": done.version.number},
    }


def train_document(champion: Champion) -> dict[str, Any]:
    """What `train` prints: the model, its version, and its baseline."""
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


def _tags(conclusion: Conclusion, doc: Mapping[str, Any], text: str) -> dict[str, str]:
    decision = conclusion.decision
    return {
        "incumbent.policy.decision": decision.id,
        "incumbent.action": decision.action.value,
        "incumbent.verdict": doc["verdict"]["verdict"] if doc["verdict"] else "",
        "incumbent.summary": summary(conclusion.inputs, decision),
        "mlflow.note.content": text,
    }
