"""Feedback: explored rows of a batch beside the others, once labels have arrived."""

from collections.abc import Iterator
from dataclasses import replace

from pydantic import TypeAdapter

from incumbent.monitoring.feedback import measure_feedback
from incumbent.policy.limits import BUDGET_WINDOW
from incumbent.records import FeedbackReport, Findings
from tasks.state import LiveState

STORED = TypeAdapter(FeedbackReport)


def with_feedback(state: LiveState, findings: Findings) -> Findings:
    """The findings with explored rows beside exploited ones.

    They stay as they are where the batch has no explored row and no label is said to be
    influenced, where no label has arrived, and where the champion has learnt the batch.
    """
    predictions, spec = findings.predictions, state.spec
    if predictions is None or findings.learnt:
        return findings
    if predictions.exploration is None and not spec.feedback_influence:
        return findings
    digest = findings.entry.batch.digest
    labelled = state.all_labelled(digest, predictions)
    if labelled is None or labelled.labels.empty:
        return findings
    card = replace(state.champion().model.card, spec=spec)
    report = measure_feedback(predictions, labelled, card, [*_earlier(state, digest)])
    return replace(findings, feedback=report)


def _earlier(state: LiveState, but: str) -> Iterator[FeedbackReport]:
    """The reports on the last handled batches, without this one."""
    for entry in state.gateways.ledger.documented(state.spec.name, BUDGET_WINDOW):
        stored = (entry.document or {}).get("feedback")
        if stored is not None and entry.batch.digest != but:
            yield STORED.validate_python(stored)
