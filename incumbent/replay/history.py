"""What other policies would have brought on the same history: never, always, periodic.

A policy is a rule for which model scores which batch. Every model is the recipe fitted on the
reference and all batches up to some point, so that policies share their fits.
"""

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from incumbent.model.scoring import classes_of, predict
from incumbent.model.training import fit, sample
from incumbent.params import ModelSpec
from incumbent.replay.document import Tally
from incumbent.replay.labelled_history import LabelledHistory
from incumbent.statistics.metrics import METRIC_NAMES, row_losses, truth_of

REFERENCE = -1


@dataclass(frozen=True)
class Fit:
    """A model fitted on everything up to a batch, and the seconds that took."""

    pipeline: Pipeline
    seconds: float


class History:
    """Labelled batches as they come, and the models fitted on all of them up to a point.

    Fits run one at a time beside the caller, each at most once.

    Args:
        spec: The recipe.
        kinds: The features and whether each is numeric or categorical.
        reference: Canonical rows with labels that the first champion is fitted on.
        label_delay: After how many more batches the labels of a batch come: 0 after it was
            scored and before the next.
        memory: Losses and seconds that are known already, and where new ones are kept.
    """

    def __init__(
        self,
        spec: ModelSpec,
        kinds: Mapping[str, str],
        reference: pd.DataFrame,
        label_delay: int = 0,
        memory: MutableMapping[str, Any] | None = None,
    ) -> None:
        self.spec, self.kinds, self.label_delay = spec, dict(kinds), label_delay
        self._memory: MutableMapping[str, Any] = {} if memory is None else memory
        self._tables = [reference]
        self._positions: list[NDArray[np.int64]] = []
        self._fits: dict[int, Future[Fit]] = {}
        self._worker = ThreadPoolExecutor(max_workers=1)

    def __len__(self) -> int:
        return len(self._tables) - 1

    def append(self, batch: pd.DataFrame, positions: NDArray[np.int64] | None = None) -> None:
        """Add the next batch.

        Args:
            batch: Its canonical rows with labels, shape (n, columns).
            positions: Where each stood in the batch as it came, shape (n,); None: all are there.
        """
        self._tables.append(batch)
        self._positions.append(np.arange(len(batch)) if positions is None else positions)

    def labelled(
        self, set_aside: Iterable[int] = (), excluded: Sequence[Sequence[int]] = ()
    ) -> LabelledHistory:
        """The same tables for the loop in memory.

        Args:
            set_aside: Batches that nothing is learnt from.
            excluded: Positions of rows that nothing is learnt from, in each batch as it came.
        """
        tables, name = tuple(self._tables), self.spec.name
        marked = {k: np.isin(self._positions[k], rows) for k, rows in enumerate(excluded) if rows}
        aside = frozenset(set_aside)
        return LabelledHistory(name, self.spec, self.kinds, tables, aside, marked)

    def prepare(self, batch: int) -> None:
        """Begin the fit on all that is known before the labels of a batch come."""
        through = max(batch - 1 - self.label_delay, REFERENCE)
        if _loss_key(batch, through) not in self._memory:
            self.start(through)

    def occasions(self) -> range:
        """After the labels of which batches a retraining still serves a batch."""
        return range(max(len(self) - 1 - self.label_delay, 0))

    def start(self, through: int) -> Future[Fit]:
        """Begin the fit on all rows up to batch `through` (-1: the reference alone)."""
        if through not in self._fits:
            rows = pd.concat(self._tables[: through + 2], ignore_index=True)
            self._fits[through] = self._worker.submit(self._fit, sample(rows, self.spec))
        return self._fits[through]

    def loss(self, batch: int, through: int) -> float:
        """Mean primary loss on a batch of the model fitted on all rows up to another."""
        key = _loss_key(batch, through)
        if key not in self._memory:
            self._memory[key] = self.loss_of(batch, self.start(through).result().pipeline)
            self.seconds(through)
        return float(self._memory[key])

    def seconds(self, through: int) -> float:
        """What the fit on all rows up to a batch took."""
        key = f"seconds {through}"
        if key not in self._memory:
            self._memory[key] = self.start(through).result().seconds
        return float(self._memory[key])

    def loss_of(self, batch: int, pipeline: Pipeline) -> float:
        """Mean primary loss on a batch of any model."""
        rows = self._tables[batch + 1]
        values = predict(pipeline, rows[list(self.kinds)], self.spec.task)
        truth = truth_of(
            rows[self.spec.target], self.spec.task, classes_of(pipeline, self.spec.task)
        )
        losses = row_losses(values, truth, self.spec.task)[METRIC_NAMES[self.spec.task]]
        return float(losses.mean()) if len(losses) else float("nan")

    def rows(self) -> tuple[int, ...]:
        """Rows of each batch."""
        return tuple(len(table) for table in self._tables[1:])

    def tally(self, trained_after: Iterable[int], losses: Sequence[float] | None = None) -> Tally:
        """What a policy brings that retrains after these batches, whatever it sees."""
        after = sorted(trained_after)
        if losses is None:
            losses = [self.loss(i, self._newest(after, i)) for i in range(len(self))]
        seconds = sum((self.seconds(k) for k in after), start=0.0)
        return Tally(tuple(losses), len(after), len(after), seconds, len(after))

    def always(self, batch: int) -> float:
        """Loss on a batch of the model that is retrained whenever labels come."""
        return self.loss(batch, self._newest(self.occasions(), batch))

    def at_once(self) -> tuple[float, ...]:
        """Losses of retraining after every batch where its labels come before the next."""
        return tuple(self.loss(batch, batch - 1) for batch in range(len(self)))

    def never(self, batch: int) -> float:
        """Loss on a batch of the first champion."""
        return self.loss(batch, REFERENCE)

    def close(self) -> None:
        """Drop the fits that have not begun."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _newest(self, trained_after: Sequence[int], batch: int) -> int:
        known = batch - self.label_delay
        return max((k for k in trained_after if k < known), default=REFERENCE)

    def _fit(self, rows: pd.DataFrame) -> Fit:
        start = perf_counter()
        pipeline = fit(rows, self.spec, self.kinds)
        return Fit(pipeline, perf_counter() - start)


def _loss_key(batch: int, through: int) -> str:
    return f"loss {batch} {through}"


def evenly(trainings: int, batches: int) -> tuple[int, ...]:
    """After which of n batches to retrain k times, evenly spaced, never after the last.

    >>> evenly(2, 9)
    (2, 5)
    >>> evenly(0, 9)
    ()
    """
    at = np.arange(1, trainings + 1) * batches / (trainings + 1) - 1
    after = {min(max(round(float(a)), 0), batches - 2) for a in at}
    return tuple(sorted(k for k in after if k >= 0))
