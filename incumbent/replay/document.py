"""What each policy brought and cost, side by side, as one JSON document."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from incumbent.params import ModelSpec
from incumbent.records import document
from incumbent.statistics.metrics import METRIC_NAMES

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
class AtOnce:
    """Losses of policies whose labels come as soon as a batch is scored, beside a delay."""

    label_delay: int
    losses: Mapping[str, Sequence[float]]


def weighted(losses: Sequence[float], rows: Sequence[int]) -> float:
    """Mean loss of a history, each batch by its rows; NaN where there are none."""
    return float(np.average(losses, weights=rows)) if sum(rows) else math.nan


def replay_document(
    spec: ModelSpec,
    documents: Sequence[Mapping[str, Any]],
    tallies: Mapping[str, Tally],
    rows: Sequence[int],
    at_once: AtOnce | None = None,
) -> dict[str, Any]:
    """The JSON document of a replay.

    Args:
        spec: The model.
        documents: What `monitor` said of each batch.
        tallies: Every policy, incumbent's own among them. The regret of each is its metric minus
            that of the best.
        rows: Rows of each batch: the weights of the policies' metrics. A batch that one policy
            has no loss on (quarantined, no labels) counts for none.
        at_once: Where labels come late, the same policies with labels at once.
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
        "delay": None if at_once is None else _delay(at_once, comparable, weights),
        "recommendation": None,
    }
    return cast("dict[str, Any]", document(replayed))


def _delay(at_once: AtOnce, late: Mapping[str, float], weights: Sequence[int]) -> dict[str, object]:
    """What it costs each policy that labels come late, on the same batches."""
    found: dict[str, object] = {"batches": at_once.label_delay}
    for name, losses in at_once.losses.items():
        metric, best = late[name], weighted(np.nan_to_num(losses).tolist(), weights)
        found[name] = {"metric": metric, "at_once": best, "cost": metric - best}
    return found


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
