"""Expected gain: the loss that newer rows would have saved, and the price of a training.

After every labelled batch the champion's recipe is fitted with the newer rows as well, and both
models are compared on rows that neither was fitted on. The saved loss adds up over batches. A
training is worth its price once the sum reaches it (the ski rental rule; Karlin, Manasse,
Rudolph and Sleator, 1988).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from incumbent.params import DecisionRules
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
    """The design of a backtest.

    Attributes:
        rows: Rows of the whole batch.
        learnt: Number of newer rows in the fit.
        look: Number of the gate's next look at a challenger of this champion.
        within: Whether the newer rows are the older half of the batch itself.
        slope: Calibration slope of the refitted recipe on the held-out rows.
    """

    rows: int
    learnt: int
    look: int
    within: bool = False
    slope: Estimate | None = None


def measure_gain(
    evidence: tuple[PairedBlock, ...], card: ModelCard, design: BacktestDesign
) -> GainReport:
    """Loss saved by the recipe with newer rows, against the champion on the same held-out rows.

    Args:
        evidence: Losses of the champion and of the recipe with newer rows, summed per day.
        card: The champion's card, with its spec. Its baseline lends its standard error to evidence
            of fewer than five days.
        design: The design of the backtest.

    Without evidence the saved loss is NaN, without bounds. `passes` is true where the gate would
    promote the model; also with fewer rows than the gate needs, with fewer than five days unless
    the gate would reject, and for a backtest within the batch, which is no candidate.
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
    """Whether the saved loss is significant, and the backtest passes."""
    return report.passes and _positive(report.saved)


def larger_gain(first: GainReport, second: GainReport) -> GainReport:
    """The larger saving of two backtests: with earlier batches only, and within the batch.

    After a sudden change only rows of the batch itself reflect it. The gate judges a model of the
    first kind, so the result passes only if the first one passes. One related slope is enough to
    show that labels are not shuffled.
    """
    slope = first.slope if related(first.slope) else second.slope
    if not second.saved.value > first.saved.value:
        return replace(first, slope=slope)
    return replace(second, passes=first.passes and second.passes, slope=slope)


def saved_since(inputs: DecisionInputs) -> Estimate | None:
    """Loss that newer rows would have saved under this champion, summed over rows.

    S = sum_i n_i d_i over the batches that were backtested under this champion, this one
    included, with variance sum_i n_i^2 s_i^2 and the normal quantile of the spec's confidence at
    every look. Repeated looks can cause a superfluous training, never a worse champion: the gate
    decides on that, and its error is shared over all looks. Where all batches have fewer than
    five days, and there are k >= 5 of them, the variance is k / (k - 1) times the sum of
    (n_i d_i - S / k)^2.

    Returns:
        The sum in units of loss times rows; None without a backtest, or where its variance cannot
        be estimated.
    """
    gain = inputs.gain
    if gain is None:
        return None
    looks = [(p.rows, p.saved) for p in _served(inputs) if p.saved is not None]
    return _sum([*looks, (gain.rows, gain.saved)], inputs.spec.harm_confidence)


def gain_reasons(inputs: DecisionInputs) -> tuple[Reason, ...]:
    """A reason where the saved loss is significant and reaches the price of a training.

    The backtest of this batch must show a positive saving as well, and pass the gate: a challenger
    that the gate would reject is not worth its training.
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
        f" under version {inputs.champion}, price of a training {price:.1%}"
    )
    return (Reason(GAIN, None, share, price, text),)


def training_price(rules: DecisionRules, batch_loss: float) -> float:
    """Price of a training as a share of a batch's loss, from the costs where the spec has them.

    A training that costs C is worth it once S >= C / c is saved, with S in units of loss times
    rows and c the cost of one unit. For a batch with the loss L that is the share C / (c L).

    Args:
        rules: The costs, or the price.
        batch_loss: Loss of a batch of usual size, summed over rows.

    >>> training_price(DecisionRules(decision_training_cost=50.0, decision_loss_cost=2.0), 500.0)
    0.05
    """
    if rules.decision_training_cost is None or rules.decision_loss_cost is None:
        return rules.decision_price
    return rules.decision_training_cost / (rules.decision_loss_cost * batch_loss)


def retraining_helps(inputs: DecisionInputs, *, broken: bool) -> bool:
    """Whether the backtest supports a retraining for harm, at any price.

    True without a backtest. For a plainly broken champion a positive saving is enough, without
    significance.
    """
    gain = inputs.gain
    if gain is None:
        return True
    return gain.saved.value > 0 if broken else is_significant(gain)


def no_gain(inputs: DecisionInputs) -> Reason:
    """The reason against a retraining for harm: the backtest shows no significant saving."""
    saved = inputs.gain.saved if inputs.gain else Estimate(math.nan, None, None, None, 0, 0)
    interval = "" if saved.low is None else f" [{saved.low:+.4f}, {saved.high:+.4f}]"
    text = f"newer rows save {saved.value:+.4f}{interval}: no significant gain"
    return Reason(GAIN, None, saved.value if math.isfinite(saved.value) else None, 0.0, text)


def _turned(difference: Estimate, confidence: float) -> Estimate:
    """The difference challenger minus champion with its sign turned: the saved loss."""
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
    """Standard error of the sum: from those of the looks, or from the variance between looks."""
    if len(looks) >= FEW_BLOCKS and all(e.blocks < FEW_BLOCKS for _, e in looks):
        saved = np.array([n * e.value for n, e in looks])
        return float(saved.std(ddof=1)) * math.sqrt(len(looks))
    errors = [n * e.standard_error for n, e in looks if e.standard_error is not None]
    return math.hypot(*errors) if len(errors) == len(looks) else None


def _batch_loss(inputs: DecisionInputs, gain: GainReport) -> float:
    """The champion's loss on a batch of mean size, summed over rows; NaN where it is 0."""
    sizes = [p.rows for p in inputs.judged_batches] + [gain.rows]
    return gain.champion_loss * float(np.mean(sizes)) or math.nan


def _positive(estimate: Estimate) -> bool:
    return estimate.low is not None and estimate.low > 0
