"""A labelled history: the reference, then batches that are read and validated as they arrive."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import numpy as np
import pandas as pd

from incumbent.data.intake import blocks_of, ids_of, period_of
from incumbent.data.label_domain import domain_of_target
from incumbent.data.labels import Labelled, first_of, take
from incumbent.params import ModelSpec
from incumbent.records import (
    Batch,
    ModelCard,
    Outcome,
    Period,
    Predictions,
    ValidationReport,
)

DAY_SECONDS = 86_400
PASSED = ValidationReport(Outcome.PASS)


@dataclass(frozen=True)
class LabelledBatch:
    """A canonical table whose target is null where no label is known, shape (n, columns).

    `validation` is the report on it: a quarantined batch has no rows and is neither scored nor
    learnt; excluded rows are scored, and never learnt. `delivered` is the batch as it was
    delivered; None: the table is all there was. `invalid` counts the rows whose label was none of
    the model's, with the first of these in `examples`; their target is null.
    """

    name: str
    rows: pd.DataFrame
    spec: ModelSpec
    validation: ValidationReport = field(default=PASSED)
    delivered: Batch | None = None
    invalid: int = 0
    examples: tuple[str, ...] = ()

    @property
    def quarantined(self) -> bool:
        """Whether the batch is set aside."""
        return self.validation.outcome is Outcome.QUARANTINE

    @cached_property
    def features(self) -> pd.DataFrame:
        """The table without its target."""
        return self.rows.drop(columns=self.spec.target)

    @property
    def period(self) -> Period | None:
        """From the oldest to the newest row."""
        return self.delivered.period if self.delivered else period_of(self.rows, self.spec)

    def batch(self, position: int) -> Batch:
        """The batch, known by its position in the history."""
        rows = self.delivered.rows if self.delivered else len(self.rows)
        return Batch(self.name, str(position), rows, self.period, self.name)

    def predictions(self, values: np.ndarray) -> Predictions:
        """Predictions of the rows, shape (n, k), as they are kept when a batch is scored."""
        trainable = np.ones(len(self.rows), dtype=bool)
        trainable[list(self.validation.excluded)] = False
        blocks = blocks_of(self.rows, self.spec)
        return Predictions(ids_of(self.rows, self.spec), blocks, values, trainable)

    def labelled(self, predictions: Predictions) -> Labelled | None:
        """Predictions joined with the labels; None where no label is known."""
        positions = np.flatnonzero(self.rows[self.spec.target].notna())
        if not len(positions) and not self.invalid:
            return None
        labels = self.rows[self.spec.target].iloc[positions].reset_index(drop=True)
        known = take(predictions, positions), positions, labels, 0
        return Labelled(*known, self.invalid, self.examples)


class LabelledHistory:
    """The reference of a first champion and the labelled batches after it.

    Args:
        name: Names the history.
        spec: The model.
        kinds: The features, and whether each is numeric or categorical.
        reference: Canonical rows with labels.
        batches: For each batch a function that reads and validates it, given the card of the
            champion of that time; called once.
    """

    def __init__(
        self,
        name: str,
        spec: ModelSpec,
        kinds: dict[str, str],
        reference: pd.DataFrame,
        batches: Sequence[Callable[[ModelCard], LabelledBatch]],
    ) -> None:
        self.name, self.spec, self.kinds, self.reference = name, spec, kinds, reference
        self._readers = tuple(batches)
        self._arrived: dict[int, LabelledBatch] = {}
        self._repeating: set[int] = set()
        self._ids = set() if spec.id is None else set(reference[spec.id])
        self._domain = domain_of_target(reference[spec.target], spec)

    @classmethod
    def of_tables(
        cls,
        name: str,
        spec: ModelSpec,
        kinds: dict[str, str],
        tables: Sequence[pd.DataFrame],
        reports: Mapping[int, ValidationReport] | None = None,
    ) -> "LabelledHistory":
        """A history that is in memory: the reference first, then each batch with its report."""
        found = [
            LabelledBatch(f"batch {k}", table, spec, (reports or {}).get(k, PASSED))
            for k, table in enumerate(tables[1:])
        ]
        readers = [partial(_as_it_is, batch) for batch in found]
        return cls(name, spec, kinds, tables[0], readers)

    def __len__(self) -> int:
        return len(self._readers)

    def arrive(self, position: int, card: Callable[[], ModelCard]) -> LabelledBatch:
        """A batch as it arrives: read, and validated with the card of the champion.

        Asked again, under any champion, it gives the same batch.
        """
        if position not in self._arrived:
            read = self._readers[position](card())
            rows = self.reference.head(0) if read.quarantined else read.rows
            self._arrived[position] = self._with_labels_read(replace(read, rows=rows))
            self._note_ids(position)
        return self._arrived[position]

    def batch(self, position: int) -> LabelledBatch:
        """A batch that has arrived."""
        return self._arrived[position]

    def described(self) -> list[Batch]:
        """The batches that have arrived, oldest first."""
        return [self.batch(k).batch(k) for k in sorted(self._arrived)]

    def repeats_ids(self, position: int) -> bool:
        """Whether a batch has an id that the reference or an earlier batch has."""
        return position in self._repeating

    def spacing(self) -> float | None:
        """Days from the newest row of one table to that of the next, at the median.

        None without timestamps or batches.
        """
        reference = period_of(self.reference, self.spec)
        periods = [reference, *(self.batch(k).period for k in sorted(self._arrived))]
        ends = [period.end.timestamp() for period in periods if period is not None]
        gaps = np.diff(ends) / DAY_SECONDS
        return float(np.median(gaps)) if len(gaps) else None

    def _with_labels_read(self, batch: LabelledBatch) -> LabelledBatch:
        """The batch with its labels as the model knows them; null where they are none."""
        said = batch.rows[self.spec.target]
        read = self._domain.read(said)
        strange = said[read.isna() & said.notna()]
        if strange.empty and read.equals(said):
            return batch
        rows = batch.rows.assign(**{self.spec.target: read})
        return replace(batch, rows=rows, invalid=len(strange), examples=first_of(strange))

    def _note_ids(self, position: int) -> None:
        if self.spec.id is None or self._arrived[position].quarantined:
            return
        new = self._arrived[position].rows[self.spec.id].tolist()
        if not self._ids.isdisjoint(new):
            self._repeating.add(position)
        self._ids.update(new)


def _as_it_is(batch: LabelledBatch, _: ModelCard) -> LabelledBatch:
    return batch
