"""Checks of numbers and times: fewer digits, another unit, an offset."""

from collections.abc import Iterator

import numpy as np

from incumbent.monitoring.skew.found import EXPLAINED, Found, Mismatches
from incumbent.monitoring.skew.pair import Floats, Mask
from incumbent.records import Kind, SkewKind

FEWEST = 3  # different values that a pattern is read from
FEWEST_OF_LINE = 4
DECIMALS = range(-3, 9)
DIGITS = range(1, 7)
# Beyond a few parts in a million two numbers of float32 differ; a fit must also be close beside
# the spread of the values, or any line through values such as 1e9 + x would do.
CLOSE, OF_SPREAD = 4e-6, 1e-3
STEPS = {"days": 86_400e6, "hours": 3_600e6, "minutes": 60e6, "seconds": 1e6, "milliseconds": 1e3}
UNITS = {
    100.0: "percent or cents",
    1_000.0: "thousands",
    1.609344: "miles to kilometres",
    0.3048: "feet to metres",
    2.54: "inches to centimetres",
    0.45359237: "pounds to kilograms",
    60.0: "minutes to seconds",
    3_600.0: "hours to seconds",
    86_400.0: "days to seconds",
    1_024.0: "binary thousands",
    180 / np.pi: "radians to degrees",
    1.852: "nautical miles to kilometres",
}
SCALES = {
    (1.8, 32.0): "Celsius to Fahrenheit",
    (1 / 1.8, -32 / 1.8): "Fahrenheit to Celsius",
    (1.0, 273.15): "Celsius to kelvin",
    (1.0, -273.15): "kelvin to Celsius",
}


def rounded(rows: Mismatches) -> Found | None:
    """The served value is the offline one with fewer digits, or the other way round."""
    known, sides = rows.both, {"serving": rows.serving, "offline": rows.offline}
    for fewer, more in (("serving", "offline"), ("offline", "serving")):
        short, long = sides[fewer][known], sides[more][known]
        if len(short) < FEWEST or len(np.unique(short)) == 1:
            continue
        forms = _of_times(long, short) if rows.pair.kind is Kind.DATETIME else _of(long, short)
        name, hits = max(forms, key=lambda form: int(form[1].sum()))  # of equals the coarsest
        if hits.sum() >= EXPLAINED * len(rows):
            text = f"{fewer} is the {more} value {name}"
            return rows.found(SkewKind.ROUNDING, _spread(known, hits), text)
    return None


def scaled(rows: Mismatches) -> Found | None:
    """The served value is the offline one times a factor, plus an offset, or both."""
    known = rows.both
    offline, serving = rows.offline[known], rows.serving[known]
    different = len(np.unique(offline))
    if different < FEWEST:
        return None
    if rows.pair.kind is Kind.DATETIME:
        return _moved(rows, serving - offline)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = (serving / offline)[offline != 0]
    lines = [(float(np.median(ratios)), 0.0)] if len(ratios) else []
    lines += [_line(offline, serving)] if different >= FEWEST_OF_LINE else []
    for factor, offset in lines:
        hits = _on_line(offline, serving, factor, offset)
        if factor and hits.sum() >= EXPLAINED * len(rows):
            return rows.found(SkewKind.UNIT, _spread(known, hits), _relation(factor, offset))
    return None


def _of(long: Floats, short: Floats) -> Iterator[tuple[str, Mask]]:
    """Ways to lose digits, the coarsest first, and which values are lost so."""
    for decimals in DECIMALS:
        step = 10.0**-decimals
        name = (
            "whole numbers" if decimals == 0 else f"{decimals} decimal{'s' if decimals > 1 else ''}"
        )
        name = f"multiples of {step:g}" if decimals < 0 else name
        on_grid = _near(short, np.round(short / step) * step)
        yield f"rounded to {name}", on_grid & (np.abs(short - long) <= step / 2 * (1 + CLOSE))
        yield f"cut to {name}", on_grid & _near(short, np.trunc(long / step) * step)
        yield f"rounded down to {name}", on_grid & _near(short, np.floor(long / step) * step)
    with np.errstate(over="ignore"):
        yield "in float16", _near(short, long.astype(np.float16).astype(np.float64))
    for digits in DIGITS:
        name = f"{digits} significant digit{'s' if digits > 1 else ''}"
        yield f"rounded to {name}", _near(short, _significant(long, digits))


def _of_times(long: Floats, short: Floats) -> Iterator[tuple[str, Mask]]:
    for name, step in STEPS.items():
        yield f"cut to {name}", short == np.floor(long / step) * step
        yield f"rounded to {name}", short == np.round(long / step) * step


def _significant(values: Floats, digits: int) -> Floats:
    with np.errstate(divide="ignore"):
        size = np.where(values == 0, 0.0, np.floor(np.log10(np.abs(values))))
    step = 10.0 ** (size - digits + 1)
    return np.asarray(np.round(values / step) * step)


def _near(left: Floats, right: Floats) -> Mask:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(left - right) <= CLOSE * np.maximum(np.abs(left), np.abs(right)))


def _line(offline: Floats, serving: Floats) -> tuple[float, float]:
    """Factor and offset by medians, which a tenth of other rows does not move.

    Slopes are taken between rows half of the order apart: near ones would magnify rounding.
    """
    order = np.argsort(offline, kind="stable")
    x, y = offline[order], serving[order]
    half = len(x) // 2
    across = x[half:] - x[: len(x) - half]
    up = (y[half:] - y[: len(y) - half])[across > 0]
    slope = float(np.median(up / across[across > 0])) if len(up) else 0.0
    return slope, float(np.median(serving - slope * offline))


def _on_line(offline: Floats, serving: Floats, factor: float, offset: float) -> Mask:
    size = np.maximum(np.abs(serving), np.abs(factor * offline)) + abs(offset)
    allowed = np.minimum(CLOSE * size, OF_SPREAD * float(np.ptp(serving)))
    return np.asarray(np.abs(serving - (factor * offline + offset)) <= allowed)


def _moved(rows: Mismatches, microseconds: Floats) -> Found | None:
    by = float(np.median(microseconds))
    hits = microseconds == by
    if hits.sum() < EXPLAINED * len(rows):
        return None
    text = f"serving is {abs(by) / 1e6:g} seconds {'later' if by > 0 else 'earlier'} than offline"
    return rows.found(SkewKind.UNIT, _spread(rows.both, hits), text)


def _relation(factor: float, offset: float) -> str:
    known = {(f, 0.0): name for f, name in UNITS.items()} | SCALES
    known |= {(1 / f, 0.0): f"{name}, reversed" for f, name in UNITS.items()}
    close = (n for line, n in known.items() if np.allclose((factor, offset), line, rtol=1e-5))
    name = next(close, None)
    times = "offline" if np.isclose(factor, 1, rtol=CLOSE) else f"{factor:.8g} x offline"
    plus = "" if offset == 0 else f" {'+' if offset > 0 else '-'} {abs(offset):.8g}"
    return f"serving = {times}{plus}" + (f" ({name})" if name else "")


def _spread(known: Mask, hits: Mask) -> Mask:
    """Hits among the rows that are known on both sides, as hits among all mismatching rows."""
    found = known.copy()
    found[known] = hits
    return found
