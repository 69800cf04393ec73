"""Columns that were exchanged: the values of one lie in another, swapped or shifted by one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from incumbent.monitoring.data_faults.evidence import Evidence, Examined
from incumbent.monitoring.data_faults.units import distance_to
from incumbent.records import ORDERED
from incumbent.statistics.distance import distances

MOVED = 0.3  # distance from its own training values from which a column is suspected
GAINED = 0.8  # by which two columns are nearer to each other's training values than to their own
FITS = 0.15  # distance from the values of a neighbour that shows a shift
SEVERAL = 3  # columns that moved to the same side, which no chance explains
FEWEST_ROWS = 50
MOST_COLUMNS = 30  # suspected columns that are compared with one another


@dataclass(frozen=True)
class Fit:
    """The other column whose training values a column fits best, and both distances."""

    home: str
    own: float
    other: float


def evidence(batch: Examined) -> Iterator[Evidence]:
    """Columns that hold each other's values, or those of their neighbours on one side."""
    suspects = _suspects(batch)
    fits = {name: fit for name in suspects if (fit := _fit(batch, name, suspects)) is not None}
    shifted = _shifted(list(batch.reference.columns), fits)
    for name, fit in fits.items():
        if name in shifted or _is_exchanged(name, fits):
            words = f"the values look like those of {fit.home!r}"
            yield Evidence("swapped", name, words, "the values of training", batch.counted.rows)


def _is_exchanged(name: str, fits: Mapping[str, Fit]) -> bool:
    """Whether a column and the one that it fits have taken each other's place."""
    here = fits[name]
    there = fits.get(here.home)
    if there is None or there.home != name:
        return False
    return here.own - here.other + there.own - there.other >= GAINED


def _shifted(order: list[str], fits: Mapping[str, Fit]) -> set[str]:
    """The columns that hold the values of their neighbours on one side, where there are several."""
    place = {name: k for k, name in enumerate(order)}
    near = {name: place[f.home] - place[name] for name, f in fits.items() if f.other <= FITS}
    usual = max(set(near.values()), key=list(near.values()).count, default=0)
    moved = {name for name, step in near.items() if step == usual}
    return moved if len(moved) >= SEVERAL else set()


def _suspects(batch: Examined) -> dict[str, float]:
    """Columns that lie far from their training values, with the distance."""
    found = dict[str, float]()
    for name, column in batch.reference.columns.items():
        if batch.counted.rows < FEWEST_ROWS or column.rows == column.nulls:
            continue
        here, there = batch.sides(name).counts
        if here.sum() and (apart := float(distances(here, there, column.kind))) >= MOVED:
            found[name] = apart
    return dict(list(found.items())[:MOST_COLUMNS])


def _fit(batch: Examined, name: str, suspects: Mapping[str, float]) -> Fit | None:
    """The other suspected column of the same kind whose training values are nearest."""
    others = [o for o in suspects if o != name and _of_one_kind(batch, name, o)]
    apart = {other: _distance(batch, name, other) for other in others}
    home = min(apart, key=lambda other: apart[other], default=None)
    return None if home is None else Fit(home, suspects[name], apart[home])


def _of_one_kind(batch: Examined, name: str, other: str) -> bool:
    columns = batch.reference.columns
    return (columns[name].kind in ORDERED) == (columns[other].kind in ORDERED)


def _distance(batch: Examined, name: str, other: str) -> float:
    """Distance of the values of one column from the training values of another."""
    there = batch.reference.columns[other]
    if there.kind in ORDERED:
        values = batch.numbers(name)
        return distance_to(values[~np.isnan(values)], there)
    shares = batch.frame[name].value_counts(normalize=True)
    learnt = max(there.rows - there.nulls, 1)
    known_shares = shares.reindex(there.categories).fillna(0.0).to_numpy()
    listed = there.counts[: len(there.categories)] / learnt
    return float(np.abs(known_shares - listed).sum() + 1 - known_shares.sum()) / 2
