"""Which kind of skew a feature has: checks in their order, from the plainest to the rarest."""

from collections.abc import Callable
from functools import partial

from incumbent.monitoring.skew.found import EXPLAINED, Found, Mismatches
from incumbent.monitoring.skew.numbers import rounded, scaled
from incumbent.monitoring.skew.order import Orders, shifted
from incumbent.monitoring.skew.permuted import permuted
from incumbent.monitoring.skew.values import (
    default,
    missing_in_serving,
    missing_offline,
    only_value,
    recoded,
    spelled,
    unreadable,
)
from incumbent.records import Kind, SkewKind

Check = Callable[[Mismatches], Found | None]

NAMED = 0.1  # share of the rows from which a pattern of a part of them is told


def kind_of(rows: Mismatches, orders: Orders) -> Found:
    """The first pattern that accounts for nine in ten mismatching rows; else `other`."""
    parts = []
    for check in _checks(rows.pair.kind, orders):
        found = check(rows)
        if found is not None and found.explained >= EXPLAINED:
            return found
        parts += [found] if found is not None and found.explained >= NAMED else []
    told = (f"{part.explained:.0%} {part.evidence}" for part in parts)
    return Found(SkewKind.OTHER, 0.0, "; ".join(told) or "no pattern was found")


def _checks(kind: Kind, orders: Orders) -> tuple[Check, ...]:
    numbers: tuple[Check, ...] = () if kind is Kind.CATEGORICAL else (rounded, scaled)
    return (
        unreadable,
        missing_in_serving,
        default,
        missing_offline,
        spelled,
        *numbers,
        recoded,
        only_value,
        partial(shifted, orders=orders),
        permuted,
    )
