"""The rules: from what was measured to what is done. Pure, and made again from its inputs."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from incumbent.digest import text_digest
from incumbent.gain import gain_reasons, helps, no_gain
from incumbent.harm import INVERSION, SKILL, UNRELATED
from incumbent.labels import COVERAGE_GAP
from incumbent.limits import limit_reasons
from incumbent.params import Trigger
from incumbent.records import (
    Action,
    Decision,
    DecisionInputs,
    HarmSignal,
    Outcome,
    Reason,
    Trust,
    document,
)
from incumbent.slope import related

ID_LENGTH = 16


def decide(inputs: DecisionInputs) -> Decision:
    """What is to be done about a batch, and why.

    The spec's `trigger` names what may retrain: harm or a gain to be expected, calibrated drift,
    or age; a person may ask for it besides. Drift alone notifies, and so does an estimate that is
    suspect: without labels nothing is retrained. A retraining is blocked while labels are too few
    to judge it, while they look upside down or shuffled, while the batch is quarantined, and while
    a challenger waits for more labels, unless the champion is plainly broken; and for harm where a
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
    return Decision(identify(inputs), _action(wanted, reasons, blocked), reasons, blocked)


def plainly_broken(inputs: DecisionInputs) -> bool:
    """Whether the champion is surely worse than a constant: another challenger may be trained."""
    return SKILL in _harmed(inputs)


def resumes(inputs: DecisionInputs) -> bool:
    """Whether a challenger waits and enough sound labels have come to judge it again."""
    enough = inputs.harm is not None and inputs.harm.enough
    return inputs.waiting and enough and INVERSION not in _harmed(inputs) and not shuffled(inputs)


def shuffled(inputs: DecisionInputs) -> bool:
    """Whether the labels have nothing to do with the rows, as far as anything tells.

    In a changed world they have nothing to do with the champion's predictions either, but newer
    rows teach the recipe what they follow; of shuffled labels nothing can be learnt. Without a
    backtest the worse is taken to be true.
    """
    learnable = inputs.gain is not None and related(inputs.gain.slope)
    return UNRELATED in _harmed(inputs) and not learnable


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
        f"{name} estimated at {loss:.3f}, borne up to {found.borne:.3f}; such estimates were off"
        f" by {found.record.error:.3f} on {found.record.batches} batches; unverified until labels"
        " come"
    )
    return (Reason("estimate", None, loss, found.borne, text),)


def validation_reasons(inputs: DecisionInputs) -> tuple[Reason, ...]:
    """A reason where the batch cannot be used at all."""
    if inputs.outcome is not Outcome.QUARANTINE:
        return ()
    return (Reason("validation", None, "quarantine", "pass", "the batch is quarantined"),)


def harm_reasons(inputs: DecisionInputs) -> tuple[Reason, ...]:
    """A reason for each signal of harm that the labels show."""
    return tuple(_of_signal(s) for s in _harmed(inputs).values())


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


def blocks(inputs: DecisionInputs) -> tuple[Reason, ...]:
    """What forbids a retraining that something asks for.

    What a person asks for, and what is due by age, waits for no cooldown and asks no budget.
    """
    signals = _harmed(inputs)
    found: list[Reason | None] = [_too_few_labels(inputs)]
    if INVERSION in signals:
        found.append(_of_signal(signals[INVERSION]))
    if shuffled(inputs):
        found.append(_of_signal(signals[UNRELATED]))
    found.extend(validation_reasons(inputs))
    if inputs.waiting and SKILL not in signals:
        text = "a challenger waits for more labels"
        found.append(Reason("challenger", None, "waiting", None, text))
    if inputs.asked is None:
        found.extend(_unhurried(inputs))
    return tuple(f for f in found if f is not None)


def stored_inputs(stored: Mapping[str, Any]) -> DecisionInputs:
    """The inputs of a decision as they were stored with it; `decide` makes it again.

    Raises:
        pydantic.ValidationError: They are not those of this release.
    """
    return TypeAdapter(DecisionInputs).validate_python(stored)


def identify(inputs: DecisionInputs) -> str:
    """The decision's id: 16 hex digits of the SHA-256 of its inputs.

    The latency and the causes are left out: they decide nothing, and the latency is another one
    when a batch is run again.
    """
    known = document(inputs)
    if known["harm"] is not None:
        known["harm"] |= {"latency": None, "attribution": None}
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
    if trigger is Trigger.HARM and not gain_reasons(inputs) and not helps(inputs, broken=broken):
        found.append(no_gain(inputs))
    return found


def _too_few_labels(inputs: DecisionInputs) -> Reason | None:
    if inputs.harm is not None and inputs.harm.enough:
        return None
    matured = inputs.harm.matured if inputs.harm else 0
    needed = inputs.spec.harm_min_labels
    if inputs.harm is not None and matured >= needed:
        return _uneven(inputs.harm.coverage)
    return Reason("labels", None, matured, needed, f"{matured} labels have come, {needed} needed")


def _uneven(shares: tuple[float, ...]) -> Reason:
    least, most = min(shares, default=0.0), max(shares, default=0.0)
    text = (
        f"labels have come for {least:.0%} to {most:.0%} of rows by score: no sample of the batch"
    )
    return Reason("coverage", None, most - least, COVERAGE_GAP, text)


def _harmed(inputs: DecisionInputs) -> dict[str, HarmSignal]:
    signals = inputs.harm.signals if inputs.harm else ()
    return {s.signal: s for s in signals if s.harmed}


def _of_signal(signal: HarmSignal) -> Reason:
    return Reason(signal.signal, None, signal.observed, signal.threshold, signal.text)
