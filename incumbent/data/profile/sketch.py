"""What is kept of a column while its pieces pass: evenly spaced numbers, or the common values."""

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
MOST_VALUES = 100_000  # distinct ones that are kept while the common ones are sought
FEWEST_NAMES = 50  # values from which a column can be said to name rows
NAMES_SHARE = 0.95  # distinct texts a value
GAPS = 1.5  # range of whole numbers that name rows, in rows


class Piece(Protocol):
    """Some columns of some rows."""

    @property
    def rows(self) -> int:
        """How many."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Which."""

    def numbers(self, column: str) -> tuple[Floats, NDArray[np.bool_] | None]:
        """Every row's value (anything where it is null), and which are null, if any."""

    def categories(self, column: str) -> tuple[Mapping[str, int], int]:
        """Rows of each value, and the number of nulls."""

    def codes_by_row(self, column: str) -> tuple[NDArray[np.int64], list[str], NDArray[np.bool_]]:
        """Every row's place in a list of texts, the list, and which rows are null."""

    def days(self) -> NDArray[np.int64]:
        """The block of each row."""


@dataclass
class Sample:
    """Every k-th value of a column; k doubles whenever there are more than `most`."""

    most: int = EXACT_ROWS
    step: int = 1
    seen: int = 0
    kept: list[Floats] = field(default_factory=list)

    def take(self, piece: Piece, name: str) -> None:
        """Take from the next values of the column, nulls left out."""
        values, missing = piece.numbers(name)
        self.add(values if missing is None else values[~missing])

    def add(self, values: Floats) -> None:
        """Take from the next values."""
        self.kept.append(values[-self.seen % self.step :: self.step].copy())
        self.seen += len(values)
        while sum(map(len, self.kept)) > self.most:
            self.kept = [np.concatenate(self.kept)[::2]]
            self.step *= 2

    def values(self) -> Floats:
        """What was taken."""
        return np.concatenate([NO_CUTS, *self.kept])

    def names_rows(self) -> bool:
        """Whether these are whole numbers, nearly without gaps and none of them twice."""
        values = self.values()
        if len(values) < FEWEST_NAMES or not np.isfinite(values).all():
            return False
        if np.ptp(values) > GAPS * self.seen or (values != np.floor(values)).any():
            return False
        return len(np.unique(values)) == len(values)

    def bins(self, kind: str) -> ColumnProfile:
        """Where to count."""
        return empty(kind, cuts_of(self.values()), ())


@dataclass
class Values:
    """The distinct values of a column, with their rows."""

    seen: int = 0
    distinct: int = 0
    kept: Counter[str] = field(default_factory=Counter)

    def take(self, piece: Piece, name: str) -> None:
        """Add the next values of the column."""
        counted, _ = piece.categories(name)
        self.seen += sum(counted.values())
        before = len(self.kept)
        self.kept.update(counted)
        self.distinct += len(self.kept) - before
        if len(self.kept) > MOST_VALUES:
            self.kept = Counter(dict(self.kept.most_common(MOST_VALUES // 2)))

    def names_rows(self) -> bool:
        """Whether nearly every row has a value of its own."""
        return self.seen >= FEWEST_NAMES and self.distinct > NAMES_SHARE * self.seen

    def bins(self, kind: str) -> ColumnProfile:
        """Where to count; more values than there are bins for make it text."""
        many = len(self.kept) > CATEGORIES
        return empty(Kind.TEXT if many else kind, NO_CUTS, common(self.kept))
