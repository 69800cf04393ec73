"""Faults of any column: nulls that came or went, and values that stopped to vary."""

import math
from collections.abc import Iterator

import numpy as np

from incumbent.data.profile.counting import OTHER
from incumbent.monitoring.data_faults.evidence import ENOUGH_ROWS, Evidence, Examined, Floats
from incumbent.monitoring.drift.column import Sides
from incumbent.params import RuleSeverity
from incumbent.records import ORDERED, ColumnProfile

NULLS_WERE_USUAL = 0.05  # share of nulls in training below which none is no news
ROOM = 1.0  # widths of the training range that a value may lie beyond it
STUCK = 0.99  # share of the rows that hold one value
CHANCE = 2.0  # standard errors of a share of nulls
VARIED = 0.9  # largest share of one value in a column that varies
SURE = 10.0  # -log of the chance that honest rows agree: 1 in 22,000
RAREST = 1e-3  # share of a value that training may have held without a bin of its own
LOST = 0.5  # share of the training rows whose values are all absent
SAME = 1e-6  # relative difference of two values that are one
FEW_VALUES = 50  # distinct values up to which absent ones are missed


def of_empty(batch: Examined, name: str) -> Iterator[Evidence]:
    """A column that was always null in training and has values now."""
    column = batch.counted.columns[name]
    if known := column.rows - column.nulls:
        text = f"{known:,} of {column.rows:,} values are known"
        yield Evidence("always_null", name, text, "nulls only, as in training", known)


def evidence(batch: Examined, name: str) -> Iterator[Evidence]:
    """Nulls beyond those of training, or one value only."""
    here, there = batch.counted.columns[name], batch.reference.columns[name]
    nulls = here.nulls - len(batch.infinite.get(name, ()))
    allowed = there.nulls / max(there.rows, 1) + batch.spec.validation_null_tolerance
    if _exceeds(nulls, here.rows, allowed):
        text = f"{nulls / here.rows:.1%} of the values null"
        yield Evidence("nulls", name, text, f"at most {allowed:.3g} of the values null", nulls)
    if _is_stuck(batch, name):
        value = batch.frame[name].dropna().iloc[0]
        text = f"only {batch.shown(name, value)} in {here.rows - here.nulls:,} values"
        yield Evidence("constant", name, text, "values that vary, as in training", here.rows)


def of_absent(batch: Examined, name: str) -> Iterator[Evidence]:
    """Nulls, or most values of training, that are gone where nothing else explains it."""
    sides = batch.sides(name)
    before = sides.reference.nulls / max(sides.reference.rows, 1)
    if not sides.batch.nulls and _is_odd_without_nulls(before, batch.draws(name)):
        text = f"no value is null, {before:.1%} were in training"
        yield Evidence("nulls_gone", name, text, "some nulls, as in training")
    lost = _lost(sides)
    if lost > LOST and sides.reference.kind in ORDERED:
        lost = _lost_but_for_rounding(batch, name)
    if lost > LOST:
        text = f"values that were {lost:.0%} of the training rows are all absent"
        yield Evidence("values_lost", name, text, "the values of training")


def value_counts(column: ColumnProfile) -> Floats:
    """Rows of each single value; those between the cuts of a column of numbers are no value."""
    counts = column.counts[1::2] if column.kind in ORDERED else column.counts
    return counts.astype(np.float64)


def _exceeds(nulls: int, rows: int, allowed: float) -> bool:
    """Whether a share of nulls is above what is allowed by more than chance in few rows."""
    if not rows or allowed >= 1:
        return False
    return nulls / rows - allowed > CHANCE * math.sqrt(allowed * (1 - allowed) / rows)


def _is_odd_without_nulls(before: float, draws: float) -> bool:
    """Whether honest rows would hold a null: nulls were usual, and rows are enough."""
    return before >= NULLS_WERE_USUAL and -draws * math.log1p(-before) > SURE


def _is_stuck(batch: Examined, name: str) -> bool:
    """Whether a column that varies in training holds one value, where chance does not explain it.

    Rows of a day share their values in a column such as the month: independent draws count.
    """
    here, there = batch.counted.columns[name], batch.reference.columns[name]
    known, learnt = here.rows - here.nulls, there.rows - there.nulls
    if not known or not _varied(there):
        return False
    at = int(np.argmax(here.counts))
    if here.counts[at] / known < STUCK or _varies(here):
        return False
    if here.kind not in ORDERED and not _is_value(here, at) and batch.frame[name].nunique() > 1:
        return False
    share = there.counts[at] / learnt if _is_value(there, at) else 0.0
    needed = max(SURE, -2 * math.log(RAREST))
    return -batch.draws(name) * math.log(max(share, RAREST)) >= needed


def _varied(reference: ColumnProfile) -> bool:
    """Whether a column had more than one value to speak of in training."""
    learnt = reference.rows - reference.nulls
    return learnt > 0 and float(value_counts(reference).max(initial=0)) <= VARIED * learnt


def _varies(column: ColumnProfile) -> bool:
    """Whether the values of a column of numbers vary between two cuts."""
    spread = column.spread
    if spread is None or spread.lowest is None or spread.highest is None:
        return False
    return (
        spread.lowest_rows < STUCK * spread.finite and spread.highest_rows < STUCK * spread.finite
    )


def _is_value(column: ColumnProfile, at: int) -> bool:
    return at % 2 == 1 if column.kind in ORDERED else at < len(column.categories)


def _lost(sides: Sides) -> float:
    """Share of the training rows with values that the batch lacks; 0 where rows are too few."""
    here, there = sides.batch, sides.reference
    counts = value_counts(there)
    if sides.n < ENOUGH_ROWS or np.count_nonzero(counts) > FEW_VALUES or not _varied(there):
        return 0.0
    if there.kind not in ORDERED and there.counts[OTHER]:
        return 0.0
    absent = value_counts(here)[: len(counts)] == 0
    return float(counts[absent].sum() / max(there.rows - there.nulls, 1))


def _lost_but_for_rounding(batch: Examined, name: str) -> float:
    """The same of numbers, where a value that was stored with fewer digits is no other value."""
    column = batch.reference.columns[name]
    there, known = column.edges, batch.numbers(name)
    here = np.unique(known[~np.isnan(known)])
    near = np.clip(np.searchsorted(here, there), 1, max(len(here) - 1, 1))
    gaps = [np.abs(here[np.minimum(at, len(here) - 1)] - there) for at in (near - 1, near)]
    absent = np.minimum(*gaps) > SAME * np.maximum(np.abs(there), SAME)
    counts = value_counts(column)
    return float(counts[absent].sum() / max(column.rows - column.nulls, 1))


def limits_of(reference: ColumnProfile) -> tuple[float, float, float]:
    """Lowest and highest value of training, and the room that a value may lie beyond them."""
    spread = reference.spread
    low, high = float(reference.edges[0]), float(reference.edges[-1])
    if spread is not None and spread.lowest is not None and spread.highest is not None:
        low, high = min(low, spread.lowest), max(high, spread.highest)
    return low, high, ROOM * (high - low)


def warns(share: float, tolerance: float) -> RuleSeverity | None:
    """A warning up to the tolerated share, the severity of the rule beyond."""
    return RuleSeverity.WARNING if share <= tolerance else None
