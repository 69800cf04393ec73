"""The decision about a batch: pure rules over recorded inputs, so it can be recomputed."""

import json
import math
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from incumbent.digest import text_digest
from incumbent.monitoring.feedback import feedback_reason
from incumbent.monitoring.harm import SKILL
from incumbent.monitoring.label_faults import doubt, faults, harmed, quarantined, reason_of
from incumbent.monitoring.skew.limit import skew_reasons
from incumbent.params import FeedbackRules, SkewRules, Trigger
from incumbent.policy.gain import gain_reasons, no_gain, retraining_helps
from incumbent.policy.limits import limit_reasons
from incumbent.records import (
    Action,
    Decision,
    DecisionInputs,
    Estimate,
    JudgedBatch,
    Period,
    Reason,
    Trust,
    document,
)

ID_LENGTH = 16
DAY_SECONDS = 86_400


def decide(inputs: DecisionInputs) -> Decision:
    """The action for a batch, with its reasons.

    The spec's `trigger` selects what may retrain: harm or expected gain, calibrated drift, or age.
    A user may request a retraining as well. Drift alone notifies, and so does a suspect estimate:
    nothing is retrained without labels. A retraining is blocked by too few labels, by label
    faults, by skew, by feedback, by quarantine, and while a challenger waits for more labels,
    unless the champion is plainly broken. A retraining for harm is also blocked where the backtest
    shows no gain, during the cooldown, and when the training budget is exhausted.
    """
    harm, drift, age = harm_reasons(inputs), drift_reasons(inputs), age_reasons(inputs)
    asked, gain = asked_reasons(inputs), gain_reasons(inputs)
    triggers = {Trigger.HARM: (*harm, *gain), Trigger.DRIFT: drift, Trigger.SCHEDULE: age}
    triggered = triggers[inputs.spec.trigger]
    estimate = estimate_reasons(inputs)
    footprint = feedback_reason(inputs.feedback)
    told = skew_reasons(inputs) + ((footprint,) if footprint else ())
    found = (*told, *harm, *gain, *estimate, *drift)
    reasons = (*asked, *validation_reasons(inputs), *found)
    reasons += age if inputs.spec.trigger is Trigger.SCHEDULE else ()
    wanted = (*asked, *triggered)
    blocked = blocks(inputs) if wanted else ()
    action = _action(wanted, reasons, blocked)
    return Decision(identify(inputs), action, reasons, blocked, faults(inputs))


def plainly_broken(inputs: DecisionInputs) -> bool:
    """Whether the champion is significantly worse than a constant prediction."""
    return SKILL in harmed(inputs)


def resumes(inputs: DecisionInputs) -> bool:
    """Whether a challenger waits, and the batch has enough sound labels to judge it again."""
    enough = inputs.harm is not None and inputs.harm.enough
    return inputs.waiting and enough and not faults(inputs)


def asked_reasons(inputs: DecisionInputs) -> tuple[Reason, ...]:
    """A reason where a user requested a retraining."""
    if inputs.asked is None:
        return ()
    return (Reason("asked", None, None, None, f"requested by hand: {inputs.asked}"),)


def estimate_reasons(inputs: DecisionInputs) -> tuple[Reason, ...]:
    """A reason where the estimated performance is suspect, and labels are missing."""
    found = inputs.estimate
    if found is None or found.trust is not Trust.SUSPECT or inputs.harm is not None:
        return ()
    loss, name = found.metrics[found.metric_name], found.metric_name.replace("_", " ")
    text = (
        f"{name} estimated at {loss:.3f}, limit {found.tolerated:.3f}; mean error of past"
        f" estimates {found.record.error:.3f} on {found.record.batches} batches; unverified until"
        " labels arrive"
    )
    return (Reason("estimate", None, loss, found.tolerated, text),)


def validation_reasons(inputs: DecisionInputs) -> tuple[Reason, ...]:
    """A reason where the batch is quarantined, or for each failure that keeps it from training."""
    if not quarantined(inputs):
        return tuple(map(doubt, inputs.failures))
    worst = doubt(inputs.failures[0]).text if inputs.failures else "validation failed"
    text = f"the batch is quarantined: {worst}"
    return (Reason("validation", None, "quarantine", "pass", text),)


def harm_reasons(inputs: DecisionInputs) -> tuple[Reason, ...]:
    """A reason for each significant signal of harm."""
    return tuple(reason_of(s) for s in harmed(inputs).values())


def drift_reasons(inputs: DecisionInputs) -> tuple[Reason, ...]:
    """A reason for each column in alarm, where the table alarms."""
    if inputs.drift is None or not inputs.drift.alarm:
        return ()
    floor = inputs.spec.drift_effect_floor
    return tuple(
        Reason(
            "drift",
            c.column,
            c.distance,
            max(floor, c.null_quantile or 0.0),
            f"{c.column} drifted by {c.distance:.2f}",
        )
        for c in inputs.drift.columns
        if c.alarm and c.distance is not None
    )


