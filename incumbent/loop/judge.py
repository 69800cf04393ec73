"""Judge: the labels that have arrived say how good the champion is, and a decision follows."""

from dataclasses import replace

from incumbent.loop.state import LoopState
from incumbent.monitoring.coverage import coverage_of
from incumbent.monitoring.harm import judge_harm
from incumbent.policy.decision import age_days
from incumbent.records import (
    DecisionInputs,
    Failure,
    Findings,
    GainReport,
    HarmReport,
    Severity,
    ValidationReport,
)


def judge_labels(state: LoopState, findings: Findings) -> HarmReport | None:
    """Metrics and signals of harm on one batch.

    None while none of its labels have arrived, and where the champion was fitted on them.
    """
    predictions, batch = findings.predictions, findings.entry.batch
    if predictions is None or findings.learnt:
        return None
    labelled = state.labelled(batch.digest, predictions)
    if labelled is None:
        return None
    champion = state.champion()
    card = replace(champion.model.card, spec=state.spec)  # today's tolerances, not those of then
    mine = (b.loss for b in findings.judged_batches if b.champion == champion.version.number)
    earlier = [loss for loss in mine if loss is not None]
    harm = judge_harm(labelled, batch.rows, card, earlier, coverage_of(predictions, labelled))
    return replace(harm, latency=findings.latency)


def decision_inputs(
    state: LoopState, findings: Findings, harm: HarmReport | None, gain: GainReport | None
) -> DecisionInputs:
    """All that the decision about a batch is made from."""
    champion, batch = state.champion(), findings.entry.batch
    return DecisionInputs(
        state.spec,
        batch.digest,
        champion.version.number,
        findings.validation.outcome,
        findings.drift,
        harm,
        age_days(batch.period, champion.model.card.training.period),
        state.challenger() is not None,
        findings.asked,
        findings.estimate,
        gain,
        findings.judged_batches,
        findings.skew,
        _serious(findings.validation),
        findings.feedback,
    )


def _serious(validation: ValidationReport) -> tuple[Failure, ...]:
    """The failures that quarantine a batch or keep it from training; none after a release."""
    if validation.released is not None:
        return ()
    return tuple(f for f in validation.failures if f.severity is not Severity.WARNING)
