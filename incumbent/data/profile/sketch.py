"""Sketches of a column read in pieces: evenly spaced numbers, or counts of frequent values."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from incumbent.data.profile import NO_CUTS
from incumbent.data.profile.bins import CATEGORIES, common, cuts_of
from incumbent.data.profile.counting import empty
from incumbent.records import ColumnProfile, Kind

Floats = NDArray[np.float64]
EXACT_ROWS = 1_000_000  # beyond, cuts are quantiles of evenly spaced rows
MOST_VALUES = 100_000  # distinct values counted at once; beyond, the rarer half is dropped
FEWEST_NAMES = 50  # fewest values of a column that identifies rows
NAMES_SHARE = 0.95  # smallest share of distinct texts in such a column
GAPS = 1.5  # largest range of whole numbers in such a column, in rows


class Piece(Protocol):
    """Some columns of some rows."""

    @property
    def rows(self) -> int:
        """The number of rows."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""

    def numbers(self, column: str) -> tuple[Floats, NDArray[np.bool_] | None]:
        """The value of each row (arbitrary where null), and the mask of nulls, if any."""

    def categories(self, column: str) -> tuple[Mapping[str, int], int]:
        """The number of rows of each value, and the number of nulls."""

    def codes_by_row(self, column: str) -> tuple[NDArray[np.int64], list[str], NDArray[np.bool_]]:
        """The index of each row into a list of texts, the list, and the mask of nulls."""

    def days(self) -> NDArray[np.int64]:
        """The block of each row."""


@dataclass
class Sample:
    """Every k-th value of a column; k doubles when the sample exceeds `most` values."""

    most: int = EXACT_ROWS
    step: int = 1
    seen: int = 0
    parts: list[Floats] = field(default_factory=list)

    def take(self, piece: Piece, name: str) -> None:
        """Sample the next values of the column, without nulls."""
        values, missing = piece.numbers(name)
        self.add(values if missing is None else values[~missing])

    def add(self, values: Floats) -> None:
        """Sample the next values."""
        self.parts.append(values[-self.seen % self.step :: self.step].copy())
        self.seen += len(values)
        while sum(map(len, self.parts)) > self.most:
            self.parts = [np.concatenate(self.parts)[::2]]
            self.step *= 2

    def values(self) -> Floats:
        """The sampled values."""
        return np.concatenate([NO_CUTS, *self.parts])

    def names_rows(self) -> bool:
        """Whether these are distinct whole numbers with few gaps."""
        values = self.values()
        if len(values) < FEWEST_NAMES or not np.isfinite(values).all():
            return False
        if np.ptp(values) > GAPS * self.seen or (values != np.floor(values)).any():
            return False
        return len(np.unique(values)) == len(values)

    def bins(self, kind: str) -> ColumnProfile:
        """The empty histogram on cuts of these values."""
        return empty(kind, cuts_of(self.values()), ())


@dataclass
class Values:
    """The distinct values of a column, with their numbers of rows."""

    seen: int = 0
    distinct: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def take(self, piece: Piece, name: str) -> None:
        """Count the next values of the column."""
        counted, _ = piece.categories(name)
        self.seen += sum(counted.values())
        before = len(self.counts)
        self.counts.update(counted)
        self.distinct += len(self.counts) - before
        if len(self.counts) > MOST_VALUES:
            self.counts = Counter(dict(self.counts.most_common(MOST_VALUES // 2)))

    def names_rows(self) -> bool:
        """Whether nearly every row has a distinct value."""
        return self.seen >= FEWEST_NAMES and self.distinct > NAMES_SHARE * self.seen

    def bins(self, kind: str) -> ColumnProfile:
        """The empty histogram on the frequent values; text, where there are too many values."""
        many = len(self.counts) > CATEGORIES
        return empty(Kind.TEXT if many else kind, NO_CUTS, common(self.counts))
