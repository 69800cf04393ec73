"""Faults of a column of numbers: infinite, a sentinel, another unit, out of range, rounded."""

from collections.abc import Iterator

import numpy as np

from incumbent.monitoring.data_faults.evidence import ENOUGH_ROWS, Evidence, Examined, Floats, Rows
from incumbent.monitoring.data_faults.shape import grade_of, limits_of
from incumbent.monitoring.data_faults.spikes import spike
from incumbent.monitoring.data_faults.units import other_unit

WHOLE = 0.99  # share of whole numbers in a column that was rounded
FRACTIONS = 0.5  # share of other numbers that it had in training


def evidence(batch: Examined, name: str) -> Iterator[Evidence]:
    """What is broken in a column of numbers; the first reason that explains most of it."""
    rows, reference = batch.infinite.get(name), batch.reference.columns[name]
    if rows is not None:
        yield _infinite(batch, name, rows)
    values = batch.numbers(name)
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return
    if len(known) >= ENOUGH_ROWS:
        found = spike(batch, name, known) or _unit(batch, name, known)
        if found:
            yield found
            return
    yield from _outside(batch, name, values)
    if _share_of_whole(known) >= WHOLE and _share_of_whole(reference.edges) <= 1 - FRACTIONS:
        yield Evidence("rounded", name, "whole numbers only", "fractions, as in training")


def _infinite(batch: Examined, name: str, rows: Rows) -> Evidence:
    grade = grade_of(len(rows), len(batch.frame), batch.spec.validation_row_tolerance)
    text = f"{len(rows):,} of {len(batch.frame):,} values infinite"
    return Evidence("infinite", name, text, "finite numbers", len(rows), grade, rows)


def _unit(batch: Examined, name: str, known: Floats) -> Evidence | None:
    reference = batch.reference.columns[name]
    unit = other_unit(known, reference)
    if unit is None:
        return None
    here = batch.shown(name, float(np.median(known)))
    there = batch.shown(name, float(reference.edges[len(reference.edges) // 2]))
    text, limit = f"values look {unit} (median {here})", f"the unit of training (about {there})"
    return Evidence("unit", name, text, limit, len(known))


def _outside(batch: Examined, name: str, values: Floats) -> Iterator[Evidence]:
    """Values beyond the range of training: ordinary by a little, broken by a lot."""
    low, high, room = limits_of(batch.reference.columns[name])
    beyond = np.flatnonzero((values < low) | (values > high))
    if len(beyond) == 0:
        return
    known = int((~np.isnan(values)).sum())
    far = np.flatnonzero((values < low - room) | (values > high + room))
    limit = f"between {batch.shown(name, low)} and {batch.shown(name, high)}"
    if len(far) and room:
        grade = grade_of(len(far), known, batch.spec.validation_outside_tolerance)
        example = batch.shown(name, values[far[0]])
        text = f"{len(far):,} of {known:,} values far outside, e.g. {example}"
        yield Evidence("far_outside", name, text, limit, len(far), grade, far)
        return
    text = f"{len(beyond):,} of {known:,} values, e.g. {batch.shown(name, values[beyond[0]])}"
    yield Evidence("range", name, text, limit, len(beyond))


def _share_of_whole(values: Floats) -> float:
    return float((values == np.round(values)).mean())
