"""Monitor: what happens to a batch, in order.

incoming batch -> validate -> profile & drift -> score -> judge harm -> decide
                     |                                                   |
                 quarantine                                           retrain
"""

from typing import Any

from prefect import flow

from flows.retrain import retrain
from incumbent.decision import decide, plainly_broken, resumes
from incumbent.params import ModelSpec
from incumbent.records import Action, Champion, Findings, Outcome
from tasks.doors import Doors, open_doors
from tasks.drift import measure_drift
from tasks.harm import judge_labels
from tasks.intake import Arrival, find_batches, take_in
from tasks.labels import LabelTable, collect_labels, find_late, keep_labels, labels_within
from tasks.promotion import reconcile
from tasks.reporting import inputs_of, recall, record, report, stored_document
from tasks.scoring import load_champion, score_batch
from tasks.validation import validate


@flow(name="monitor", flow_run_name="monitor {spec.name}")
def monitor(
    spec: ModelSpec, batch: str | None = None, labels: str | None = None
) -> list[dict[str, Any]]:
    """Take in what is new, judge the champion on it, and retrain where that is called for.

    Args:
        spec: The model, its data, and the rules it is kept by.
        batch: One batch (Parquet or CSV); empty: every new one of the spec's source.
        labels: A file of labels; empty: what the spec's pattern finds, and the target column.
    """
    doors = open_doors()
    reconcile(doors, spec)
    tables, documents, entries = collect_labels(spec, labels), [], []
    for path in find_batches(spec, batch):
        arrival = take_in(doors, spec, path)
        entries.append(arrival.entry)
        tables += labels_within(arrival, spec)
        if not arrival.handled:
            documents.append(follow(doors, spec, arrival, tables))
    for late in find_late(doors, spec, tables, only=entries if batch else None):
        champion = load_champion(doors, spec)
        documents.append(conclude(doors, spec, champion, recall(doors, spec, champion, late)))
    if batch and not documents:
        return [stored_document(doors, spec, entry) for entry in entries]
    return documents


def follow(
    doors: Doors, spec: ModelSpec, arrival: Arrival, tables: list[LabelTable]
) -> dict[str, Any]:
    """A new batch: validated, compared with the champion's training set, and scored."""
    champion = load_champion(doors, spec)
    validation, frame = validate(arrival, spec, champion.model.card)
    if validation.outcome is Outcome.QUARANTINE:
        found = Findings(arrival.entry, validation, None, None, None)
        return conclude(doors, spec, champion, found)
    drift = measure_drift(frame, champion, spec)
    predictions, latency = score_batch(doors, champion, arrival.entry, frame, validation)
    keep_labels(doors, spec, arrival.entry, predictions, tables)
    # A run that crashed after it had promoted is resumed here: its champion cannot judge itself.
    learnt = champion.model.card.training.through >= arrival.entry.ordinal
    found = Findings(arrival.entry, validation, drift, predictions, latency, learnt=learnt)
    return conclude(doors, spec, champion, found)


def conclude(
    doors: Doors, spec: ModelSpec, champion: Champion, findings: Findings
) -> dict[str, Any]:
    """The champion judged on the labels that have come; a decision, and what it asks for."""
    harm = judge_labels(doors, spec, champion, findings)
    inputs = inputs_of(doors, spec, champion, findings, harm)
    decision = decide(inputs)
    record(doors, spec, inputs, decision)
    retraining = None
    if decision.action is Action.RETRAIN or resumes(inputs):
        reason = "; ".join(r.text for r in decision.reasons)
        anew = plainly_broken(inputs)
        retraining = retrain(spec, findings.entry.ordinal, reason, anew=anew)
    return report(doors, spec, inputs, findings, harm, decision, retraining)
