"""One feature of the joined rows, as it was served and as it is offline, value by value."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from incumbent.data.intake import as_number, as_text, read_times
from incumbent.data.written import as_known
from incumbent.errors import UnreadableError
from incumbent.monitoring.skew.rows import JoinedRows
from incumbent.monitoring.skew.shown import time_of
from incumbent.records import Kind

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]

KEY_BITS = 17  # of the mantissa: numbers that differ by less than 1e-5 mostly have one key
NOISE = 1e-6  # of the tolerance times a usual value: a sum that should be 0 may be 1e-17
NULL = -1


@dataclass(frozen=True)
class Pair:
    """A feature on both sides as float64: numbers, microseconds, or codes of text; null is NaN.

    Attributes:
        feature: Its name.
        kind: Numeric, datetime or categorical.
        serving: Served values of the n joined rows.
        offline: Offline values of the same rows.
        whole: Offline values of all N offline rows, joined or not.
        place: The place of each joined row among them, shape (n,).
        tolerance: Relative difference of equal numbers; 0 for times and text.
        levels: The text of each code; None for numbers and times.
        strange: Served text in the place of a number, shape (n,); None where all are numbers.
    """

    feature: str
    kind: Kind
    serving: Floats
    offline: Floats
    whole: Floats
    place: Codes
    tolerance: float = 0.0
    levels: NDArray[np.object_] | None = None
    strange: NDArray[np.object_] | None = None

    @cached_property
    def differs(self) -> Mask:
        """Which joined rows mismatch, shape (n,)."""
        found = ~self.same(self.serving, self.offline)
        return found if self.strange is None else found | self.unreadable

    @cached_property
    def unreadable(self) -> Mask:
        """Which served values are no numbers though the feature is one, shape (n,)."""
        if self.strange is None:
            return np.zeros(len(self.serving), dtype=bool)
        return np.array([isinstance(text, str) for text in self.strange], dtype=bool)

    def same(self, left: Floats, right: Floats) -> Mask:
        """Which values of two arrays of one shape are equal; null equals null."""
        with np.errstate(invalid="ignore"):
            size = np.maximum(np.maximum(np.abs(left), np.abs(right)), self._noise)
            equal = np.abs(left - right) <= self.tolerance * size
        return np.asarray(equal | (np.isnan(left) & np.isnan(right)))

    @cached_property
    def keys(self) -> tuple[Codes, Codes, Codes]:
        """Codes of like values: served (n,), offline (n,) and all offline (N,); null is -1."""
        parts = self.serving, self.whole
        joint = np.concatenate([self._coarse(values) for values in parts])
        codes = pd.factorize(joint)[0].astype(np.int64)
        served, whole = codes[: len(self.serving)], codes[len(self.serving) :]
        return served, whole[self.place], whole

    def shown(self, side: str, row: int) -> object:
        """A value of a joined row as people write it."""
        if side == "serving" and self.strange is not None and self.unreadable[row]:
            return self.strange[row]
        return self.as_written(float(getattr(self, side)[row]))

    def as_written(self, value: float) -> object:
        """A value of this feature as people write it; null is None."""
        if np.isnan(value):
            return None
        if self.levels is not None:
            return self.levels[int(value)]
        return time_of(value) if self.kind is Kind.DATETIME else value

    @cached_property
    def _noise(self) -> float:
        known = np.abs(self.whole[np.nonzero(self.whole)])
        known = known[~np.isnan(known)]
        return NOISE * float(np.median(known)) if self.tolerance and len(known) else 0.0

    def _coarse(self, values: Floats) -> Floats:
        if self.kind is not Kind.NUMERIC:
            return values
        mantissa, exponent = np.frexp(values)
        return np.asarray(np.ldexp(np.round(np.ldexp(mantissa, KEY_BITS)), exponent - KEY_BITS))


def pair_of(
    serving: pd.Series, offline: pd.Series, kind: Kind, rows: JoinedRows, tolerance: float
) -> Pair:
    """A feature on both sides, in the canonical form that training and serving share.

    Args:
        serving: The column of the serving table as it was read, shape (any,).
        offline: The column of the offline table, as it was read or canonical, shape (N,).
        kind: What the column holds offline.
        rows: The joined rows.
        tolerance: Relative difference up to which numbers are equal.

    Served text that is no number (or time) mismatches. Where none of it is one, the values of both
    sides are compared as text.

    Raises:
        UnreadableError: Offline values of a numeric feature are no numbers.
    """
    name, served = str(offline.name), serving.iloc[rows.serving]
    if kind is Kind.CATEGORICAL:
        return _of_texts(name, served, offline, rows)
    numeric = kind is Kind.NUMERIC
    whole = as_number(offline).to_numpy(np.float64) if numeric else _times(offline)[0]
    found, strange = _numbers(served) if numeric else _times(served)
    if strange.any() and strange.sum() == served.notna().sum():
        return _of_texts(name, served, offline, rows)
    return Pair(
        name,
        kind,
        found,
        whole[rows.offline],
        whole,
        rows.offline,
        tolerance if numeric else 0.0,
        strange=_texts_at(strange, served) if strange.any() else None,
    )


def _of_texts(name: str, served: pd.Series, offline: pd.Series, rows: JoinedRows) -> Pair:
    """Values as canonical text, with a code for each."""
    known = as_text(offline)
    texts = as_known(as_text(served), known.dropna().unique())
    codes, levels = pd.factorize(pd.concat([texts, known], ignore_index=True))
    found = np.where(codes == NULL, np.nan, codes.astype(np.float64))
    whole, levels = found[len(served) :], np.asarray(levels, dtype=object)
    place = rows.offline
    return Pair(
        name, Kind.CATEGORICAL, found[: len(served)], whole[place], whole, place, levels=levels
    )


def _texts_at(rows: Mask, column: pd.Series) -> NDArray[np.object_]:
    """The text of some rows; None in the place of the others."""
    found: NDArray[np.object_] = as_text(column).where(rows, None).to_numpy(dtype=object)
    return found


def _numbers(column: pd.Series) -> tuple[Floats, Mask]:
    """Numbers, NaN where there is none, and which values are text that is no number."""
    try:
        return as_number(column).to_numpy(np.float64), np.zeros(len(column), dtype=bool)
    except UnreadableError:
        texts = as_text(column)
        numbers = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64)
        strange = np.isnan(numbers) & texts.notna().to_numpy()
        return np.where(np.isfinite(numbers), numbers, np.nan), strange


def _times(column: pd.Series) -> tuple[Floats, Mask]:
    """Microseconds since 1970, NaN where there is no time, and which values are none."""
    known = column.notna().to_numpy()
    try:
        times = read_times(column, errors="coerce")
    except TypeError:  # numbers have no unit
        return np.full(len(column), np.nan), known
    read = times.notna().to_numpy()
    stamps = times.dt.tz_localize(None).to_numpy(dtype="datetime64[us]").astype(np.int64)
    return np.where(read, stamps.astype(np.float64), np.nan), known & ~read
