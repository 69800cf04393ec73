"""Monitor: what happens to a batch, in order.

incoming batch -> validate -> profile & drift -> score -> judge harm -> decide
                     |                                                   |
                 quarantine                                           retrain
"""

from dataclasses import replace
from typing import Any

from prefect import flow

from flows.challenge import challenge
from incumbent.params import ModelSpec, Path
from incumbent.policy.decision import decide, plainly_broken, resumes
from incumbent.records import Action, Champion, Conclusion, Findings, Outcome
from tasks.attribution import attribute_harm
from tasks.drift import measure_drift, with_outputs
from tasks.estimate import estimate_performance
from tasks.gain import backtest, keep_backtest
from tasks.gateways import Gateways
from tasks.harm import judge_labels
from tasks.intake import Arrival, find_batches, take_in
from tasks.judged_batches import judged_batches_of
from tasks.labels import (
    LabelTable,
    collect_labels,
    find_late,
    keep_labels,
    labels_within,
    with_maturity,
)
from tasks.lease import holding
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
    with holding(spec) as gateways:
        reconcile(gateways, spec)
        load_champion(gateways, spec)  # a spec that is not the champion's leaves no trace
        return take_all(gateways, spec, batch, labels)


def take_all(
    gateways: Gateways, spec: ModelSpec, batch: str | None, labels: str | None
) -> list[dict[str, Any]]:
    """Every batch that has come, oldest first, then the labels that came alone."""
    tables, documents, entries = collect_labels(spec, labels), [], []
    for path in find_batches(spec, batch, labels):
        arrival = take_in(gateways, spec, path)
        entries.append(arrival.entry)
        tables += labels_within(arrival, spec)
        if not arrival.handled:
            documents.append(follow(gateways, spec, arrival, tables))
    for late, came in find_late(gateways, spec, tables, only=entries if batch else None):
        champion = load_champion(gateways, spec)
        findings = recall(gateways, spec, champion, late, came)
        documents.append(conclude(gateways, spec, champion, findings))
    if batch and not documents:
        return [stored_document(gateways, spec, entry) for entry in entries]
    return documents


def follow(
    gateways: Gateways, spec: ModelSpec, arrival: Arrival, tables: list[LabelTable]
) -> dict[str, Any]:
    """A new batch: validated, compared with the champion's training set, and scored."""
    champion, entry = load_champion(gateways, spec), arrival.entry
    judged_batches = judged_batches_of(gateways, spec, entry.batch.digest)
    validation, frame = validate(arrival, spec, champion.model.card)
    if validation.outcome is Outcome.QUARANTINE:
        set_aside = Findings(
            entry, validation, None, None, None, None, judged_batches=judged_batches
        )
        return conclude(gateways, spec, champion, set_aside)
    drift = measure_drift(frame, champion, spec)
    predictions, latency = score_batch(gateways, spec, champion, entry, frame, validation)
    came = keep_labels(gateways, spec, entry, predictions, tables)
    findings = Findings(
        entry,
        validation,
        drift,
        predictions,
        champion.version.number,
        latency,
        learnt=entry.batch.digest in champion.model.card.training.batches,
        arrivals=came,
        estimate=None
        if came
        else estimate_performance(spec, champion, frame, predictions, judged_batches),
        judged_batches=judged_batches,
    )
    return conclude(gateways, spec, champion, findings)


def conclude(
    gateways: Gateways, spec: ModelSpec, champion: Champion, findings: Findings
) -> dict[str, Any]:
    """The champion judged on the labels that have come; a decision, and what it asks for."""
    findings = with_maturity(gateways, spec, findings)
    if done := carried_out(gateways, spec, champion, findings):
        seen = replace(findings, drift=done.inputs.drift, scored_by=done.inputs.champion)
        return report(gateways, spec, seen, done)
    findings = with_outputs(gateways, spec, champion, findings)
    harm = judge_labels(gateways, spec, champion, findings)
    tried = backtest(gateways, spec, champion, findings, harm)
    harm = attribute_harm(gateways, spec, champion, findings, harm, tried)
    inputs = inputs_of(gateways, spec, champion, findings, harm, tried)
    decision = decide(inputs)
    record(gateways, spec, inputs, decision)
    retraining = None
    again = resumes(inputs) and judgeable(
        waiting_challenger(gateways, spec, champion), findings.entry
    )
    if decision.action is Action.RETRAIN or again:
        reason = "; ".join(r.text for r in decision.reasons) or "the challenger was judged again"
        anew = decision.action is Action.RETRAIN and plainly_broken(inputs)
        tested = tried if decision.action is Action.RETRAIN else None
        judged = keep_backtest(gateways, spec, champion, findings, tested)
        retraining = challenge(spec, findings.entry.ordinal, reason, anew=anew, judged=judged)
    cost = tried.cost if tried else None
    return report(gateways, spec, findings, Conclusion(inputs, harm, decision, retraining, cost))
