"""A labelled history as canonical tables: the reference, then each batch."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from incumbent.intake import period_of
from incumbent.params import ModelSpec

DAY_SECONDS = 86_400


@dataclass(frozen=True)
class LabelledHistory:
    """Canonical tables with labels: the reference, then each batch.

    `set_aside` names batches that were quarantined: not scored, and never learnt from.
    """

    name: str
    spec: ModelSpec
    kinds: dict[str, str]
    tables: tuple[pd.DataFrame, ...]
    set_aside: frozenset[int] = field(default=frozenset())

    def __len__(self) -> int:
        return len(self.tables) - 1

    def batch(self, position: int) -> pd.DataFrame:
        """Batch 0, 1, ..., and -1 for the reference."""
        return self.tables[position + 1]

    def through(self, position: int) -> pd.DataFrame:
        """The reference and all batches up to this one, but for those set aside."""
        return pd.concat(list(self._known(position)), ignore_index=True)

    def spacing(self) -> float | None:
        """Days from the newest row of one table to that of the next, at the median.

        None without timestamps or batches.
        """
        periods = [period_of(table, self.spec) for table in self.tables]
        ends = [period.end.timestamp() for period in periods if period is not None]
        gaps = np.diff(ends) / DAY_SECONDS
        return float(np.median(gaps)) if len(gaps) else None

    def _known(self, position: int) -> Iterator[pd.DataFrame]:
        for k, table in enumerate(self.tables[: position + 2]):
            if k - 1 not in self.set_aside:
                yield table
