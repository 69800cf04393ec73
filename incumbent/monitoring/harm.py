"""Harm: signals that the champion performs worse than its baseline, from matured labels."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from incumbent.data.labels import Labelled
from incumbent.monitoring.coverage import Coverage, uneven
from incumbent.monitoring.slices import slice_metrics, unsliced
from incumbent.params import Task
from incumbent.records import Estimate, HarmReport, HarmSignal, ModelCard
from incumbent.statistics.intervals import block_mean, difference, share_noise
from incumbent.statistics.metrics import (
    METRIC_NAMES,
    Scored,
    constant_loss,
    finite,
    gaps,
    metrics,
    row_losses,
    truth_of,
)
from incumbent.statistics.sequential import risk_above
from incumbent.statistics.slope import HALF, calibration_slope, unrelated

LOSS, CALIBRATION, SKILL, INVERSION = "loss", "calibration", "skill", "inversion"
RISK, UNRELATED, CONSTANT = "risk", "unrelated", "constant"
SURELY_SOME = 7.0  # expected rows; none at all has probability exp(-7), once in 1,100
NO_SKILL = 0.5
FAST_RULES = 3  # loss, and calibration on two sides; skill and inversion raise the loss as well


def judge_harm(
    labelled: Labelled,
    rows: int,
    card: ModelCard,
    earlier: Sequence[Estimate] = (),
    seen: Coverage | None = None,
) -> HarmReport:
    """Metrics of a batch with intervals over days, and the signals of harm.

    Args:
        labelled: The m labelled rows.
        rows: Rows of the batch, at least m.
        card: The champion's card, with its spec and baseline.
        earlier: The loss of each other batch that was judged under this champion.
        seen: Coverage of the labels by score band; None: it is not checked.

    Half of the error that the spec allows goes to a sequential test of the risk over all batches.
    The fast rules, which judge a single batch, share the other half equally. Each of them gives
    look k the share 1 / (k (k + 1)) of its error, so that all rules and looks at one champion
    together keep it (a union bound). The standard error of a batch is at least that of the
    baseline, scaled to the same number of days.

    The spec's slices have metrics, and never signals.

    Below `harm_min_labels`, and where coverage depends on the score, the report has metrics and
    no signals.
    """
    spec, values = card.spec, labelled.predictions.values
    truth = truth_of(labelled.labels, spec.task, card.classes)
    blocks, matured = labelled.predictions.blocks, len(truth)
    seen = seen or Coverage()
    enough = matured >= spec.harm_min_labels and not uneven(seen)
    scored = Scored(values, truth, blocks)
    found = metrics(scored, spec.task, card.threshold, spec.harm_confidence)
    return HarmReport(
        matured,
        rows,
        enough,
        METRIC_NAMES[spec.task],
        finite(found),
        card.baseline.loss,
        _signals(scored, found, card, earlier) if enough else (),
        latency=None,
        absent=absent_classes(truth, card.classes),
        coverage=seen.shares,
        fitted=card.fitted_loss,
        slices=slice_metrics(labelled.predictions, truth, card),
        unsliced=unsliced(labelled.predictions, spec),
        conflicts=labelled.conflicts,
        invalid=labelled.invalid,
        examples=() if spec.target in spec.sensitive else labelled.examples,
        coverage_p=seen.p,
    )


def absent_classes(truth: NDArray[np.float64], classes: tuple[str, ...]) -> tuple[str, ...]:
    """The classes without a label; empty where there are no labels at all."""
    held = set(truth.astype(int).tolist()) if classes else set()
    return tuple(name for k, name in enumerate(classes) if held and k not in held)


def _signals(
    scored: Scored,
    found: dict[str, Estimate],
    card: ModelCard,
    earlier: Sequence[Estimate],
) -> tuple[HarmSignal, ...]:
    task, confidence = card.spec.task, card.spec.harm_confidence
    values, truth, blocks = scored.values, scored.truth, scored.blocks
    card = at_look(card, len(earlier) + 1)
    losses = row_losses(values, truth, task)[METRIC_NAMES[task]]
    gap = block_mean(gaps(values, truth, task)[:, -1], blocks, card.spec.harm_confidence)
    constant = constant_loss(truth, task, max(len(card.classes), 1))
    signals = [
        loss_signal(block_mean(losses, blocks, card.spec.harm_confidence), card),
        *risk_signals([*earlier, found[METRIC_NAMES[task]]], half_error(confidence), card),
        calibration_signal(gap, card),
    ]
    if constant > 0:  # with labels of one value the best constant has no loss to compare with
        excess = block_mean(losses - constant, blocks, card.spec.harm_confidence)
        signals.append(skill_signal(excess, card))
    else:
        signals.append(constant_signal(values, truth, card))
    if task is Task.BINARY and math.isfinite(found["auc"].value):
        signals.append(inversion_signal(found["auc"]))
    slope = calibration_slope(values, truth, task, confidence)
    return (*signals, unrelated_signal(slope)) if math.isfinite(slope.value) else tuple(signals)


def at_look(card: ModelCard, look: int) -> ModelCard:
    """The card with the confidence of a fast rule at look k: 1 - (a / 2) / (R k (k + 1)).

    R fast rules have half of the error; the sequential test is valid at every look by itself.
    """
    error = 1 - half_error(card.spec.harm_confidence)
    shared = 1 - error / (FAST_RULES * look * (look + 1))
    return replace(card, spec=card.spec.model_copy(update={"harm_confidence": shared}))


def half_error(confidence: float) -> float:
    """The confidence that leaves half of the error.

    >>> half_error(0.95)
    0.975
    """
    return (1 + confidence) / 2


def risk_signals(looks: Sequence[Estimate], confidence: float, card: ModelCard) -> list[HarmSignal]:
    """Risk since the champion's installation above the baseline and its tolerance."""
    baseline, tolerance = card.baseline.loss, card.spec.harm_tolerance
    above = risk_above(looks, baseline, tolerance, confidence)
    if above is None or above.low is None:
        return []
    tolerated = baseline.value * (1 + tolerance)
    name = card.baseline.metric_name.replace("_", " ")
    text = (
        f"{name} {above.value + tolerated:.3f} over {above.blocks} days under this champion,"
        f" baseline {baseline.value:.3f}, limit {tolerated:.3f}"
    )
    low = above.low + tolerated
    return [HarmSignal(RISK, above.value + tolerated, low, None, tolerated, above.low > 0, text)]


