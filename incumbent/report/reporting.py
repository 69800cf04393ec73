"""The document of a batch as JSON, and as a Markdown page."""

from html import escape
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from incumbent.data.maturity import describe_maturity
from incumbent.plain_text import plain
from incumbent.records import (
    Conclusion,
    Findings,
    MaturityPoint,
    Severity,
    document,
)
from incumbent.report.explanation import describe_cause

MARKDOWN = "|[]`*"
GRADES = {Severity.CRITICAL: "fault", Severity.SUSPECT: "suspected", Severity.WARNING: "told"}


def monitor_document(findings: Findings, conclusion: Conclusion, champion: int) -> dict[str, Any]:
    """The JSON document of one batch; stages that did not run are null.

    Args:
        findings: The findings before its labels were judged.
        conclusion: The judgement of its labels, the decision, and its result.
        champion: Version number of the champion now.
    """
    retraining = conclusion.retraining
    parts = {
        "batch": findings.entry.batch,
        "duplicate": False,
        "labels_only": findings.labels_only,
        "validation": findings.validation,
        "diagnosis": diagnosis(findings),
        "drift": findings.drift,
        "skew": findings.skew,
        "harm": conclusion.harm,
        "maturity": findings.maturity,
        "feedback": findings.feedback,
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


def diagnosis(findings: Findings) -> list[dict[str, str | None]]:
    """What is wrong with each column, or has really changed in it, with the evidence.

    The grade is `fault` where the batch is quarantined for it, `suspected` where it is not learnt
    from, `told` where validation only tells it, and `drift` for a change of the world.
    """
    faults = [
        {
            "column": failure.column,
            "kind": failure.expectation,
            "grade": GRADES[failure.severity],
            "evidence": f"{failure.observed}; expected {failure.expected}",
        }
        for failure in findings.validation.failures
    ]
    named = {f["column"] for f in faults if f["grade"] != GRADES[Severity.WARNING]}
    moved = [c for c in (findings.drift.columns if findings.drift else ()) if c.alarm]
    drifted: list[dict[str, str | None]] = [
        {
            "column": c.column,
            "kind": "drift",
            "grade": "drift",
            "evidence": "; ".join(c.moved) or f"distance {c.distance:.2f}",
        }
        for c in moved
        if c.column not in named
    ]
    return [*faults, *drifted]


def page(doc: dict[str, Any]) -> str:
    """The document of a batch as a Markdown page; values from data are escaped."""
    labels = describe_maturity([MaturityPoint(**point) for point in doc["maturity"] or ()])
    return _templates().get_template("batch.md").render(doc=doc, labels=labels)


def link(text: str, address: str | None) -> str:
    """A link as a line of Markdown; empty without an address.

    >>> print(link("Run in MLflow", "http://127.0.0.1:5000/#/runs/a"), end="")
    [Run in MLflow](http://127.0.0.1:5000/#/runs/a)
    <BLANKLINE>
    """
    return "" if address is None else f"[{text}]({address})\n\n"


def _templates() -> Environment:
    # MLflow and Prefect render the Markdown page as HTML: escape for both.
    return Environment(
        loader=PackageLoader("incumbent.report"),
        autoescape=False,  # noqa: S701 - `finalize` escapes every value, for both
        finalize=_escaped,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _escaped(value: object) -> str:
    """Text that cannot break a line or table column, nor become a tag, a link or code."""
    line = plain(" ".join(escape(str(value)).splitlines()))
    return line.translate({ord(sign): f"&#{ord(sign)};" for sign in MARKDOWN})
