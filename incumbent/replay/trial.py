"""Trial: what a policy did on a history, what it brought, and what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from incumbent.records import Action, Ruling


@dataclass(frozen=True)
class Trial:
    """What a policy did and brought on a history of n batches.

    Attributes:
        losses: Mean primary loss of each batch, by the model that scored it; NaN where the batch
            is quarantined or has no labels.
        rows: Rows of each batch with a label.
        actions: What was decided about each batch once its labels had arrived.
        verdicts: The gate's verdict after each batch; None where it was not asked.
        scored_by: Version that scored each batch; the first is 1.
        fits: Every fit behind the trainings: backtests, candidates, refits.
        fit_seconds: What they took.
        promotions: How many models were promoted.
        faulty: Batches whose labels were found faulty and never cleared.
    """

    losses: tuple[float, ...]
    rows: tuple[int, ...]
    actions: tuple[str, ...] = ()
    verdicts: tuple[str | None, ...] = ()
    scored_by: tuple[int, ...] = ()
    fits: int = 0
    fit_seconds: float = 0.0
    promotions: int = 0
    faulty: tuple[int, ...] = ()

    @property
    def loss(self) -> float:
        """Mean loss of the history, each batch by its rows; NaN where there are none."""
        return weighted(np.nan_to_num(self.losses).tolist(), self.rows)

    @property
    def trained(self) -> tuple[bool, ...]:
        """Whether the labels of each batch led to a training."""
        return tuple(action == Action.RETRAIN.value for action in self.actions)

    @property
    def trainings(self) -> int:
        """How many decisions to retrain there were."""
        return sum(self.trained)

    @property
    def refusals(self) -> int:
        """How many challengers the gate rejected."""
        return self.verdicts.count(Ruling.REJECT.value)


def weighted(losses: Sequence[float], rows: Sequence[int]) -> float:
    """Mean loss of a history, each batch by its rows; NaN where there are none."""
    return float(np.average(losses, weights=rows)) if sum(rows) else float("nan")


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
