"""What a rule reports, and how severe that is unless the spec says otherwise."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from incumbent.data.profile.windows import at_length
from incumbent.monitoring.drift.column import Sides, sides_of
from incumbent.params import RULES, ModelSpec, RuleSeverity
from incumbent.plain_text import WITHHELD, example_of
from incumbent.records import Failure, Period, Profile, Severity
from incumbent.statistics.evidence import effective_rows

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

NO_ROWS: Rows = np.zeros(0, dtype=np.int64)
ENOUGH_ROWS = 20.0  # effective rows below which a share proves nothing


@dataclass(frozen=True)
class Examined:
    """A batch beside the training set of its champion.

    Attributes:
        frame: The canonical batch, shape (n, columns).
        counted: Its profile on the bins of the training set.
        reference: The profile of the training set.
        spec: The model and its rules.
        infinite: Positions of infinite values by column, which the canonical batch holds as NaN.
        trained: The period of the training set.
        delivered: When the batch was delivered.
    """

    frame: pd.DataFrame
    counted: Profile
    reference: Profile
    spec: ModelSpec
    infinite: Mapping[str, Rows]
    trained: Period | None
    delivered: datetime

    def sides(self, name: str) -> Sides:
        """One column of the batch and of the training set, with their effective rows."""
        if name not in self._sides:
            self._sides[name] = sides_of(name, self.counted, self.reference)
        return self._sides[name]

    def numbers(self, name: str) -> Floats:
        """The values of a column of numbers, shape (n,); NaN is null."""
        return np.asarray(self.frame[name].to_numpy(np.float64))

    def shown(self, name: str, value: object) -> str:
        """A value as a person reads it; one of a column that is named sensitive is not shown."""
        return WITHHELD if name in self.spec.sensitive else example_of(value)

    def draws(self, name: str) -> float:
        """How many independent values the rows of a column stand for.

        The larger of the effective rows of the whole batch, and of what varies within its days: a
        season correlates the days of a month, and does not keep a temperature from varying.
        """
        days = self.counted.blocks
        within = at_length(self.reference.null.get(name, ()), 1, self.reference.blocks)
        if not days or within is None:
            return self.sides(name).n
        of_day = effective_rows(self.counted.rows / days, within.correlation)
        return max(self.sides(name).n, days * (of_day - 1))

    @cached_property
    def _sides(self) -> dict[str, Sides]:
        return {}


@dataclass(frozen=True)
class Evidence:
    """What one rule found on a column (None: on the table).

    `grade` is the severity where the share that was found is too small for the rule's own.
    `positions` are single rows that no model learns from where the batch is not quarantined.
    """

    rule: str
    column: str | None
    observed: str
    expected: str
    rows: int | None = None
    grade: RuleSeverity | None = None
    positions: Rows = field(default_factory=lambda: NO_ROWS)

    def severity(self, spec: ModelSpec) -> Severity | None:
        """What the spec says of the rule on this column, or of the rule; None: switched off."""
        said = spec.severity_of(self.rule, self.column)
        if said is RuleSeverity.OFF:
            return None
        return Severity((said or self.grade or RULES.get(self.rule, RuleSeverity.CRITICAL)).value)


def failures_of(found: Iterable[Evidence], spec: ModelSpec) -> tuple[Failure, ...]:
    """What rules found as validation reports it, without what the spec switches off."""
    return tuple(
        Failure(e.rule, e.column, e.observed, e.expected, e.rows, severity)
        for e in found
        if (severity := e.severity(spec)) is not None
    )
