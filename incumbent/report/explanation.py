"""A decision in words: one line for a list of runs, a paragraph for `incumbent explain`."""

from incumbent.records import (
    Cause,
    Decision,
    DecisionInputs,
    DriftReport,
    EstimateReport,
    FeedbackReport,
    GainReport,
    HarmReport,
    SkewReport,
)
from incumbent.report.timeline import generalisation_gap

CAUSES = {
    Cause.NONE: "The change is within noise.",
    Cause.COVARIATE: "The cause is covariate: data drift.",
    Cause.CONDITIONAL: "The cause is conditional: concept drift.",
    Cause.PRIOR: "A change of the class shares explains all of it: prior shift.",
    Cause.BOTH: "Both parts are significant.",
    Cause.AMBIGUOUS: "The cause is ambiguous.",
}


def summary(inputs: DecisionInputs, decision: Decision) -> str:
    """A decision in one line, for the list of runs."""
    reasons = "; ".join(r.text for r in decision.reasons) or "nothing to report"
    blocked = "; ".join(r.text for r in decision.blocked)
    return f"{inputs.outcome.value}, {decision.action.value}: {reasons}" + (
        f" (blocked: {blocked})" if blocked else ""
    )


def explanation(decision: Decision, inputs: DecisionInputs, batch: str) -> str:
    """A decision as a paragraph: the measurements, the reasons and the action."""
    name, version = inputs.spec.name, inputs.champion
    sentences = [
        f"Batch {batch} of {name} was scored by version {version}."
        f" Validation: {inputs.outcome.value}.",
        _describe_harm(inputs.harm),
        _describe_history(inputs.harm),
        describe_cause(inputs.harm),
        describe_estimate(inputs.estimate),
        _describe_gain(inputs.gain),
        _describe_drift(inputs.drift),
        _describe_skew(inputs.skew),
        describe_feedback(inputs.feedback),
        f"Trigger {inputs.spec.trigger.value}, action {decision.action.value}.",
    ]
    sentences += [f"Because of {reason.signal}: {reason.text}." for reason in decision.reasons]
    sentences += [f"Retraining was blocked by {r.signal}: {r.text}." for r in decision.blocked]
    sentences += [
        f"The batch is excluded from training because of {r.signal}: {r.text}."
        for r in decision.faults
    ]
    return " ".join(filter(None, sentences))


def _describe_harm(harm: HarmReport | None) -> str:
    if harm is None:
        return "It had no labels to judge the champion by."
    signals = [f"{s.signal} {'shown' if s.harmed else 'not shown'}" for s in harm.signals]
    found = f": {', '.join(signals)}" if signals else ", too few to judge harm"
    twice = f" {harm.conflicts} ids have two different labels: left out." if harm.conflicts else ""
    lacking = f" No label is of class {', '.join(harm.absent)}." if harm.absent else ""
    return f"{harm.matured} of {harm.rows} labels had arrived{found}.{twice}{lacking}"


def _describe_history(harm: HarmReport | None) -> str:
    """The champion's loss on the rows of its fit, on held-out rows, and on this batch."""
    if harm is None or harm.fitted is None or generalisation_gap(harm) is None:
        return ""
    name, found = harm.metric_name.replace("_", " "), harm.metrics[harm.metric_name]
    return (
        f"Its {name} is {harm.fitted:.4f} on the rows of its fit, {harm.baseline.value:.4f} on"
        f" held-out rows, {found.value:.4f} here."
    )


def describe_cause(harm: HarmReport | None) -> str:
    """The attribution of a changed loss in a sentence; empty where there is none."""
    if harm is None or harm.attribution is None:
        return ""
    found = harm.attribution
    change = f"Since the version was judged its loss has changed by {found.change.value:+.4f}"
    if found.conditional is None or found.covariate is None:
        return f"{change}; the cause is unknown: too few rows, or too little overlap."
    parts = abs(found.conditional.value) + abs(found.covariate.value)
    share = abs(found.conditional.value) / parts if parts else 0.0
    return (
        f"{change}: {share:.0%} conditional (other outcomes for the same rows),"
        f" {1 - share:.0%} covariate (other rows). {CAUSES[found.cause]}"
    )


def describe_estimate(found: EstimateReport | None) -> str:
    """The estimate without labels, with the mean error of past estimates."""
    if found is None or found.metric_name not in found.metrics:
        return ""
    name, record = found.metric_name.replace("_", " "), found.record
    error = (
        "no past estimate has been checked by labels yet"
        if record.error is None
        else f"mean error of past estimates {record.error:.4f} on {record.batches} batches"
    )
    return (
        f"Without labels {name} was estimated at {found.metrics[found.metric_name]:.4f}; {error}."
    )


def _describe_gain(gain: GainReport | None) -> str:
    if gain is None:
        return ""
    newer = "the older half of the batch" if gain.within else f"{gain.newer} newer rows"
    saved = gain.saved
    interval = "" if saved.low is None else f" [{saved.low:+.4f}, {saved.high:+.4f}]"
    return (
        f"With {newer} the champion's recipe saves {saved.value:+.4f}{interval} of"
        f" {gain.champion_loss:.4f} on rows that neither was fitted on."
    )


def _describe_drift(drift: DriftReport | None) -> str:
    if drift is None:
        return "Drift was not measured."
    moved = [c.column for c in (*drift.columns, *drift.outputs) if c.alarm]
    return f"Columns beyond their null: {', '.join(moved) or 'none'}."


def _describe_skew(skew: SkewReport | None) -> str:
    """The rows that were served with other values; empty where none were compared."""
    if skew is None:
        return ""
    rows, score = skew.rows, skew.score
    told = (
        f"Of {rows['joined']} rows in the serving log {rows['mismatching']} were served with other"
        " values."
    )
    if score is None or not rows["mismatching"]:
        return told
    flips = "" if score.flipped is None else f", and {score.flipped:.1%} of the answers are others"
    return f"{told} They move the champion's prediction by {score.mean:.4f} on average{flips}."


def describe_feedback(found: FeedbackReport | None) -> str:
    """Explored rows beside exploited ones; empty where neither was told apart."""
    if found is None:
        return ""
    ours, theirs = found.explored, found.exploited
    told = (
        f"{ours.labelled} of {ours.rows} explored rows have labels, and {theirs.labelled} of"
        f" {theirs.rows} others."
    )
    if found.influenced:
        told += f" {found.influenced:.0%} of the labels may be influenced by the model."
    if found.gap is None or found.p is None:
        return told
    name = found.metric_name.replace("_", " ")
    return (
        f"{told} At equal scores {name} on explored rows is {found.gap.value:+.4f} against the"
        f" others (p {found.p:.2g} over {found.looks} batches)."
    )
