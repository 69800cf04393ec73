"""A labelled history as canonical tables: the reference, then each batch."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from incumbent.data.intake import period_of
from incumbent.params import ModelSpec

DAY_SECONDS = 86_400


@dataclass(frozen=True)
class LabelledHistory:
    """Canonical tables with labels: the reference, then each batch.

    `set_aside` names batches that were quarantined: not scored, and never learnt from. `excluded`
    marks rows that expectations exclude, shape (n,) by batch: scored, and judged for harm, but
    never learnt from, nor asked which of two models is better.
    """

    name: str
    spec: ModelSpec
    kinds: dict[str, str]
    tables: tuple[pd.DataFrame, ...]
    set_aside: frozenset[int] = field(default=frozenset())
    excluded: Mapping[int, NDArray[np.bool_]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.tables) - 1

    def batch(self, position: int) -> pd.DataFrame:
        """Batch 0, 1, ..., and -1 for the reference."""
        return self.tables[position + 1]

    def trainable(self, position: int) -> NDArray[np.bool_]:
        """Which rows of a batch may be learnt from, shape (n,)."""
        none = np.zeros(len(self.batch(position)), dtype=bool)
        return ~self.excluded.get(position, none)

    def training_batch(self, position: int) -> pd.DataFrame:
        """The rows of a batch that may be learnt from; none of one that was set aside."""
        rows = self.batch(position)
        if position in self.set_aside:
            return rows.iloc[:0]
        return rows if position not in self.excluded else rows[self.trainable(position)]

    def through(self, position: int, without: frozenset[int] = frozenset()) -> pd.DataFrame:
        """The training batches of the reference and of all batches up to this one, but for some."""
        return pd.concat(list(self._training_batches(position, without)), ignore_index=True)

    def spacing(self) -> float | None:
        """Days from the newest row of one table to that of the next, at the median.

        None without timestamps or batches.
        """
        periods = [period_of(table, self.spec) for table in self.tables]
        ends = [period.end.timestamp() for period in periods if period is not None]
        gaps = np.diff(ends) / DAY_SECONDS
        return float(np.median(gaps)) if len(gaps) else None

    def _training_batches(self, position: int, without: frozenset[int]) -> Iterator[pd.DataFrame]:
        for k in range(-1, position + 1):
            if k not in self.set_aside | without:
                yield self.training_batch(k)
