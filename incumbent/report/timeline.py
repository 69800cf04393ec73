"""The numbers of a batch that MLflow draws over time."""

import math
import re

from incumbent.digest import text_digest
from incumbent.records import (
    Action,
    Conclusion,
    EstimateReport,
    FeedbackReport,
    Findings,
    HarmReport,
    Outcome,
    Severity,
    ValidationReport,
)

LONGEST_NAME, NAME_DIGITS = 60, 6
PLAIN_NAME = re.compile(rf"[A-Za-z0-9](?:[\w. -]{{0,{LONGEST_NAME - 2}}}[\w.-])?", re.ASCII)
NOT_PLAIN = re.compile(r"[^\w-]", re.ASCII)


def timeline(findings: Findings, conclusion: Conclusion) -> dict[str, float]:
    """The numbers of a batch that MLflow draws over time."""
    drift, latency, harm = findings.drift, findings.latency, conclusion.harm
    gain = conclusion.inputs.gain
    retrained = conclusion.decision.action is Action.RETRAIN
    points: dict[str, float | None] = {
        "rows": findings.entry.batch.rows,
        "champion_version": conclusion.inputs.champion,
        "quarantined": float(findings.validation.outcome is Outcome.QUARANTINE),
        "data_faults": sum(
            f.severity is not Severity.WARNING for f in findings.validation.failures
        ),
        "retrained": 1.0 if retrained else None,
        "drift_score": drift.score if drift else None,
        "skew_mismatch_share": findings.skew.mismatch_share if findings.skew else None,
        **feedback_points(findings.feedback),
        "gain": gain.saved.value if gain else None,
        **estimated_points(findings.estimate),
        "latency_row_ms": latency.row_ms if latency else None,  # older name of the same line
        "latency_row_p50_ms": latency.row_ms if latency else None,
        "latency_row_p95_ms": latency.row_p95_ms if latency else None,
        "latency_batch_ms": latency.batch_ms if latency else None,
    }
    if findings.labels_only:
        points = {"retrained": points["retrained"], **feedback_points(findings.feedback)}
    if harm is not None and (harm.enough or harm.matured == harm.rows):
        points |= matured_points(harm)
    return {name: v for name, v in points.items() if v is not None and math.isfinite(v)}


def _data_faults(validation: ValidationReport) -> int:
    """Failures that quarantine the batch, or keep it from training."""
    return sum(failure.severity is not Severity.WARNING for failure in validation.failures)


def matured_points(harm: HarmReport) -> dict[str, float | None]:
    """The metrics on labelled rows, and the primary metric of each slice, by line.

    MLflow groups the lines of a column's slices by the part before the slash.
    """
    name = harm.metric_name
    return {
        "matured_labels": harm.matured,
        "matured_share": harm.matured / max(harm.rows, 1),
        "generalisation_gap": generalisation_gap(harm),
        **{metric: estimate.value for metric, estimate in harm.metrics.items()},
        **{
            f"{name} {line_name(s.column)}/{line_name(s.value)}": s.metrics[name].value
            for s in harm.slices
            if name in s.metrics
        },
    }


def feedback_points(found: FeedbackReport | None) -> dict[str, float | None]:
    """Labels and loss of explored rows beside those of exploited ones, by line."""
    if found is None:
        return {}
    points: dict[str, float | None] = {"feedback_influenced_share": found.influenced}
    for name, group in (("explored", found.explored), ("exploited", found.exploited)):
        points[f"feedback_labelled_{name}"] = group.share if group.rows else None
        loss = group.loss.value if group.loss else None
        points[f"feedback_{found.metric_name}_{name}"] = loss
    return {**points, "feedback_gap": found.gap.value if found.gap else None}


def line_name(text: str | None) -> str:
    """A name or value from data, safe in a metric's name: MLflow allows few characters there.

    Other characters are replaced, long texts are cut, and a digest keeps the names distinct.

    >>> line_name("EWR"), line_name("N/A"), line_name(None)
    ('EWR', 'N_A 800764', '_missing')
    """
    if text is None:
        return "_missing"
    if PLAIN_NAME.fullmatch(text):
        return text
    return f"{NOT_PLAIN.sub('_', text)[:LONGEST_NAME]} {text_digest([text])[:NAME_DIGITS]}".strip()


def generalisation_gap(harm: HarmReport) -> float | None:
    """Loss on a batch minus the loss on the rows of the champion's fit.

    It is positive from the first batch on for an overfitted model, and grows under drift. None
    where either loss is missing.
    """
    found = harm.metrics.get(harm.metric_name)
    return None if found is None or harm.fitted is None else found.value - harm.fitted


def estimated_points(found: EstimateReport | None) -> dict[str, float | None]:
    """The estimated loss, as one line."""
    if found is None:
        return {}
    return {f"estimated_{found.metric_name}": found.metrics.get(found.metric_name)}
