"""Units: whether the values of a column fit the training set in another unit."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from incumbent.data.profile.counting import empty, of_numbers
from incumbent.monitoring.data_faults.evidence import Floats
from incumbent.records import ColumnProfile
from incumbent.statistics.distance import steps

MANY_ROWS = 50  # with fewer, a distance from training is mostly chance
FEWEST_ROWS, FEWEST_CUTS = 20, 3  # with fewer values, or fewer distinct ones, no unit shows
MOST_ROWS = 5_000  # evenly spaced values that are compared
MOVED = 0.25  # distance from the training set below which the unit is not in doubt
FITS = 0.2  # distance in another unit that is small ...
BETTER = 0.3  # ... and so much smaller that no season explains it
OUT, IN = 0.05, 0.95  # share of values in the range of training, as they are and in another unit
LARGE = 5.0  # a factor that no season makes; a smaller one is believed on a grid of values only
NEAR = 1.7  # ratio of the medians to a factor that is tried
ON_GRID, MORE_ON_GRID = 0.5, 0.4  # share of values in range that training holds, and its growth
SAME = 1e-6  # relative difference of two values that are one

FACTORS = {
    **{f"{10**k:,} times": 10.0**k for k in range(1, 7)},
    "60 times (hours for minutes, minutes for seconds)": 60.0,
    "3,600 times (hours for seconds)": 3600.0,
    "24 times (days for hours)": 24.0,
    "1,440 times (days for minutes)": 1440.0,
    "86,400 times (days for seconds)": 86_400.0,
    "7 times (weeks for days)": 7.0,
    "12 times (years for months)": 12.0,
    "365.25 times (years for days)": 365.25,
    "1,024 times (KiB for bytes)": 1024.0,
    "1.609 times (miles for kilometres)": 1.609344,
    "1.852 times (sea miles for kilometres)": 1.852,
    "1.151 times (knots for miles per hour)": 1.150779,
    "2.237 times (metres per second for miles per hour)": 2.236936,
    "3.6 times (metres per second for kilometres per hour)": 3.6,
    "2.54 times (inches for centimetres)": 2.54,
    "25.4 times (inches for millimetres)": 25.4,
    "3.281 times (metres for feet)": 3.28084,
    "2.205 times (kilograms for pounds)": 2.204623,
    "28.35 times (ounces for grams)": 28.349523,
    "4.546 times (gallons for litres)": 4.54609,
    "3.785 times (US gallons for litres)": 3.785412,
    "33.86 times (inches of mercury for millibar)": 33.863886,
    "1.333 times (millimetres of mercury for millibar)": 1.333224,
    "4.184 times (calories for joules)": 4.184,
}

# Factors that nothing but a unit makes, where all values have left the range of training.
PLAIN = {-1.0, *(10.0**k for k in range(-6, 7) if k), 1 / 60, 60.0, 1 / 3600, 3600.0}


@dataclass(frozen=True)
class Unit:
    """A conversion x -> scale x + shift from the batch's unit to that of training."""

    name: str
    scale: float
    shift: float = 0.0

    def convert(self, values: Floats) -> Floats:
        """The values in the unit of training."""
        return values * self.scale + self.shift


TEMPERATURES = (
    Unit("Celsius where training has Fahrenheit", 1.8, 32.0),
    Unit("Fahrenheit where training has Celsius", 1 / 1.8, -32 / 1.8),
    Unit("Kelvin where training has Celsius", 1.0, -273.15),
    Unit("Celsius where training has Kelvin", 1.0, 273.15),
    Unit("Kelvin where training has Fahrenheit", 1.8, -459.67),
    Unit("Fahrenheit where training has Kelvin", 1 / 1.8, 459.67 / 1.8),
)


