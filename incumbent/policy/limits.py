"""Limits: how often a champion may be retrained, whatever asks for it."""

import math

from incumbent.records import DecisionInputs, Reason

BUDGET_WINDOW = 50  # batches, the one that is decided about included
ROUNDING = 1e-9  # 0.4 of 5 batches are 2, not 2.0000000000000004


def limit_reasons(inputs: DecisionInputs, *, broken: bool) -> tuple[Reason, ...]:
    """What forbids another training for now: the budget, and the cooldown.

    Args:
        inputs: The batches before, and the spec's limits.
        broken: A plainly broken champion does not wait for the cooldown to end.
    """
    found = (_budget(inputs), None if broken else _cooldown(inputs))
    return tuple(reason for reason in found if reason is not None)


def allowed_trainings(budget: float, batches: int) -> int:
    """How many of so many batches may be followed by a training, rounded up.

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
    text = f"the last training was {since + 1} batches ago, {wait + 1} are waited for"
    return Reason("cooldown", None, since + 1, wait + 1, text)
