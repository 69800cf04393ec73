"""Recommendation: the trigger and thresholds with the lowest cost on a history, and its evidence.

The older half of the batches selects a policy and the newer half judges it, so that a policy that
did well by chance is not recommended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from incumbent.params import ModelSpec
from incumbent.policy.gain import training_price
from incumbent.records import Estimate, document
from incumbent.replay.candidates import Candidate
from incumbent.replay.policy_name import named_policy
from incumbent.replay.trial import Trial
from incumbent.statistics.intervals import FEW_BLOCKS, ratio_of_blocks
from incumbent.statistics.metrics import METRIC_NAMES


@dataclass(frozen=True)
class Valued:
    """A policy with its trial, and the cost of each batch: its loss, and the price of trainings."""

    candidate: Candidate
    trial: Trial
    costs: NDArray[np.float64]
    rows: NDArray[np.float64]

    def value(self, part: slice = slice(None)) -> float:
        """Cost per row, in units of the loss; NaN without rows."""
        rows = float(self.rows[part].sum())
        return float(self.costs[part].sum()) / rows if rows else float("nan")


def recommend(
    spec: ModelSpec, found: Sequence[tuple[Candidate, Trial]], label_delay: int = 0
) -> dict[str, Any]:
    """The recommended policy, and its evidence.

    The value of a policy is V = sum_i (n_i L_i + K t_i) / sum_i n_i over batches of n_i rows: its
    mean loss L_i, and K for each training t_i before a batch. K is the cost of a training in
    the spec: `decision_price` times the loss of a mean batch under the spec's own policy,
    or the ratio of the two costs. The best of the older half is recommended where the newer half
    shows it to be better than the spec's own: by the paired difference of V, with an interval
    whose unit is the batch, at the spec's `harm_confidence`, from five batches on.

    Args:
        spec: The present spec.
        found: Every policy with its trial; the spec's own is the first.
        label_delay: After how many more batches the labels of a batch arrive.

    Returns:
        JSON: trigger, settings (to set; none: keep the spec), criterion, metric, trainings,
        sure, text, difference, halves_agree, and evidence, ordered by value.
    """
    valued = _valued(spec, found, label_delay)
    own, half = valued[0], len(valued[0].rows) // 2
    older, newer = slice(None, half), slice(half, None)
    chosen = min(valued, key=lambda v: v.value(older)) if half else own
    again = min(valued, key=lambda v: v.value(newer))
    shown = _against(own, chosen, newer, spec.harm_confidence)
    sure = shown.blocks >= FEW_BLOCKS and shown.high is not None and shown.high < 0
    advised = chosen if sure else own
    return cast(
        "dict[str, Any]",
        document(
            {
                "trigger": advised.candidate.trigger,
                "settings": advised.candidate.settings,
                "criterion": _criterion(spec),
                "metric": advised.trial.loss,
                "trainings": advised.trial.trainings,
                "sure": sure,
                "text": _text(valued, chosen, again, shown, sure=sure),
                "difference": shown,
                "halves_agree": chosen is again,
                "evidence": [_evidence(v, older, newer) for v in sorted(valued, key=_worth)],
            }
        ),
    )


def _valued(
    spec: ModelSpec, found: Sequence[tuple[Candidate, Trial]], label_delay: int
) -> list[Valued]:
    rows = np.array(found[0][1].rows, dtype=np.float64)
    last = len(rows) - 1 - label_delay
    own = _lost(found[0][1])
    usual = float(own[rows > 0].mean()) if rows.any() else 0.0
    price = training_price(spec, usual) * usual if usual else 0.0
    return [
        Valued(
            c,
            t,
            _lost(t) + price * (np.array(t.trained, dtype=bool) & (np.arange(len(rows)) < last)),
            rows,
        )
        for c, t in found
    ]


def _lost(trial: Trial) -> NDArray[np.float64]:
    """Loss of each batch, summed over rows."""
    return np.asarray(np.nan_to_num(trial.losses) * np.array(trial.rows), dtype=np.float64)


def _against(own: Valued, other: Valued, part: slice, confidence: float) -> Estimate:
    """Value of another policy minus the spec's own, with an interval over batches."""
    held = own.rows[part] > 0
    difference, rows = (other.costs - own.costs)[part][held], own.rows[part][held]
    return ratio_of_blocks(difference, rows, int(rows.sum()), confidence)


def _worth(valued: Valued) -> float:
    return valued.value()


def _evidence(valued: Valued, older: slice, newer: slice) -> Mapping[str, Any]:
    return {
        "trigger": valued.candidate.trigger,
        "settings": valued.candidate.settings,
        "metric": valued.trial.loss,
        "trainings": valued.trial.trainings,
        "value": valued.value(),
        "first_half": valued.value(older),
        "second_half": valued.value(newer),
    }


def _criterion(spec: ModelSpec) -> str:
    metric = METRIC_NAMES[spec.task].replace("_", " ")
    if spec.decision_training_cost is None or spec.decision_loss_cost is None:
        return f"{metric} per row, a training at {spec.decision_price:.1%} of a batch's {metric}"
    ratio = spec.decision_training_cost / spec.decision_loss_cost
    return f"{metric} per row, a training at {ratio:g} rows times {metric}"


def _text(
    valued: Sequence[Valued], chosen: Valued, again: Valued, shown: Estimate, *, sure: bool
) -> str:
    if chosen is valued[0]:
        both = "either half" if again is chosen else "the older half of the batches"
        return (
            f"Keep the spec as it is: on {both} none of {len(valued) - 1} other policies did better"
        )
    named = named_policy(chosen.candidate.trigger, chosen.candidate.settings)
    cost = f"{shown.value:+.4f}"
    if shown.low is not None and shown.high is not None:
        cost += f" [{shown.low:+.4f}, {shown.high:+.4f}]"
    agreed = "did best on both halves" if again is chosen else "did best on the older half"
    judged = f"{named} {agreed}; on the newer half it cost {cost} a row beside the spec as it is"
    if sure:
        return f"Set {named}: it {agreed}; on the newer half it cost {cost} a row beside the spec"
    few = shown.blocks < FEW_BLOCKS
    why = f"{shown.blocks} batches are too few to judge by" if few else "no more than the noise"
    why = "which is no better" if shown.value >= 0 else why
    return f"Keep the spec as it is, not sure: {judged}, {why}"
