"""Expected gain: what newer rows would have saved, and whether that is worth a training.

After every labelled batch the champion's own recipe is fitted with the rows that came since,
and both are compared on rows that neither has seen. What the champion lost against it adds up
from batch to batch: a training is worth its price once that much has been lost for want of it
(the rule for renting or buying; Karlin, Manasse, Rudolph and Sleator, 1988).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from incumbent.params import ModelSpec
from incumbent.policy.shadow import compare, judge
from incumbent.records import (
    Burden,
    DecisionInputs,
    Estimate,
    GainReport,
    JudgedBatch,
    ModelCard,
    PairedBlock,
    Reason,
    Ruling,
)
from incumbent.statistics.intervals import FEW_BLOCKS, borrow_noise, with_interval
from incumbent.statistics.slope import related

GAIN = "gain"


@dataclass(frozen=True)
class BacktestDesign:
    """What a backtest was made of.

    Attributes:
        rows: Rows of the whole batch.
        learnt: How many newer rows were fitted on.
        look: Which look at a challenger of this champion the gate's would be.
        within: Whether the newer rows are the older half of the batch itself.
        slope: Calibration slope of the recipe with newer rows on the same unseen rows.
    """

    rows: int
    learnt: int
    look: int
    within: bool = False
    slope: Estimate | None = None


def measure_gain(
    evidence: tuple[PairedBlock, ...], card: ModelCard, design: BacktestDesign
) -> GainReport:
    """What the recipe with newer rows saves against the champion on the same unseen rows.

    Args:
        evidence: Losses of the champion and of the recipe with newer rows, summed per day.
        card: The champion's: its spec, and the baseline whose noise of days is borrowed where the
            evidence is of fewer than five.
        design: Its sizes, and how often the gate has looked.

    No evidence saves NaN, without bounds. Fewer rows than the gate asks for pass: it would wait
    for more; so do rows of fewer than five days, unless it would reject them, and a part of the
    batch itself, which is no candidate for the gate.
    """
    spec = card.spec
    seen = compare(evidence, spec, design.look)
    verdict, few = judge(seen, Burden.REFRESH, spec).verdict, seen.primary.blocks < FEW_BLOCKS
    passes = verdict is Ruling.PROMOTE or (few and verdict is Ruling.EXTEND)
    passes = passes or design.within or seen.n < spec.shadow_min_labels
    saved = _turned(seen.primary, spec.harm_confidence)
    saved = borrow_noise(saved, card.baseline.loss, spec.harm_confidence)
    slope = design.slope
    slope = slope if slope is not None and math.isfinite(slope.value) else None
    name, loss = seen.metric_name, seen.champion_loss
    return GainReport(name, loss, saved, design.rows, design.learnt, passes, design.within, slope)


def is_significant(report: GainReport) -> bool:
    """Whether a backtest shows that newer rows help, and the gate would let them pass."""
    return report.passes and _positive(report.saved)


def larger_gain(first: GainReport, second: GainReport) -> GainReport:
    """Of two backtests the one that saves more: without and with a part of the batch itself.

    After a sudden change the rows before the batch teach nothing of it. The gate judges the
    first, so the second passes only with it. That labels are none of shuffled rows is known where
    either shows it.
    """
    slope = first.slope if related(first.slope) else second.slope
    if not second.saved.value > first.saved.value:
        return replace(first, slope=slope)
    return replace(second, passes=first.passes and second.passes, slope=slope)


def saved_since(inputs: DecisionInputs) -> Estimate | None:
    """Loss that newer rows would have saved since the champion came, summed over rows.

    S = sum_i n_i d_i over the batches that were backtested under this champion, this one
    included, with variance sum_i n_i^2 s_i^2 and the normal quantile of the spec's confidence at
    every look: what looking often may bring is a training too many, never a worse champion. The
    gate, whose error all looks share, decides on that. Where no look knows its own noise (batches
    of fewer than five days) and there are five or more, they tell it: k / (k - 1) times the sum of
    (n_i d_i - S / k)^2.

    Returns:
        The sum in units of the loss times rows; None where nothing is known of its noise.
    """
    gain = inputs.gain
    if gain is None:
        return None
    looks = [(p.rows, p.saved) for p in _served(inputs) if p.saved is not None]
    return _sum([*looks, (gain.rows, gain.saved)], inputs.spec.harm_confidence)


def gain_reasons(inputs: DecisionInputs) -> tuple[Reason, ...]:
    """A reason where what newer rows would have saved is shown, and worth a training.

    They must help on this batch as well, and the gate must let them pass: what it would hold
    back is not worth a training.
    """
    gain, total = inputs.gain, saved_since(inputs)
    if gain is None or total is None or not gain.passes:
        return ()
    if not (_positive(total) and gain.saved.value > 0):
        return ()
    usual = _batch_loss(inputs, gain)
    share, price = total.value / usual, training_price(inputs.spec, usual)
    if not share >= price:
        return ()
    text = (
        f"newer rows would have saved {share:.1%} of a batch's {gain.metric_name.replace('_', ' ')}"
        f" since version {inputs.champion} came, {price:.1%} pays a training"
    )
    return (Reason(GAIN, None, share, price, text),)


def training_price(spec: ModelSpec, batch_loss: float) -> float:
    """Share of a batch's loss that pays a training: from its costs where they are given.

    A training that costs C is worth it once S >= C / c is saved, S in units of loss times rows
    and c the cost of one; of a batch with the loss L that is the share C / (c L).

    Args:
        spec: The costs, or the price.
        batch_loss: Loss of a batch of usual size, summed over rows.

    >>> costs = {"decision_training_cost": 50.0, "decision_loss_cost": 2.0}
    >>> training_price(ModelSpec(name="m", task="binary", target="y", **costs), 500.0)
    0.05
    """
    if spec.decision_training_cost is None or spec.decision_loss_cost is None:
        return spec.decision_price
    return spec.decision_training_cost / (spec.decision_loss_cost * batch_loss)


def retraining_helps(inputs: DecisionInputs, *, broken: bool) -> bool:
    """Whether newer rows are shown to help a champion that does harm, at whatever price.

    Without a backtest nothing speaks against it. A plainly broken champion needs no proof: that
    they seem to help is enough.
    """
    gain = inputs.gain
    if gain is None:
        return True
    return gain.saved.value > 0 if broken else is_significant(gain)


def no_gain(inputs: DecisionInputs) -> Reason:
    """Why harm alone does not retrain: the backtest shows nothing that newer rows would mend."""
    saved = inputs.gain.saved if inputs.gain else Estimate(math.nan, None, None, None, 0, 0)
    interval = "" if saved.low is None else f" [{saved.low:+.4f}, {saved.high:+.4f}]"
    text = f"newer rows are not shown to help: they save {saved.value:+.4f}{interval}"
    return Reason(GAIN, None, saved.value if math.isfinite(saved.value) else None, 0.0, text)


def _turned(difference: Estimate, confidence: float) -> Estimate:
    """Challenger minus champion as what the challenger saves."""
    return with_interval(replace(difference, value=-difference.value), confidence)


def _served(inputs: DecisionInputs) -> tuple[JudgedBatch, ...]:
    return tuple(p for p in inputs.judged_batches if p.champion == inputs.champion)


def _sum(looks: Sequence[tuple[int, Estimate]], confidence: float) -> Estimate | None:
    value, error = sum(n * e.value for n, e in looks), _noise(looks)
    if error is None:
        return None
    reach = float(ndtri(confidence)) * error
    rows, blocks = sum(n for n, _ in looks), sum(e.blocks for _, e in looks)
    return Estimate(value, value - reach, value + reach, error, rows, blocks)


def _noise(looks: Sequence[tuple[int, Estimate]]) -> float | None:
    """Standard error of the sum: from the looks' own, or from how they differ."""
    if len(looks) >= FEW_BLOCKS and all(e.blocks < FEW_BLOCKS for _, e in looks):
        saved = np.array([n * e.value for n, e in looks])
        return float(saved.std(ddof=1)) * math.sqrt(len(looks))
    errors = [n * e.standard_error for n, e in looks if e.standard_error is not None]
    return math.hypot(*errors) if len(errors) == len(looks) else None


def _batch_loss(inputs: DecisionInputs, gain: GainReport) -> float:
    """The champion's loss on a batch of usual size, summed over rows."""
    sizes = [p.rows for p in inputs.judged_batches] + [gain.rows]
    return gain.champion_loss * float(np.mean(sizes)) or math.nan


def _positive(estimate: Estimate) -> bool:
    return estimate.low is not None and estimate.low > 0
