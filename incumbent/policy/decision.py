"""The rules: from what was measured to what is done. Pure, and made again from its inputs."""

import json
import math
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from incumbent.digest import text_digest
from incumbent.monitoring.harm import SKILL
from incumbent.monitoring.label_faults import faults, harmed, reason_of
from incumbent.params import Trigger
from incumbent.policy.gain import gain_reasons, no_gain, retraining_helps
from incumbent.policy.limits import limit_reasons
from incumbent.records import (
    Action,
    Decision,
    DecisionInputs,
    Estimate,
    JudgedBatch,
    Outcome,
    Period,
    Reason,
    Trust,
    document,
)

ID_LENGTH = 16
DAY_SECONDS = 86_400


def decide(inputs: DecisionInputs) -> Decision:
    """What is to be done about a batch, and why.

    The spec's `trigger` names what may retrain: harm or a gain to be expected, calibrated drift,
    or age; a person may ask for it besides. Drift alone notifies, and so does an estimate that is
    suspect: without labels nothing is retrained. A retraining is blocked while labels are too few
    to judge it, while they look faulty, while the batch is quarantined, and while a challenger
    waits for more labels, unless the champion is plainly broken; and for harm where a
    backtest does not show that newer rows help, during the cooldown, and when the budget is spent.
    """
    harm, drift, age = harm_reasons(inputs), drift_reasons(inputs), age_reasons(inputs)
    asked, gain = asked_reasons(inputs), gain_reasons(inputs)
    triggers = {Trigger.HARM: (*harm, *gain), Trigger.DRIFT: drift, Trigger.SCHEDULE: age}
    triggered = triggers[inputs.spec.trigger]
    estimate = estimate_reasons(inputs)
    reasons = (*asked, *validation_reasons(inputs), *harm, *gain, *estimate, *drift)
    reasons += age if inputs.spec.trigger is Trigger.SCHEDULE else ()
    wanted = (*asked, *triggered)
    blocked = blocks(inputs) if wanted else ()
    action = _action(wanted, reasons, blocked)
    return Decision(identify(inputs), action, reasons, blocked, faults(inputs))


def plainly_broken(inputs: DecisionInputs) -> bool:
    """Whether the champion is surely worse than a constant: another challenger may be trained."""
    return SKILL in harmed(inputs)


def resumes(inputs: DecisionInputs) -> bool:
    """Whether a challenger waits and enough sound labels have come to judge it again."""
    enough = inputs.harm is not None and inputs.harm.enough
    return inputs.waiting and enough and not faults(inputs)


def asked_reasons(inputs: DecisionInputs) -> tuple[Reason, ...]:
    """A reason where a person asks for a retraining."""
    if inputs.asked is None:
        return ()
    return (Reason("asked", None, None, None, f"asked for by hand: {inputs.asked}"),)


def estimate_reasons(inputs: DecisionInputs) -> tuple[Reason, ...]:
    """A reason where the performance that can be expected without labels is suspect."""
    found = inputs.estimate
    if found is None or found.trust is not Trust.SUSPECT or inputs.harm is not None:
        return ()
    loss, name = found.metrics[found.metric_name], found.metric_name.replace("_", " ")
    text = (
        f"{name} estimated at {loss:.3f}, limit {found.tolerated:.3f}; such estimates were off by"
        f" {found.record.error:.3f} on {found.record.batches} batches; unverified until labels"
        " come"
    )
    return (Reason("estimate", None, loss, found.tolerated, text),)


def validation_reasons(inputs: DecisionInputs) -> tuple[Reason, ...]:
    """A reason where the batch cannot be used at all."""
    if inputs.outcome is not Outcome.QUARANTINE:
        return ()
    return (Reason("validation", None, "quarantine", "pass", "the batch is quarantined"),)


def harm_reasons(inputs: DecisionInputs) -> tuple[Reason, ...]:
    """A reason for each signal of harm that the labels show."""
    return tuple(reason_of(s) for s in harmed(inputs).values())


def drift_reasons(inputs: DecisionInputs) -> tuple[Reason, ...]:
    """A reason for each column that drifted, where the table as a whole did."""
    if inputs.drift is None or not inputs.drift.alarm:
        return ()
    floor = inputs.spec.drift_effect_floor
    return tuple(
        Reason(
            "drift",
            c.column,
            c.distance,
            max(floor, c.null_quantile or 0.0),
            f"{c.column} moved by {c.distance:.2f}",
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
    """What forbids a retraining that something asks for.

    What a person asks for, and what is due by age, waits for no cooldown and asks no budget.
    """
    found: list[Reason | None] = [_too_few_labels(inputs), *faults(inputs)]
    found.extend(validation_reasons(inputs))
    if inputs.waiting and not plainly_broken(inputs):
        text = "a challenger waits for more labels"
        found.append(Reason("challenger", None, "waiting", None, text))
    if inputs.asked is None:
        found.extend(_unhurried(inputs))
    return tuple(f for f in found if f is not None)


def judged_batch(inputs: DecisionInputs, decision: Decision) -> JudgedBatch | None:
    """What later decisions need to know of this one; None where no labels were judged."""
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
    """The inputs of a decision as they were stored with it; `decide` makes it again.

    Raises:
        pydantic.ValidationError: They are not those of this release.
    """
    return TypeAdapter(DecisionInputs).validate_python(stored)


def identify(inputs: DecisionInputs) -> str:
    """The decision's id: 16 hex digits of the SHA-256 of its inputs.

    The latency, the causes and the slices are left out: they decide nothing, and the latency is
    another one when a batch is run again.
    """
    known = document(inputs)
    del known["spec"]["harm_slices"]
    if known["harm"] is not None:
        known["harm"] |= {"latency": None, "attribution": None}
        del known["harm"]["slices"], known["harm"]["unsliced"]
    return text_digest([json.dumps(known, sort_keys=True)])[:ID_LENGTH]


def _action(
    wanted: tuple[Reason, ...], reasons: tuple[Reason, ...], blocked: tuple[Reason, ...]
) -> Action:
    if wanted and not blocked:
        return Action.RETRAIN
    return Action.NOTIFY if reasons or blocked else Action.NONE


def _unhurried(inputs: DecisionInputs) -> list[Reason]:
    """What a training can wait for that nobody asked for."""
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
    """Drift that has not persisted: m of the last n batches must be beyond their null."""
    needed, last = inputs.spec.drift_repeats, inputs.spec.drift_window
    seen = inputs.drift.earlier + 1 if inputs.drift else 0
    if seen >= needed:
        return None
    text = f"drift in {seen} of the last {last} batches, {needed} are asked for"
    return Reason("persistence", None, seen, needed, text)


def _too_few_labels(inputs: DecisionInputs) -> Reason | None:
    matured, needed = inputs.harm.matured if inputs.harm else 0, inputs.spec.harm_min_labels
    if matured >= needed:
        return None
    return Reason("labels", None, matured, needed, f"{matured} labels have come, {needed} needed")
