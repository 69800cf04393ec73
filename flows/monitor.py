"""Monitor: what happens to a batch, in order.

incoming batch -> validate -> profile & drift -> score -> judge harm -> decide
                     |                                                   |
                 quarantine                                          challenge
"""

from dataclasses import replace
from typing import Any

from prefect import flow

from flows.challenge import challenge
from incumbent.loop.backtest import Backtest
from incumbent.loop.challenge import judged_again
from incumbent.loop.judge import decision_inputs
from incumbent.params import ModelSpec, Path
from incumbent.policy.decision import decide, plainly_broken
from incumbent.records import Action, Conclusion, Findings
from tasks import steps
from tasks.champion import load_champion
from tasks.drift import measure_drift, with_outputs
from tasks.feedback import with_feedback
from tasks.gateways import Gateways
from tasks.intake import Arrival, find_batches, take_in
from tasks.isolation import Isolation
from tasks.label_tables import LabelTable
from tasks.labels import (
    collect_labels,
    find_late,
    keep_labels,
    labels_within,
    settle_labels,
    with_maturity,
)
from tasks.lease import holding
from tasks.promotion import reconcile
from tasks.quarantine import keep_delivery, labels_waiting, take_released
from tasks.reporting import carried_out, found_before, recall, report, stored_document
from tasks.scoring import score_batch
from tasks.skew import measure_skew
from tasks.state import LiveState
from tasks.training import keep_candidate
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
        return take_all(LiveState(gateways, spec), batch, labels)


def take_all(state: LiveState, batch: str | None, labels: str | None) -> list[dict[str, Any]]:
    """Every batch that has arrived, oldest first, then the labels that arrived alone."""
    gateways, spec, isolation = state.gateways, state.spec, Isolation()
    tables, documents, entries = collect_labels(gateways, spec, labels), [], []
    left = finish_released(gateways, spec, tables, isolation)
    for path, stamp in find_batches(gateways, spec, batch, labels).items():
        with isolation.of(path):
            arrival = take_in(gateways, spec, path, stamp)
            entries.append(arrival.entry)
            tables += labels_within(arrival, spec)
            if not arrival.handled:
                documents.append(follow(LiveState(gateways, spec), arrival, tables))
    for late, arrivals in find_late(gateways, spec, tables, only=entries if batch else None):
        with isolation.of(late.batch.path):
            own = LiveState(gateways, spec)
            documents.append(conclude(own, recall(own, late, arrivals)))
    settle_labels(gateways, spec, tables, all_batches=batch is None)
    isolation.require_none()
    if batch and not documents:
        documents = [stored_document(state, entry) for entry in entries]
    return left + documents


def finish_released(
    gateways: Gateways, spec: ModelSpec, tables: list[LabelTable], isolation: Isolation
) -> list[dict[str, Any]]:
    """The batches that a person has released, and that an earlier run has left unfinished."""
    entries, documents = gateways.ledger.released(spec.name), []
    tables += labels_waiting(gateways, spec, tables) if entries else []
    for entry in entries:
        with isolation.of(entry.batch.path):
            arrival = take_released(gateways, spec, entry)
            tables += labels_within(arrival, spec)
            documents.append(follow(LiveState(gateways, spec), arrival, tables))
    return documents


def follow(state: LiveState, arrival: Arrival, tables: list[LabelTable]) -> dict[str, Any]:
    """A new batch: validated, compared with the champion's training set, and scored."""
    champion, entry = load_champion(state.gateways, state.spec), arrival.entry
    if done := carried_out(state, entry):
        return report(state, found_before(state, arrival, done.inputs, tables), done)
    judged = state.judged_batches(entry.batch.digest)
    validated = validate(arrival, state.spec, champion.model.card)
    validation, frame = validated.report, validated.frame
    if validated.counted is None:
        keep_delivery(state.gateways, state.spec, entry.batch)
        found = Findings(entry, validation, None, None, None, None, judged_batches=judged)
        return conclude(state, found)
    drift = measure_drift(state, frame, validated.counted)
    predictions, latency = score_batch(state, entry, frame, validation)
    arrivals = keep_labels(state.gateways, state.spec, entry, predictions, tables)
    findings = Findings(
        entry,
        validation,
        drift,
        predictions,
        champion.version.number,
        latency,
        learnt=entry.batch.digest in champion.model.card.training.batches,
        arrivals=arrivals,
        judged_batches=judged,
        skew=measure_skew(state, frame),
    )
    if not arrivals:
        expected = steps.estimate_performance(state, frame, predictions, judged)
        findings = replace(findings, estimate=expected)
    return conclude(state, findings)


def conclude(state: LiveState, findings: Findings) -> dict[str, Any]:
    """The champion judged on the labels that have arrived; a decision, and what it asks for."""
    findings = with_maturity(state.gateways, state.spec, findings)
    if done := carried_out(state, findings.entry):
        drift, feedback = done.inputs.drift, done.inputs.feedback
        scored_by = done.inputs.champion
        seen = replace(findings, drift=drift, feedback=feedback, scored_by=scored_by)
        return report(state, seen, done)
    findings = with_feedback(state, with_outputs(state, findings))
    harm = steps.judge(state, findings)
    tested = steps.backtest(state, findings, harm)
    harm = steps.attribute(state, findings, harm, tested)
    inputs = decision_inputs(state, findings, harm, tested.report if tested else None)
    decision, cost = decide(inputs), tested.cost if tested else None
    state.record(inputs, decision)
    found = Conclusion(inputs, harm, decision, None, cost)
    if decision.action is Action.RETRAIN or judged_again(state, inputs):
        found = carry_out(state, findings, found, tested)
    return report(state, findings, found)


def carry_out(
    state: LiveState, findings: Findings, found: Conclusion, tested: Backtest | None
) -> Conclusion:
    """A challenger is trained or judged again; what a backtest has fitted is the challenger."""
    entry, retrains = findings.entry, found.decision.action is Action.RETRAIN
    reason = "; ".join(r.text for r in found.decision.reasons)
    contender = tested.contender if tested and retrains else None
    kept = keep_candidate(state, contender, entry.batch.id) if contender else None
    retraining = challenge(
        state.spec,
        entry.ordinal,
        reason or "the challenger was judged again",
        anew=retrains and plainly_broken(found.inputs),
        tested=kept.version if kept else None,
    )
    return replace(found, retraining=retraining)
