"""Describe what changed in a column: nulls, values, categories, unit, mean or deviation."""

import math

import numpy as np

from incumbent.data.profile.counting import OTHER, UNSEEN
from incumbent.data.profile.spread import deviation, mean
from incumbent.records import ORDERED, ColumnProfile

NOTABLE = 0.02  # smallest change of a share that is reported
HEAP = 0.05  # smallest increase of the share of one value that makes it a heap
MOST_NAMED = 3
MIDDLE = 0.1  # smallest change of the mean that is reported, in standard deviations
WIDTH = 1.25  # smallest factor of the standard deviation that is reported
LOG_TOLERANCE = 0.02  # in powers of ten


def moved(batch: ColumnProfile, reference: ColumnProfile) -> tuple[str, ...]:
    """The changes of a column in words, nulls first; empty where either side has no rows.

    >>> from incumbent.data.profile.counting import empty, of_categories
    >>> bins = empty("categorical", np.zeros(0), ("a", "b"))
    >>> there, here = of_categories({"a": 9, "b": 1}, 0, bins), of_categories({"b": 9}, 1, bins)
    >>> moved(here, there)
    ('null 0% -> 10%', "'a' 90% -> 0%", "'b' 10% -> 90%")
    """
    if not batch.rows or not reference.rows:
        return ()
    own = _of_order if reference.kind in ORDERED else _of_categories
    nulls = _change("null", reference.nulls / reference.rows, batch.nulls / batch.rows)
    return (*nulls, *own(batch, reference))


def _of_categories(batch: ColumnProfile, reference: ColumnProfile) -> tuple[str, ...]:
    here, there = batch.counts / batch.rows, reference.counts / reference.rows
    apart = np.abs(here - there)[:OTHER]
    largest = np.argsort(-apart, kind="stable")[:MOST_NAMED]
    named = [_change(repr(reference.categories[i]), there[i], here[i]) for i in largest]
    new = _change("unseen values", there[UNSEEN], here[UNSEEN])
    rest = _change("other values", there[OTHER], here[OTHER])
    return (*new, *rest, *(text for change in named for text in change))


def _of_order(batch: ColumnProfile, reference: ColumnProfile) -> tuple[str, ...]:
    if batch.nulls == batch.rows:
        return ()
    infinite = _change("infinite", *(_infinite(c) for c in (reference, batch)))
    heaps = _heaps(batch, reference)
    return (*infinite, *(heaps or _shape(batch, reference)))


def _infinite(column: ColumnProfile) -> float:
    return column.spread.infinite / column.rows if column.spread else 0.0


def _heaps(batch: ColumnProfile, reference: ColumnProfile) -> tuple[str, ...]:
    """Values whose share rose to a heap: a sentinel, a default, a stuck sensor."""
    here, there = batch.counts[1::2] / batch.rows, reference.counts[1::2] / reference.rows
    largest = np.argsort(there - here, kind="stable")[:MOST_NAMED]
    known = [(float(reference.edges[i]), there[i], here[i]) for i in largest]
    found = {v: (a, b) for v, a, b in (*known, *_extremes(batch, reference)) if b - a > HEAP}
    return tuple(text for v, (a, b) in found.items() for text in _change(f"value {v:g}", a, b))


def _extremes(
    batch: ColumnProfile, reference: ColumnProfile
) -> tuple[tuple[float, float, float], ...]:
    """The batch's lowest and highest value, where they lie beyond the reference's."""
    here, there = batch.spread, reference.spread
    if here is None or here.lowest is None or here.highest is None:
        return ()
    low = there.lowest if there and there.lowest is not None else math.inf
    high = there.highest if there and there.highest is not None else -math.inf
    found = []
    if here.lowest < low:
        found.append((here.lowest, 0.0, here.lowest_rows / batch.rows))
    if here.highest > high:
        found.append((here.highest, 0.0, here.highest_rows / batch.rows))
    return tuple(found)


def _shape(batch: ColumnProfile, reference: ColumnProfile) -> tuple[str, ...]:
    middle, width = mean(reference), deviation(reference)
    now, wide = mean(batch), deviation(batch)
    if middle is None or now is None or width is None:
        return ()
    if (power := _power_of_ten(now, middle, wide, width)) is not None:
        return (f"every value times 1e{power:+d} (a change of unit?)",)
    found = []
    if abs(now - middle) >= MIDDLE * width:
        found.append(f"mean {middle:.4g} -> {now:.4g} ({(now - middle) / width:+.2g} sd)")
    if batch.spread and batch.spread.lowest == batch.spread.highest:
        found.append(f"constant now, sd was {width:.4g}")
    elif wide is not None and not 1 / WIDTH < wide / width < WIDTH:
        found.append(f"sd {width:.4g} -> {wide:.4g}")
    return tuple(found) or ("shape changed, mean and sd did not",)


def _power_of_ten(now: float, middle: float, wide: float | None, width: float) -> int | None:
    """The power of ten by which both mean and deviation changed; None where there is none."""
    if wide is None or now * middle <= 0:
        return None
    of_mean, of_width = math.log10(now / middle), math.log10(wide / width)
    power = round(of_width)
    both_near = max(abs(of_mean - power), abs(of_width - power)) < LOG_TOLERANCE * 10
    return power if power and both_near else None


def _change(what: str, before: float, after: float) -> tuple[str, ...]:
    if abs(after - before) < NOTABLE:
        return ()
    return (f"{what} {before:.0%} -> {after:.0%}",)
