"""Faults of any column: nulls that came or went, and values that stopped to vary."""

import math
from collections.abc import Iterator

import numpy as np

from incumbent.monitoring.data_faults.evidence import ENOUGH_ROWS, Evidence, Examined, Floats
from incumbent.monitoring.drift.column import Sides
from incumbent.params import RuleSeverity
from incumbent.records import ORDERED, ColumnProfile

NULLS_WERE_USUAL = 0.05  # share of nulls in training below which none is no news
ROOM = 3.0  # widths of the training range that a value may lie beyond it
STUCK = 0.99  # share of the rows that hold one value
CHANCE = 2.0  # standard errors of a share in few rows
VARIED = 0.9  # largest share of one value in a column that varies
SURE = 10.0  # -log of the chance that honest rows agree: 1 in 22,000
RAREST = 1e-3  # share of a value that training may have held without a bin of its own
LOST = 0.5  # share of the training rows whose categories are all absent


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
    if exceeds(nulls, here.rows, allowed):
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
    if sides.reference.kind in ORDERED:
        return  # numbers that moved leave all of their values behind
    lost, by_chance = _lost(sides)
    if lost - by_chance > LOST:
        text = f"categories that were {lost:.0%} of the training rows are all absent"
        yield Evidence("values_lost", name, text, "the categories of training")


def value_counts(column: ColumnProfile) -> Floats:
    """Rows of each single value; those between the cuts of a column of numbers are no value."""
    counts = column.counts[1::2] if column.kind in ORDERED else column.counts
    return counts.astype(np.float64)


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


def _lost(sides: Sides) -> tuple[float, float]:
    """Share of the training rows with categories that the batch lacks, and what it is by chance.

    Both are 0 where rows are too few, or the column hardly varied.
    """
    here, there = sides.batch, sides.reference
    if sides.n < ENOUGH_ROWS or not _varied(there):
        return 0.0, 0.0
    counts = value_counts(there)[: len(there.categories)]
    shares = counts / max(there.rows - there.nulls, 1)
    absent = value_counts(here)[: len(counts)] == 0
    return float(shares[absent].sum()), float((shares * (1 - shares) ** sides.n).sum())


def limits_of(reference: ColumnProfile) -> tuple[float, float, float]:
    """Lowest and highest value of training, and the room that a value may lie beyond them."""
    spread = reference.spread
    low, high = float(reference.edges[0]), float(reference.edges[-1])
    if spread is not None and spread.lowest is not None and spread.highest is not None:
        low, high = min(low, spread.lowest), max(high, spread.highest)
    return low, high, ROOM * (high - low)


def grade_of(rows: int, known: int, tolerance: float) -> RuleSeverity | None:
    """A warning up to the tolerated share of rows, the severity of the rule beyond."""
    return None if exceeds(rows, known, tolerance) else RuleSeverity.WARNING


def exceeds(rows: int, known: int, allowed: float) -> bool:
    """Whether a share of rows is above what is allowed by more than chance in few rows."""
    if not known or allowed >= 1:
        return False
    return rows / known - allowed > CHANCE * math.sqrt(allowed * (1 - allowed) / known)