def other_unit(values: Floats, reference: ColumnProfile) -> str | None:
    """The unit in which the values fit the training set, in words; None where none is needed.

    Values on the grid of training (those that it holds, where they are few) show a unit in any
    season. Otherwise a unit shows where the values lie far from the training set, and near it in
    the other unit, by a factor that no growth makes. Zeros have no unit, and are left out.

    Args:
        values: Finite values of the batch, shape (n,).
        reference: The column in the training set.

    >>> values = np.linspace(100.0, 5000.0, 500)
    >>> of = of_numbers(values, empty("numeric", values, ()))
    >>> other_unit(values * 1000, of)
    '1,000 times the values of training'
    """
    known, without = values[values != 0], _without_zero(reference)
    some = _spaced(known)
    if len(some) < FEWEST_ROWS or len(reference.edges) < FEWEST_CUTS:
        return None
    before = distance_to(some, without)
    if before < MOVED:
        return None
    found = [
        (distance_to(unit.convert(some), without), unit.name)
        for unit in _candidates(some, without)
        if _explains(unit, some, without, before)
    ]
    return min(found)[1] if found else None


def _explains(unit: Unit, values: Floats, reference: ColumnProfile, before: float) -> bool:
    """Whether the values fit training in a unit, and nothing but a unit explains them."""
    edges, converted = reference.edges, unit.convert(values)
    inside = (values >= edges[0]) & (values <= edges[-1])
    within = (converted >= edges[0]) & (converted <= edges[-1])
    if int(reference.counts[2:-1:2].sum()) == 0:  # training holds few distinct values: a grid
        as_is = _on_grid(values[inside], edges) if inside.any() else 0.0
        if as_is >= ON_GRID:
            return False
        if within.sum() >= FEWEST_ROWS:
            on_grid = _on_grid(converted[within], edges)
            if on_grid >= ON_GRID and on_grid - as_is >= MORE_ON_GRID:
                return True
    if 1 / LARGE < unit.scale < LARGE and unit.shift == 0:
        return False
    after = distance_to(converted, reference)
    if unit.shift:  # another season is as far away as another scale of temperature
        return after <= FITS / 2 and after <= before - BETTER
    beyond = unit.scale in PLAIN and inside.mean() <= OUT and within.mean() >= IN
    near = FITS if unit.scale in PLAIN else FITS / 2
    close = len(values) >= MANY_ROWS and after <= near and after <= before - BETTER
    return beyond or close


def distance_to(values: Floats, reference: ColumnProfile) -> float:
    """Kolmogorov-Smirnov distance of some values from the known values of the training set."""
    counted = of_numbers(_spaced(values), empty(reference.kind, reference.edges, ()))
    here, there = counted.counts.astype(np.float64), reference.counts.astype(np.float64)
    if not here.sum() or not there.sum():
        return 0.0
    return float(np.abs(steps(here) - steps(there)).max())


def _candidates(values: Floats, reference: ColumnProfile) -> Iterator[Unit]:
    """Units that the medians of values other than 0 do not rule out."""
    here, there = float(np.median(values)), _middle_of(reference)
    if here < 0 and reference.edges[0] >= 0:
        yield Unit("of the opposite sign", -1.0)
    yield from TEMPERATURES
    if there == 0:
        return
    ratio = abs(here / there)
    for words, factor in FACTORS.items():
        if 1 / NEAR < ratio / factor < NEAR:
            yield Unit(f"{words} the values of training" if "(" not in words else words, 1 / factor)
        if 1 / NEAR < ratio * factor < NEAR:
            text = f"one in {words.replace(' times', '')} of training"
            yield Unit(text, factor)


def _spaced(values: Floats) -> Floats:
    """Evenly spaced values, at most `MOST_ROWS`."""
    return values[:: max(1, -(-len(values) // MOST_ROWS))]


def _middle_of(reference: ColumnProfile) -> float:
    """The median, from the counts."""
    edges, counts = reference.edges, reference.counts
    at_cuts = counts[1::2] + counts[2::2]
    total = np.cumsum(at_cuts)
    return float(edges[np.searchsorted(total, total[-1] / 2)]) if total[-1] else 0.0


def _without_zero(reference: ColumnProfile) -> ColumnProfile:
    """The column without its zeros."""
    counts = reference.counts.copy()
    counts[1::2][reference.edges == 0] = 0
    return replace(reference, counts=counts)


def _on_grid(values: Floats, edges: Floats) -> float:
    """Share of values that equal a cut, but for rounding."""
    right = np.clip(np.searchsorted(edges, values), 1, len(edges) - 1)
    near = np.minimum(np.abs(values - edges[right]), np.abs(values - edges[right - 1]))
    return float((near <= SAME * np.maximum(np.abs(values), 1e-9)).mean())