def age_reasons(inputs: DecisionInputs) -> tuple[Reason, ...]:
    """A reason where the champion's newest row is older than the schedule allows."""
    limit = inputs.spec.schedule_days
    if inputs.age_days is None or inputs.age_days < limit:
        return ()
    text = f"the champion's newest row is {inputs.age_days:.0f} days older than the batch's"
    return (Reason("age", None, inputs.age_days, limit, text),)


def age_days(batch: Period | None, trained: Period | None) -> float | None:
    """Days of data between the newest row of a training set and the newest of a batch."""
    if batch is None or trained is None:
        return None
    return (batch.end - trained.end).total_seconds() / DAY_SECONDS


def blocks(inputs: DecisionInputs) -> tuple[Reason, ...]:
    """Reasons against a retraining.

    Cooldown and budget do not apply to a retraining requested by a user or due by age.
    """
    found: list[Reason | None] = [_too_few_labels(inputs), *faults(inputs)]
    if quarantined(inputs):
        found.extend(validation_reasons(inputs))
    if inputs.waiting and not plainly_broken(inputs):
        text = "a challenger waits for more labels"
        found.append(Reason("challenger", None, "waiting", None, text))
    if inputs.asked is None:
        found.extend(_unrequested(inputs))
    return tuple(f for f in found if f is not None)


def judged_batch(inputs: DecisionInputs, decision: Decision) -> JudgedBatch | None:
    """The record of this batch for later decisions; None where no labels were judged."""
    harm, gain, estimate = inputs.harm, inputs.gain, inputs.estimate
    if harm is None:
        return None
    name = harm.metric_name
    return JudgedBatch(
        inputs.batch,
        harm.rows,
        inputs.champion,
        decision.action is Action.RETRAIN,
        _if_finite(gain.saved if gain else None),
        _if_finite(harm.metrics.get(name) if harm.enough else None),
        estimate.metrics.get(name) if estimate else None,
    )


def _if_finite(estimate: Estimate | None) -> Estimate | None:
    known = estimate is not None and math.isfinite(estimate.value)
    return estimate if known else None


def stored_inputs(stored: Mapping[str, Any]) -> DecisionInputs:
    """The stored inputs of a decision, from which `decide` recomputes it.

    Raises:
        pydantic.ValidationError: Another release stored them, with other fields.
    """
    return TypeAdapter(DecisionInputs).validate_python(stored)


def identify(inputs: DecisionInputs) -> str:
    """The decision's id: 16 hex digits of the SHA-256 of its inputs.

    Latency, attribution and slices are left out: they decide nothing, and the latency of a batch
    varies between runs. So are skew, feedback and coverage where they were not measured.
    """
    hashed = document(inputs)
    del hashed["spec"]["harm_slices"], hashed["spec"]["serving_log"]
    for name, rules in (("skew", SkewRules), ("feedback", FeedbackRules)):
        if hashed[name] is None:
            del hashed[name]
            unread = rules.model_fields
            hashed["spec"] = {k: v for k, v in hashed["spec"].items() if k not in unread}
    if hashed["harm"] is not None:
        hashed["harm"] |= {"latency": None, "attribution": None}
        del hashed["harm"]["slices"], hashed["harm"]["unsliced"]
        if hashed["harm"]["coverage_p"] is None:
            del hashed["harm"]["coverage_p"]
    return text_digest([json.dumps(hashed, sort_keys=True)])[:ID_LENGTH]


def _action(
    wanted: tuple[Reason, ...], reasons: tuple[Reason, ...], blocked: tuple[Reason, ...]
) -> Action:
    if wanted and not blocked:
        return Action.RETRAIN
    return Action.NOTIFY if reasons or blocked else Action.NONE


def _unrequested(inputs: DecisionInputs) -> list[Reason]:
    """Reasons against a retraining that no user requested."""
    broken, trigger = plainly_broken(inputs), inputs.spec.trigger
    found = [] if trigger is Trigger.SCHEDULE else list(limit_reasons(inputs, broken=broken))
    if trigger is Trigger.DRIFT and (passing := _passing(inputs)):
        found.append(passing)
    if (
        trigger is Trigger.HARM
        and not gain_reasons(inputs)
        and not retraining_helps(inputs, broken=broken)
    ):
        found.append(no_gain(inputs))
    return found


def _passing(inputs: DecisionInputs) -> Reason | None:
    """A reason where fewer than m of the last n batches were beyond their null."""
    needed, last = inputs.spec.drift_repeats, inputs.spec.drift_window
    seen = inputs.drift.earlier + 1 if inputs.drift else 0
    if seen >= needed:
        return None
    text = f"drift in {seen} of the last {last} batches, {needed} needed"
    return Reason("persistence", None, seen, needed, text)


def _too_few_labels(inputs: DecisionInputs) -> Reason | None:
    matured, needed = inputs.harm.matured if inputs.harm else 0, inputs.spec.harm_min_labels
    if matured >= needed:
        return None
    return Reason("labels", None, matured, needed, f"{matured} labels, {needed} needed")
