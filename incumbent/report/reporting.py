"""What is said of a batch: one document for machines, one page for people, numbers for a chart."""

import math
import re
from html import escape
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from incumbent.data.maturity import describe_maturity
from incumbent.digest import text_digest
from incumbent.records import (
    Action,
    Cause,
    Conclusion,
    Decision,
    DecisionInputs,
    DriftReport,
    EstimateReport,
    Findings,
    GainReport,
    HarmReport,
    MaturityPoint,
    Outcome,
    document,
)

LONGEST_NAME, NAME_DIGITS = 60, 6
PLAIN_NAME = re.compile(rf"[A-Za-z0-9](?:[\w. -]{{0,{LONGEST_NAME - 2}}}[\w.-])?", re.ASCII)
NOT_PLAIN = re.compile(r"[^\w-]", re.ASCII)
MARKDOWN = "|[]`*"
CAUSES = {
    Cause.NONE: "The change is within noise.",
    Cause.COVARIATE: "The cause is covariate: data drift.",
    Cause.CONDITIONAL: "The cause is conditional: concept drift.",
    Cause.PRIOR: "Other shares of the classes explain all of it: prior shift.",
    Cause.BOTH: "Both parts are shown.",
    Cause.AMBIGUOUS: "The cause is ambiguous.",
}


def monitor_document(findings: Findings, conclusion: Conclusion, champion: int) -> dict[str, Any]:
    """The JSON document of one batch; what did not run is null.

    Args:
        findings: What was known before its labels were judged.
        conclusion: What the labels say, what was decided, and what came of it.
        champion: Version number of the champion now.
    """
    retraining = conclusion.retraining
    parts = {
        "batch": findings.entry.batch,
        "duplicate": False,
        "labels_only": findings.labels_only,
        "validation": findings.validation,
        "drift": findings.drift,
        "skew": None,
        "harm": conclusion.harm,
        "maturity": findings.maturity,
        "feedback": None,
        "why": describe_cause(conclusion.harm) or None,
        "estimate": findings.estimate,
        "gain": conclusion.inputs.gain,
        "decision": conclusion.decision,
        "shadow": retraining and retraining.shadow,
        "verdict": retraining and retraining.verdict,
        "training": retraining and {"fits": retraining.fits, "fit_seconds": retraining.fit_seconds},
        "backtest": conclusion.backtest,
        "champion": {
            "version_before": conclusion.inputs.champion,
            "version_after": champion,
        },
        "scored_by": findings.scored_by,
    }
    return {name: document(part) for name, part in parts.items()}


def timeline(findings: Findings, conclusion: Conclusion) -> dict[str, float]:
    """The numbers of a batch that MLflow draws over time."""
    drift, latency, harm = findings.drift, findings.latency, conclusion.harm
    gain = conclusion.inputs.gain
    retrained = conclusion.decision.action is Action.RETRAIN
    points: dict[str, float | None] = {
        "rows": findings.entry.batch.rows,
        "champion_version": conclusion.inputs.champion,
        "quarantined": float(findings.validation.outcome is Outcome.QUARANTINE),
        "retrained": 1.0 if retrained else None,
        "drift_score": drift.score if drift else None,
        "gain": gain.saved.value if gain else None,
        **estimated_points(findings.estimate),
        "latency_row_ms": latency.row_ms if latency else None,  # older name of the same line
        "latency_row_p50_ms": latency.row_ms if latency else None,
        "latency_row_p95_ms": latency.row_p95_ms if latency else None,
        "latency_batch_ms": latency.batch_ms if latency else None,
    }
    if findings.labels_only:
        points = {"retrained": points["retrained"]}
    if harm is not None and (harm.enough or harm.matured == harm.rows):
        points |= matured_points(harm)
    return {name: v for name, v in points.items() if v is not None and math.isfinite(v)}