def loss_signal(loss: Estimate, card: ModelCard) -> HarmSignal:
    """Loss above the baseline by more than the tolerance, and significantly above it."""
    baseline, spec = card.baseline.loss, card.spec
    threshold = baseline.value * (1 + spec.harm_tolerance)
    loss, reference = (
        share_noise(loss, baseline, spec.harm_confidence),
        share_noise(baseline, loss, spec.harm_confidence),
    )
    excess = difference(loss, reference, spec.harm_confidence)
    harmed = loss.value > threshold and excess.low is not None and excess.low > 0
    name = card.baseline.metric_name.replace("_", " ")
    text = f"{name} {loss.value:.3f}, baseline {baseline.value:.3f}, limit {threshold:.3f}"
    return HarmSignal(LOSS, loss.value, loss.low, loss.high, threshold, harmed, text)


def calibration_signal(gap: Estimate, card: ModelCard) -> HarmSignal:
    """Mean prediction significantly different from the observed mean, beyond the noise of days.

    The noise comes from the held-out days of the version: a gap of B days may reach
    t s sqrt(1/B + 1/B0), and the tolerance (a share of the baseline loss) in any case. A gap on
    the held-out rows does not widen the limit: the correct gap is zero.
    """
    allowed = _allowed_gap(gap, card)
    gap = share_noise(gap, card.baseline.gap, card.spec.harm_confidence)
    significant = gap.low is not None and gap.high is not None and (gap.low > 0 or gap.high < 0)
    harmed = significant and abs(gap.value) > allowed
    text = f"predicted minus observed {gap.value:+.3f}, allowed ±{allowed:.3f}"
    return HarmSignal(CALIBRATION, gap.value, gap.low, gap.high, allowed, harmed, text)


def skill_signal(excess: Estimate, card: ModelCard) -> HarmSignal:
    """Loss above that of the best constant prediction: the features no longer help."""
    excess = share_noise(excess, card.baseline.loss, card.spec.harm_confidence)
    harmed = excess.low is not None and excess.low > 0
    name = card.baseline.metric_name.replace("_", " ")
    text = f"{name} {excess.value:+.3f} against the best constant"
    return HarmSignal(SKILL, excess.value, excess.low, excess.high, 0.0, harmed, text)


def constant_signal(
    values: NDArray[np.float64], truth: NDArray[np.float64], card: ModelCard
) -> HarmSignal:
    """Labels of one value only, where the predictions make that very unlikely.

    For classes: at least `SURELY_SOME` labels of other classes were expected. For a regression:
    the mean absolute error exceeds the baseline and its tolerance.
    """
    if card.spec.task is Task.REGRESSION:
        error = float(np.abs(values[:, 0] - truth).mean())
        tolerated = card.baseline.loss.value * (1 + card.spec.harm_tolerance)
        text = f"one value only: all {len(truth)} labels are {truth[0]:g}, mean error {error:.3f}"
        return HarmSignal(CONSTANT, error, None, None, tolerated, error > tolerated, text)
    only = int(truth[0])
    others = len(truth) - (float(values[:, only].sum()) if only >= 0 else 0.0)
    name = card.classes[only] if only >= 0 else "unknown to the model"
    text = (
        f"one class only: all {len(truth)} labels are {name}, where {others:.0f} others were"
        " expected"
    )
    return HarmSignal(CONSTANT, others, None, None, SURELY_SOME, others > SURELY_SOME, text)


def inversion_signal(auc: Estimate) -> HarmSignal:
    """ROC AUC significantly below one half: labels or scores are inverted."""
    harmed = auc.high is not None and auc.high < NO_SKILL
    return HarmSignal(
        INVERSION, auc.value, auc.low, auc.high, NO_SKILL, harmed, f"ROC AUC {auc.value:.3f}"
    )


def unrelated_signal(slope: Estimate) -> HarmSignal:
    """Labels that do not depend on the predictions: shuffled, or after a complete change."""
    text = f"calibration slope {slope.value:+.2f}: 1 is calibrated, 0 is shuffled labels"
    return HarmSignal(UNRELATED, slope.value, slope.low, slope.high, HALF, unrelated(slope), text)


def _allowed_gap(gap: Estimate, card: ModelCard) -> float:
    baseline, spec = card.baseline.gap, card.spec
    floor = spec.harm_tolerance * card.baseline.loss.value
    if baseline.standard_error is None or baseline.high is None:
        return floor
    reach = baseline.high - baseline.value
    return max(floor, reach * math.sqrt(1 + baseline.blocks / max(gap.blocks, 1)))
