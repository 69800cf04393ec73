"""Columns that were exchanged: the values of one lie in another, swapped or shifted by one."""

from collections.abc import Iterator

import numpy as np

from incumbent.monitoring.data_faults.evidence import Evidence, Examined
from incumbent.monitoring.data_faults.units import distance_to
from incumbent.records import ORDERED
from incumbent.statistics.distance import distances

MOVED = 0.3  # distance from its own training values from which a column is suspected
FITS = 0.15  # distance from those of another column that shows where its values belong ...
APART, CLOSER = 0.9, 0.4  # ... or by which it is nearer to them, where it has left its own
SEVERAL = 3  # columns that moved to the same side, which no chance explains
FEWEST_DRAWS = 50.0
MOST_COLUMNS = 30  # suspected columns that are compared with one another
MOST_ROWS = 5_000


def evidence(batch: Examined) -> Iterator[Evidence]:
    """Columns whose values fit another column of training, each of which has lost its own."""
    suspects = _suspects(batch)[:MOST_COLUMNS]
    fits = {name: _home(batch, name, suspects) for name in suspects}
    shifted = _shifted(list(batch.reference.columns), fits)
    for name, home in fits.items():
        if home is None or not (fits.get(home) == name or name in shifted):
            continue
        words = f"the values look like those of {home!r}"
        yield Evidence("swapped", name, words, "the values of training", batch.counted.rows)


def _shifted(order: list[str], fits: dict[str, str | None]) -> set[str]:
    """The columns that hold the values of their neighbours on one side, where there are several."""
    place = {name: k for k, name in enumerate(order)}
    steps = {n: place[home] - place[n] for n, home in fits.items() if home is not None}
    usual = max(set(steps.values()), key=list(steps.values()).count, default=0)
    moved = {name for name, step in steps.items() if step == usual}
    return moved if len(moved) >= SEVERAL else set()


def _suspects(batch: Examined) -> list[str]:
    """Columns that lie far from their training values, in enough independent rows."""
    found = []
    for name, column in batch.reference.columns.items():
        sides = batch.sides(name)
        if sides.n < FEWEST_DRAWS or column.rows == column.nulls:
            continue
        here, there = sides.counts
        if here.sum() and float(distances(here, there, column.kind)) >= MOVED:
            found.append(name)
    return found


def _home(batch: Examined, name: str, suspects: list[str]) -> str | None:
    """The other suspected column of the same kind whose training values these are."""
    own = batch.reference.columns[name]
    others = [o for o in suspects if o != name and _of_one_kind(batch, name, o)]
    apart = {other: _distance(batch, name, other) for other in others}
    best = min(apart, key=lambda other: apart[other], default=None)
    if best is None:
        return None
    here, there = batch.sides(name).counts
    before = float(distances(here, there, own.kind))
    nearer = before >= APART and apart[best] <= before - CLOSER
    return best if apart[best] <= min(FITS, before / 2) or nearer else None


def _of_one_kind(batch: Examined, name: str, other: str) -> bool:
    columns = batch.reference.columns
    return (columns[name].kind in ORDERED) == (columns[other].kind in ORDERED)


def _distance(batch: Examined, name: str, other: str) -> float:
    """Distance of the values of one column from the training values of another."""
    there = batch.reference.columns[other]
    if there.kind in ORDERED:
        values = batch.numbers(name)
        known = values[~np.isnan(values)]
        return distance_to(known[:: max(1, -(-len(known) // MOST_ROWS))], there)
    shares = batch.frame[name].value_counts(normalize=True)
    learnt = max(there.rows - there.nulls, 1)
    known_shares = shares.reindex(there.categories).fillna(0.0).to_numpy()
    listed = there.counts[: len(there.categories)] / learnt
    return float(np.abs(known_shares - listed).sum() + 1 - known_shares.sum()) / 2
