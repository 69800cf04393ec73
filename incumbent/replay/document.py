"""What each policy brought and cost, side by side, as one JSON document."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from incumbent.params import ModelSpec
from incumbent.records import Batch, document
from incumbent.replay.trial import Trial, weighted
from incumbent.statistics.metrics import METRIC_NAMES

POLICIES = NEVER, ALWAYS, PERIODIC, INCUMBENT = "never", "always", "periodic", "incumbent"


@dataclass(frozen=True)
class AtOnce:
    """Losses of policies whose labels arrive as soon as a batch is scored, beside a delay."""

    label_delay: int
    losses: Mapping[str, Sequence[float]]


def replay_document(
    spec: ModelSpec,
    batches: Sequence[Batch],
    trials: Mapping[str, Trial],
    at_once: AtOnce | None = None,
) -> dict[str, Any]:
    """The JSON document of a replay.

    Args:
        spec: The model.
        batches: The batches, oldest first.
        trials: Every policy, the spec's own (`incumbent`) among them. The regret of each is its
            metric minus that of the best. A batch on which one policy has no loss (quarantined,
            no labels) counts for none.
        at_once: Where labels are late, the same policies with labels at once.
    """
    own, comparable = trials[INCUMBENT], _comparable(trials)
    weights = _weights(trials)
    best = min((m for m in comparable.values() if math.isfinite(m)), default=0.0)
    replayed = {
        "metric_name": METRIC_NAMES[spec.task],
        "lower_is_better": True,
        "policies": {
            name: _policy(trial, comparable[name], best) for name, trial in trials.items()
        },
        "batches": [
            {
                "batch": batch.id,
                "rows": batch.rows,
                "action": own.actions[i],
                "verdict": own.verdicts[i],
                "champion_version": own.scored_by[i],
                "metric": {name: trial.losses[i] for name, trial in trials.items()},
            }
            for i, batch in enumerate(batches)
        ],
        "delay": None if at_once is None else _delay(at_once, comparable, weights),
        "recommendation": None,
    }
    return cast("dict[str, Any]", document(replayed))


def _policy(trial: Trial, metric: float, best: float) -> dict[str, float]:
    return {
        "metric": metric,
        "regret": metric - best,
        "trainings": trial.trainings,
        "fits": trial.fits,
        "fit_seconds": trial.fit_seconds,
        "promotions": trial.promotions,
        "refusals": trial.refusals,
    }


def _weights(trials: Mapping[str, Trial]) -> list[int]:
    """Rows of each batch on which every policy has a loss; 0 for the others."""
    losses = np.array([trial.losses for trial in trials.values()])
    rows = next(iter(trials.values())).rows
    weights: list[int] = np.where(np.isfinite(losses).all(axis=0), rows, 0).tolist()
    return weights


def _comparable(trials: Mapping[str, Trial]) -> dict[str, float]:
    weights = _weights(trials)
    return {
        name: weighted(np.nan_to_num(trial.losses).tolist(), weights)
        for name, trial in trials.items()
    }


def _delay(at_once: AtOnce, late: Mapping[str, float], weights: Sequence[int]) -> dict[str, object]:
    """What it costs each policy that labels are late, on the same batches."""
    found: dict[str, object] = {"batches": at_once.label_delay}
    for name, losses in at_once.losses.items():
        metric, best = late[name], weighted(np.nan_to_num(losses).tolist(), weights)
        found[name] = {"metric": metric, "at_once": best, "cost": metric - best}
    return found
