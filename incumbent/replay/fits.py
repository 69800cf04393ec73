"""Every model of a history, its predictions and its drift, made at most once."""

from collections.abc import MutableMapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from incumbent.data.intake import blocks_of, period_of
from incumbent.data.profile import count, profile
from incumbent.data.profile.windows import blocks_in
from incumbent.digest import text_digest
from incumbent.loop.fitting import fit_contender, training_set_of
from incumbent.loop.state import Contender, Evaluation, FitKey, Part
from incumbent.loop.teaching import in_part
from incumbent.model.scoring import classes_of, predict
from incumbent.model.training import evaluate_recipe, importances
from incumbent.model.windows import sample
from incumbent.monitoring.drift import drift
from incumbent.params import ModelSpec
from incumbent.records import (
    ColumnProfile,
    Cost,
    DriftReport,
    HeldOutEvaluation,
    ModelCard,
    Predictions,
    Profile,
    TrainingSet,
)
from incumbent.replay.labelled_history import LabelledHistory
from incumbent.statistics.metrics import METRIC_NAMES, row_losses, truth_of

FIRST = FitKey(recent=False)  # the first champion: the reference, all rows alike


class Fits:
    """Models of one recipe on a history, with their predictions, profiles and drift.

    Args:
        history: The labelled tables.
        spec: The recipe. Policies that differ in other fields share the fits.
        memory: Losses and seconds that are known from an earlier replay, and where new ones are
            kept.
    """

    def __init__(
        self,
        history: LabelledHistory,
        spec: ModelSpec,
        memory: MutableMapping[str, Any] | None = None,
    ) -> None:
        self.history, self.spec = history, spec
        self._memory: MutableMapping[str, Any] = {} if memory is None else memory
        self._models: dict[FitKey, Future[Contender]] = {}
        self._worker = ThreadPoolExecutor(max_workers=1)
        self._positions: dict[str, NDArray[np.int64]] = {}
        self._first: HeldOutEvaluation | None = None
        self._cards: dict[FitKey, ModelCard] = {}
        self._predictions: dict[tuple[int, FitKey], Predictions] = {}
        self._profiles: dict[FitKey, Profile] = {}
        self._drifts: dict[tuple[int, FitKey, float, float], DriftReport] = {}

    def close(self) -> None:
        """Drop the fits that have not begun."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def begin(self, key: FitKey) -> None:
        """Begin a fit beside the caller."""
        if key not in self._models:
            self._models[key] = self._worker.submit(self._fit, self.fitted_rows(key), key)

    def model(self, key: FitKey) -> Pipeline:
        """The recipe fitted on the rows of a key."""
        return self._made(key).pipeline

    def contender(self, key: FitKey) -> Contender:
        """The same as one of two models that are compared, at the cost of one fit."""
        return replace(self._made(key), cost=Cost(1, self.seconds(key)))

    def seconds(self, key: FitKey) -> float:
        """What a fit took."""
        name = f"seconds {_named(key)}"
        if name not in self._memory:
            self._memory[name] = self._made(key).cost.fit_seconds
        return float(self._memory[name])

    def fitted_rows(self, key: FitKey) -> pd.DataFrame:
        """The rows of a key: each id once, sampled where there are too many."""
        tables = [self.history.reference, *(self.rows(batch) for batch in key.batches)]
        if key.half is not None:
            tables.append(self.rows(key.half, Part.OLDER))
        return training_set_of(tables, self.spec)

    def rows(self, batch: str, part: Part = Part.WHOLE) -> pd.DataFrame:
        """The rows of a batch, or of a part of it, that a model may learn from."""
        arrived = self.history.batch(int(batch))
        rows = arrived.rows.iloc[self._teachable(batch)]
        return rows[in_part(rows, part, self.spec)].reset_index(drop=True)

    def evaluation(self) -> HeldOutEvaluation:
        """The baseline of the first champion, from the held-out tail of the reference."""
        if self._first is None:
            rows = sample(self.history.reference, self.spec)
            self._first = evaluate_recipe(rows, self.spec, self.history.kinds)
        return self._first

    def predictions(self, position: int, key: FitKey) -> Predictions:
        """Predictions of all rows of a batch."""
        if (position, key) not in self._predictions:
            batch = self.history.batch(position)
            values = predict(self.model(key), batch.features, self.spec.task)
            self._predictions[position, key] = batch.predictions(values)
        return self._predictions[position, key]

    def evaluate(self, key: FitKey, batch: str, part: Part) -> Evaluation:
        """A model on the rows of a batch that it may be compared on."""
        at = self._teachable(batch)
        rows = self.history.batch(int(batch)).rows.iloc[at]
        values = self.predictions(int(batch), key).values[at]
        return self._evaluated(key, values, rows).of(in_part(rows, part, self.spec))

    def mean_loss(self, position: int, key: FitKey) -> float:
        """Mean primary loss on the labelled rows of a batch; NaN without labels."""
        name = f"loss {position} {_named(key)}"
        if name not in self._memory:
            self._memory[name] = self._mean_loss(position, key)
        return float(self._memory[name])

    def labels_known(self, position: int) -> int:
        """Rows of a batch with a label."""
        return int(self.history.batch(position).rows[self.spec.target].notna().sum())

    def card(self, key: FitKey, evaluation: HeldOutEvaluation) -> ModelCard:
        """The card of a model; its profile names the columns, and `profile` counts them."""
        if key not in self._cards:
            rows, none = self.fitted_rows(key), np.empty(0)
            columns = {
                name: ColumnProfile(kind, 0, 0, none, (), none.astype(np.int64))
                for name, kind in self.history.kinds.items()
            }
            period = period_of(rows, self.spec)
            training = TrainingSet(str(key), len(rows), period, key.batches)
            classes = classes_of(self.model(key), self.spec.task)
            self._cards[key] = ModelCard(
                self.spec, classes, None, Profile(0, 0, columns), evaluation.baseline, training
            )
        return replace(
            self._cards[key], threshold=evaluation.threshold, baseline=evaluation.baseline
        )

    def profile(self, key: FitKey) -> Profile:
        """The profile of the rows that a model was fitted on, with its importances."""
        if key not in self._profiles:
            rows, kinds = self.fitted_rows(key), self.history.kinds
            blocks = None if self.spec.timestamp is None else blocks_of(rows, self.spec)
            weights = importances(self.model(key), rows, self.spec, kinds)
            self._profiles[key] = replace(profile(rows, kinds, blocks), weights=weights)
        return self._profiles[key]

    def drift(self, position: int, key: FitKey, rules: ModelSpec) -> DriftReport:
        """A batch beside the rows that a model was fitted on, as if no batch were before it."""
        known = (position, key, rules.drift_q, rules.drift_effect_floor)
        if known not in self._drifts:
            reference, rows = self.profile(key), self.history.batch(position).features
            counted = count(rows, reference, blocks_in(blocks_of(rows, self.spec)))
            self._drifts[known] = drift(counted, reference, rules)
        return self._drifts[known]

    def _teachable(self, batch: str) -> NDArray[np.int64]:
        """Positions of the rows of a batch that a model may learn from."""
        if batch not in self._positions:
            self._positions[batch] = self._find_teachable(batch)
        return self._positions[batch]

    def _find_teachable(self, batch: str) -> NDArray[np.int64]:
        arrived = self.history.batch(int(batch))
        unscored = arrived.predictions(np.empty((len(arrived.rows), 0)))
        labelled = arrived.labelled(unscored)
        if arrived.quarantined or labelled is None:
            return np.empty(0, dtype=np.int64)
        return labelled.positions[labelled.predictions.trainable]

    def _mean_loss(self, position: int, key: FitKey) -> float:
        batch = self.history.batch(position)
        known = batch.rows[self.spec.target].notna().to_numpy()
        if batch.quarantined or not known.any():
            return float("nan")
        values = self.predictions(position, key).values[known]
        losses = self._evaluated(key, values, batch.rows[known]).losses
        return float(losses[METRIC_NAMES[self.spec.task]].mean())

    def _evaluated(
        self, key: FitKey, values: NDArray[np.float64], rows: pd.DataFrame
    ) -> Evaluation:
        task = self.spec.task
        truth = truth_of(rows[self.spec.target], task, classes_of(self.model(key), task))
        return Evaluation(values, truth, row_losses(values, truth, task))

    def _made(self, key: FitKey) -> Contender:
        if key not in self._models:
            made: Future[Contender] = Future()
            made.set_result(self._fit(self.fitted_rows(key), key))
            self._models[key] = made
        return self._models[key].result()

    def _fit(self, rows: pd.DataFrame, key: FitKey) -> Contender:
        return fit_contender(key, rows, self.spec, self.history.kinds)


def _named(key: FitKey) -> str:
    return text_digest([*key.batches, "", str(key.half), str(key.recent)])[:16]
