"""What other policies would have brought on the same history: never, always, periodic.

A policy is a rule for which model scores which batch. Every model is the recipe fitted on the
reference and all batches up to some point, so that policies share their fits.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import Any, cast

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from incumbent.metrics import METRIC_NAMES, row_losses, truth_of
from incumbent.params import ModelSpec
from incumbent.records import document
from incumbent.scoring import predict
from incumbent.training import classes_of, fit, sample

REFERENCE = -1
FITTED = "backtest", "training"  # stages of a batch that fit models
POLICIES = NEVER, ALWAYS, PERIODIC, INCUMBENT = "never", "always", "periodic", "incumbent"


@dataclass(frozen=True)
class Tally:
    """What a policy cost and brought."""

    losses: tuple[float, ...]
    trainings: int = 0
    fits: int = 0
    fit_seconds: float = 0.0
    promotions: int = 0
    refusals: int = 0


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
    """

    def __init__(
        self,
        spec: ModelSpec,
        kinds: Mapping[str, str],
        reference: pd.DataFrame,
        label_delay: int = 0,
    ) -> None:
        self.spec, self.kinds, self.label_delay = spec, dict(kinds), label_delay
        self._tables = [reference]
        self._fits: dict[int, Future[Fit]] = {}
        self._losses: dict[tuple[int, int], float] = {}
        self._worker = ThreadPoolExecutor(max_workers=1)

    def __len__(self) -> int:
        return len(self._tables) - 1

    def append(self, batch: pd.DataFrame) -> None:
        """Add the next batch, canonical and labelled."""
        self._tables.append(batch)

    def prepare(self, batch: int) -> None:
        """Begin the fit on all that is known before the labels of a batch come."""
        self.start(max(batch - 1 - self.label_delay, REFERENCE))

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
        if (batch, through) not in self._losses:
            self._losses[batch, through] = self.loss_of(
                batch, self.start(through).result().pipeline
            )
        return self._losses[batch, through]

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
        seconds = sum((self.start(k).result().seconds for k in after), start=0.0)
        return Tally(tuple(losses), len(after), len(after), seconds, len(after))

    def always(self, batch: int) -> float:
        """Loss on a batch of the model that is retrained whenever labels come."""
        return self.loss(batch, self._newest(self.occasions(), batch))

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


def weighted(losses: Sequence[float], rows: Sequence[int]) -> float:
    """Mean loss of a history, each batch by its rows; NaN where there are none."""
    return float(np.average(losses, weights=rows)) if sum(rows) else math.nan


def replay_document(
    spec: ModelSpec,
    documents: Sequence[Mapping[str, Any]],
    tallies: Mapping[str, Tally],
    rows: Sequence[int],
) -> dict[str, Any]:
    """The JSON document of a replay.

    Args:
        spec: The model.
        documents: What `monitor` said of each batch.
        tallies: Every policy, incumbent's own among them. The regret of each is its metric minus
            that of the best.
        rows: Rows of each batch: the weights of the policies' metrics. A batch that one policy
            has no loss on (quarantined, no labels) counts for none.
    """
    losses = np.array([tally.losses for tally in tallies.values()])
    weights = np.where(np.isfinite(losses).all(axis=0), rows, 0).tolist()
    comparable = {
        name: weighted(np.nan_to_num(tally.losses).tolist(), weights)
        for name, tally in tallies.items()
    }
    best = min((metric for metric in comparable.values() if math.isfinite(metric)), default=0.0)
    replayed = {
        "metric_name": METRIC_NAMES[spec.task],
        "lower_is_better": True,
        "policies": {
            name: {
                "metric": comparable[name],
                "regret": comparable[name] - best,
                "trainings": tally.trainings,
                "fits": tally.fits,
                "fit_seconds": tally.fit_seconds,
                "promotions": tally.promotions,
                "refusals": tally.refusals,
            }
            for name, tally in tallies.items()
        },
        "batches": [
            {
                "batch": doc["batch"]["id"],
                "rows": doc["batch"]["rows"],
                "action": doc["decision"]["action"],
                "verdict": doc["verdict"]["verdict"] if doc["verdict"] else None,
                "champion_version": doc["scored_by"],
                "metric": {name: tally.losses[i] for name, tally in tallies.items()},
            }
            for i, doc in enumerate(documents)
        ],
    }
    return cast("dict[str, Any]", document(replayed))


def tally_of(documents: Sequence[Mapping[str, Any]], losses: Sequence[float]) -> Tally:
    """What incumbent's own policy brought, from what `monitor` said of each batch.

    Args:
        documents: One for each batch, when its labels had come.
        losses: Of the champion that scored each batch.
    """
    trained = [d for d in documents if d["training"] is not None]
    costs = [d[stage] for d in documents for stage in FITTED if d.get(stage) is not None]
    verdicts = [d["verdict"]["verdict"] for d in trained]
    return Tally(
        tuple(losses),
        sum(d["decision"]["action"] == "retrain" for d in documents),
        sum(cost["fits"] for cost in costs),
        sum(cost["fit_seconds"] for cost in costs),
        verdicts.count("promote"),
        verdicts.count("reject"),
    )
