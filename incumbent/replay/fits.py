"""Every model of a history and what is known of it, made at most once."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from incumbent.data.intake import blocks_of
from incumbent.data.profile import count, profile
from incumbent.data.profile.windows import blocks_in
from incumbent.model.scoring import classes_of, predict
from incumbent.model.training import (
    fit,
    halves,
    importances,
    newest_of_each,
    recency,
    sample,
    split,
)
from incumbent.monitoring.drift import drift
from incumbent.params import ModelSpec
from incumbent.policy.shadow import Losses
from incumbent.records import DriftReport, Profile
from incumbent.replay.labelled_history import LabelledHistory
from incumbent.statistics.metrics import row_losses, truth_of

Said = tuple[NDArray[np.float64], Losses]


@dataclass(frozen=True)
class FitKey:
    """A model: the rows up to a batch, newer ones counting more or all alike, half of the next.

    `without` are batches whose labels were faulty.
    """

    through: int
    recent: bool
    half: bool = False
    without: frozenset[int] = field(default=frozenset(), repr=False)


class Fits:
    """Models of one recipe on a history, with their losses, profiles and drifts, each made once.

    Args:
        history: The labelled tables.
        spec: The recipe (`training_...`). Policies that differ in other fields share the fits.
    """

    def __init__(self, history: LabelledHistory, spec: ModelSpec) -> None:
        self.history, self.spec = history, spec
        self._models: dict[FitKey, Pipeline] = {}
        self._first: tuple[Pipeline, pd.DataFrame] | None = None
        self._sizes: dict[FitKey, int] = {}
        self._losses: dict[tuple[int, FitKey], Said] = {}
        self._profiles: dict[FitKey, Profile] = {}
        self._drifts: dict[tuple[int, FitKey, float, float], DriftReport] = {}

    def model(self, key: FitKey) -> Pipeline:
        """The recipe fitted on the rows that the key names."""
        if key not in self._models:
            self._models[key] = self._made(key)
        return self._models[key]

    def rows(self, key: FitKey) -> pd.DataFrame:
        """The rows that a model was fitted on."""
        rows = self.history.through(key.through, key.without)
        cut = halves(self.history.training_batch(key.through + 1), self.spec) if key.half else None
        if cut is not None:
            rows = pd.concat([rows, cut[0]], ignore_index=True)
        return sample(newest_of_each(rows, self.spec) if key.recent else rows, self.spec)

    def judged_first(self) -> tuple[Pipeline, pd.DataFrame]:
        """The recipe fitted on the older part of the reference, and the tail that judges it."""
        if self._first is None:
            head, tail = split(self.rows(FitKey(-1, recent=False)), self.spec)
            self._first = fit(head, self.spec, self.history.kinds), tail
        return self._first

    def size(self, key: FitKey) -> int:
        """How many rows a model was fitted on."""
        if key not in self._sizes:
            self._sizes[key] = len(self.rows(key))
        return self._sizes[key]

    def losses(self, batch: int, key: FitKey) -> Said:
        """Predictions of a batch, shape (n, k), and the losses of its rows by metric."""
        if (batch, key) not in self._losses:
            self._losses[batch, key] = self.on(self.history.batch(batch), key)
        return self._losses[batch, key]

    def judging(self, batch: int, key: FitKey) -> Losses:
        """The losses of those rows of a batch that may say which of two models is better."""
        known = self.history.trainable(batch)
        return {name: loss[known] for name, loss in self.losses(batch, key)[1].items()}

    def on(self, rows: pd.DataFrame, key: FitKey) -> Said:
        """Predictions of any rows, and their losses by metric."""
        task, model = self.spec.task, self.model(key)
        values = predict(model, rows[list(self.history.kinds)], task)
        truth = truth_of(rows[self.spec.target], task, classes_of(model, task))
        return values, row_losses(values, truth, task)

    def drift(self, batch: int, key: FitKey, rules: ModelSpec) -> DriftReport:
        """A batch beside the rows that a model was fitted on, as if no batch came before it."""
        known = (batch, key, rules.drift_q, rules.drift_effect_floor)
        if known not in self._drifts:
            reference, rows = self._profile(key), self.history.batch(batch)
            counted = count(rows, reference, blocks_in(blocks_of(rows, self.spec)))
            self._drifts[known] = drift(counted, reference, rules)
        return self._drifts[known]

    def _profile(self, key: FitKey) -> Profile:
        if key not in self._profiles:
            rows, kinds = self.rows(key), self.history.kinds
            blocks = None if self.spec.timestamp is None else blocks_of(rows, self.spec)
            weights = importances(self.model(key), rows, self.spec, kinds)
            self._profiles[key] = replace(profile(rows, kinds, blocks), weights=weights)
        return self._profiles[key]

    def _made(self, key: FitKey) -> Pipeline:
        rows = self.rows(key)
        weights = recency(rows, self.spec) if key.recent else None
        return fit(rows, self.spec, self.history.kinds, weights)
