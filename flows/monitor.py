"""Monitor: what happens to a batch, in order.

incoming batch -> validate -> profile & drift -> score -> judge harm -> decide
                     |                                                   |
                 quarantine                                           retrain
"""

from dataclasses import replace
from typing import Any

from prefect import flow

from flows.retrain import retrain
from incumbent.decision import decide, plainly_broken, resumes
from incumbent.params import ModelSpec, Path
from incumbent.records import Action, Champion, Conclusion, Findings, Outcome
from tasks.attribution import attribute_harm
from tasks.doors import Doors
from tasks.drift import measure_drift, with_outputs
from tasks.estimate import estimate_performance
from tasks.gain import backtest, keep_backtest
from tasks.harm import judge_labels
from tasks.intake import Arrival, find_batches, take_in
from tasks.labels import (
    LabelTable,
    collect_labels,
    find_late,
    keep_labels,
    labels_within,
    with_maturity,
)
from tasks.lease import holding
from tasks.past import past_of
from tasks.promotion import reconcile
from tasks.reporting import carried_out, inputs_of, recall, record, report, stored_document
from tasks.scoring import load_champion, score_batch
from tasks.training import judgeable, waiting_challenger
from tasks.validation import validate


@flow(name="monitor", flow_run_name="monitor {spec.name}")
def monitor(
    spec: ModelSpec, batch: Path | None = None, labels: Path | None = None
) -> list[dict[str, Any]]:
    """Take in what is new, judge the champion on it, and retrain where that is called for.

    Args:
        spec: The model, its data, and the rules it is kept by.
        batch: One batch (Parquet or CSV); empty: every new one of the spec's source.
        labels: A file of labels; empty: what the spec's pattern finds, and the target column.
    """
    with holding(spec) as doors:
        reconcile(doors, spec)
        load_champion(doors, spec)  # a spec that is not the champion's leaves no trace
        return take_all(doors, spec, batch, labels)


def take_all(
    doors: Doors, spec: ModelSpec, batch: str | None, labels: str | None
) -> list[dict[str, Any]]:
    """Every batch that has come, oldest first, then the labels that came alone."""
    tables, documents, entries = collect_labels(spec, labels), [], []
    for path in find_batches(spec, batch, labels):
        arrival = take_in(doors, spec, path)
        entries.append(arrival.entry)
        tables += labels_within(arrival, spec)
        if not arrival.handled:
            documents.append(follow(doors, spec, arrival, tables))
    for late, came in find_late(doors, spec, tables, only=entries if batch else None):
        champion = load_champion(doors, spec)
        findings = recall(doors, spec, champion, late, came)
        documents.append(conclude(doors, spec, champion, findings))
    if batch and not documents:
        return [stored_document(doors, spec, entry) for entry in entries]
    return documents


def follow(
    doors: Doors, spec: ModelSpec, arrival: Arrival, tables: list[LabelTable]
) -> dict[str, Any]:
    """A new batch: validated, compared with the champion's training set, and scored."""
    champion, entry = load_champion(doors, spec), arrival.entry
    past = past_of(doors, spec, entry.batch.digest)
    validation, frame = validate(arrival, spec, champion.model.card)
    if validation.outcome is Outcome.QUARANTINE:
        set_aside = Findings(entry, validation, None, None, None, None, past=past)
        return conclude(doors, spec, champion, set_aside)
    drift = measure_drift(frame, champion, spec)
    predictions, latency = score_batch(doors, spec, champion, entry, frame, validation)
    came = keep_labels(doors, spec, entry, predictions, tables)
    findings = Findings(
        entry,
        validation,
        drift,
        predictions,
        champion.version.number,
        latency,
        learnt=entry.batch.digest in champion.model.card.training.batches,
        arrivals=came,
        estimate=None if came else estimate_performance(spec, champion, frame, predictions, past),
        past=past,
    )
    return conclude(doors, spec, champion, findings)


def conclude(
    doors: Doors, spec: ModelSpec, champion: Champion, findings: Findings
) -> dict[str, Any]:
    """The champion judged on the labels that have come; a decision, and what it asks for."""
    findings = with_maturity(doors, spec, findings)
    if done := carried_out(doors, spec, champion, findings):
        seen = replace(findings, drift=done.inputs.drift, scored_by=done.inputs.champion)
        return report(doors, spec, seen, done)
    findings = with_outputs(doors, spec, champion, findings)
    harm = judge_labels(doors, spec, champion, findings)
    tried = backtest(doors, spec, champion, findings, harm)
    harm = attribute_harm(doors, spec, champion, findings, harm, tried)
    inputs = inputs_of(doors, spec, champion, findings, harm, tried)
    decision = decide(inputs)
    record(doors, spec, inputs, decision)
    retraining = None
    again = resumes(inputs) and judgeable(waiting_challenger(doors, spec, champion), findings.entry)
    if decision.action is Action.RETRAIN or again:
        reason = "; ".join(r.text for r in decision.reasons) or "the challenger was judged again"
        anew = decision.action is Action.RETRAIN and plainly_broken(inputs)
        tested = tried if decision.action is Action.RETRAIN else None
        judged = keep_backtest(doors, spec, champion, findings, tested)
        retraining = retrain(spec, findings.entry.ordinal, reason, anew=anew, judged=judged)
    cost = tried.cost if tried else None
    return report(doors, spec, findings, Conclusion(inputs, harm, decision, retraining, cost))