def matured_points(harm: HarmReport) -> dict[str, float | None]:
    """What the labels say, each metric and the primary one of each slice as a line of its own.

    MLflow shows the lines of a column's slices together, by what stands before the slash.
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


def line_name(text: str | None) -> str:
    """A name or value from data as a part of a metric's name, which MLflow is particular about.

    What cannot stand there is replaced or cut and told apart by its digest.

    >>> line_name("EWR"), line_name("N/A"), line_name(None)
    ('EWR', 'N_A 800764', '_missing')
    """
    if text is None:
        return "_missing"
    if PLAIN_NAME.fullmatch(text):
        return text
    return f"{NOT_PLAIN.sub('_', text)[:LONGEST_NAME]} {text_digest([text])[:NAME_DIGITS]}".strip()


def generalisation_gap(harm: HarmReport) -> float | None:
    """Loss on a batch above that on rows that the champion was fitted on.

    It is there from the day of training, as large as the model has learnt history by heart;
    where it grows, the world has moved on. None where either is unknown.
    """
    found = harm.metrics.get(harm.metric_name)
    return None if found is None or harm.fitted is None else found.value - harm.fitted


def estimated_points(found: EstimateReport | None) -> dict[str, float | None]:
    """The estimated loss as a line of its own."""
    if found is None:
        return {}
    return {f"estimated_{found.metric_name}": found.metrics.get(found.metric_name)}


def page(doc: dict[str, Any]) -> str:
    """The document of a batch as a markdown page; values from data are escaped."""
    labels = describe_maturity([MaturityPoint(**point) for point in doc["maturity"] or ()])
    return _templates().get_template("batch.md").render(doc=doc, labels=labels)


def link(text: str, address: str | None) -> str:
    """A line of Markdown that leads elsewhere; nothing where there is no address.

    >>> print(link("Run in MLflow", "http://127.0.0.1:5000/#/runs/a"), end="")
    [Run in MLflow](http://127.0.0.1:5000/#/runs/a)
    <BLANKLINE>
    """
    return "" if address is None else f"[{text}]({address})\n\n"


def summary(inputs: DecisionInputs, decision: Decision) -> str:
    """A decision in one line, as it stands in the list of runs."""
    said = "; ".join(r.text for r in decision.reasons) or "nothing to report"
    blocked = "; ".join(r.text for r in decision.blocked)
    return f"{inputs.outcome.value}, {decision.action.value}: {said}" + (
        f" (blocked: {blocked})" if blocked else ""
    )


def explanation(decision: Decision, inputs: DecisionInputs, batch: str) -> str:
    """A decision as a paragraph: what was seen, what it was held to, what followed."""
    name, version = inputs.spec.name, inputs.champion
    said = [
        f"Batch {batch} of {name} was scored by version {version}."
        f" Validation said {inputs.outcome.value}.",
        _describe_harm(inputs.harm),
        _describe_history(inputs.harm),
        describe_cause(inputs.harm),
        describe_estimate(inputs.estimate),
        _describe_gain(inputs.gain),
        _describe_drift(inputs.drift),
        f"With the trigger {inputs.spec.trigger.value} this asks for: {decision.action.value}.",
    ]
    said += [f"Because of {reason.signal}: {reason.text}." for reason in decision.reasons]
    said += [f"Retraining was blocked by {r.signal}: {r.text}." for r in decision.blocked]
    said += [f"Nobody learns from its labels for {r.signal}: {r.text}." for r in decision.faults]
    return " ".join(filter(None, said))


def _describe_harm(harm: HarmReport | None) -> str:
    if harm is None:
        return "No labels had come that could judge it."
    signals = [f"{s.signal} {'shown' if s.harmed else 'not shown'}" for s in harm.signals]
    looked = f": {', '.join(signals)}" if signals else ", too few to conclude anything"
    lacking = f" None is of class {', '.join(harm.absent)}." if harm.absent else ""
    return f"{harm.matured} of {harm.rows} labels had come{looked}.{lacking}"


def _describe_history(harm: HarmReport | None) -> str:
    """How much better the champion knows its own rows than its held-out rows."""
    if harm is None or harm.fitted is None or generalisation_gap(harm) is None:
        return ""
    name, found = harm.metric_name.replace("_", " "), harm.metrics[harm.metric_name]
    return (
        f"Its {name} is {harm.fitted:.4f} on rows that it was fitted on, {harm.baseline.value:.4f}"
        f" on held-out rows, {found.value:.4f} here."
    )


def describe_cause(harm: HarmReport | None) -> str:
    """Why the loss has changed, in a sentence; nothing where nobody has asked."""
    if harm is None or harm.attribution is None:
        return ""
    found = harm.attribution
    said = f"Since the version was judged its loss has changed by {found.change.value:+.4f}"
    if found.conditional is None or found.covariate is None:
        return f"{said}; why cannot be told: too few rows, or none in common."
    parts = abs(found.conditional.value) + abs(found.covariate.value)
    share = abs(found.conditional.value) / parts if parts else 0.0
    return (
        f"{said}: {share:.0%} conditional (other answers to the same rows, on those that both have"
        f" in common), {1 - share:.0%} covariate (other rows). {CAUSES[found.cause]}"
    )


def describe_estimate(found: EstimateReport | None) -> str:
    """What could be expected without labels, and how far such estimates were off."""
    if found is None or found.metric_name not in found.metrics:
        return ""
    name, record = found.metric_name.replace("_", " "), found.record
    off = (
        "nothing is known yet of how far such estimates are off"
        if record.error is None
        else f"such estimates were off by {record.error:.4f} on {record.batches} batches"
    )
    return f"Before labels {name} was estimated at {found.metrics[found.metric_name]:.4f}; {off}."


def _describe_gain(gain: GainReport | None) -> str:
    if gain is None:
        return ""
    taught = "the older half of the batch" if gain.within else f"{gain.newer} newer rows"
    saved = gain.saved
    interval = "" if saved.low is None else f" [{saved.low:+.4f}, {saved.high:+.4f}]"
    return (
        f"With {taught} the champion's recipe saves {saved.value:+.4f}{interval} of"
        f" {gain.champion_loss:.4f} on rows that neither has seen."
    )


def _describe_drift(drift: DriftReport | None) -> str:
    if drift is None:
        return "Drift was not measured."
    moved = [c.column for c in (*drift.columns, *drift.outputs) if c.alarm]
    return f"Columns beyond their null: {', '.join(moved) or 'none'}."


def _templates() -> Environment:
    # The page is markdown that MLflow and Prefect render as HTML: escape for both.
    return Environment(
        loader=PackageLoader("incumbent.report"),
        autoescape=False,  # noqa: S701 - `finalize` escapes every value, for both
        finalize=_escaped,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _escaped(value: object) -> str:
    """Text that cannot end its line or cell, nor become a tag, a link or code."""
    line = " ".join(escape(str(value)).splitlines())
    return line.translate({ord(sign): f"&#{ord(sign)};" for sign in MARKDOWN})
