"""Limits on how often a model is retrained: a training budget and a cooldown."""

import math

from incumbent.records import DecisionInputs, Reason

BUDGET_WINDOW = 50  # batches, the current one included
ROUNDING = 1e-9  # 0.4 of 5 batches are 2, not 2.0000000000000004


def limit_reasons(inputs: DecisionInputs, *, broken: bool) -> tuple[Reason, ...]:
    """Reasons against another training now: the budget and the cooldown.

    Args:
        inputs: The earlier batches, and the spec's limits.
        broken: Whether the champion is plainly broken, and the cooldown does not apply.
    """
    found = (_budget(inputs), None if broken else _cooldown(inputs))
    return tuple(reason for reason in found if reason is not None)


def allowed_trainings(budget: float, batches: int) -> int:
    """How many of the last batches may be followed by a training, rounded up.

    >>> [allowed_trainings(0.4, n) for n in (1, 2, 3, 5, 6, 10)]
    [1, 1, 2, 2, 3, 4]
    """
    return math.ceil(budget * batches - ROUNDING)


def _budget(inputs: DecisionInputs) -> Reason | None:
    window = inputs.judged_batches[-(BUDGET_WINDOW - 1) :]
    made = sum(p.retrained for p in window)
    allowed = allowed_trainings(inputs.spec.decision_budget, len(window) + 1)
    if made < allowed:
        return None
    text = f"{made} trainings in the last {len(window) + 1} batches, {allowed} allowed"
    return Reason("budget", None, made, allowed, text)


def _cooldown(inputs: DecisionInputs) -> Reason | None:
    wait = inputs.spec.decision_cooldown
    since = next((k for k, p in enumerate(reversed(inputs.judged_batches)) if p.retrained), None)
    if since is None or since >= wait:
        return None
    text = f"the last training was {since + 1} batches ago, {wait + 1} needed"
    return Reason("cooldown", None, since + 1, wait + 1, text)
