"""Attribution of a changed loss to a covariate and a conditional shift.

The losses on held-out rows of the reference (P) and on a batch (Q) are compared on the shared
distribution S, with density proportional to p q / (p + q):

    L_Q - L_P = (E_S[l_P] - L_P) + (L_Q - E_S[l_Q])   covariate: other rows
              + (E_S[l_Q] - E_S[l_P])                  conditional: other outcomes for the same rows

(Cai, Namkoong and Yadlowsky, "Diagnosing model performance under distribution shift", 2023.) A
classifier gives pi(x), the probability that a row at x is from Q. Rows of P weigh pi, rows of Q
weigh 1 - pi: the weights are bounded, and samples without overlap are not attributed.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from incumbent.data.intake import blocks_of
from incumbent.model.baseline import HELD_OUT_ROWS, read_held_out
from incumbent.model.scoring import encoded, predict
from incumbent.params import ModelSpec, Task
from incumbent.records import Attribution, Cause, Estimate, FittedModel
from incumbent.statistics.intervals import (
    block_mean,
    block_ratio,
    difference,
    jackknife,
    with_interval,
)
from incumbent.statistics.metrics import METRIC_NAMES, Scored, roc_auc, row_losses, truth_of
from incumbent.statistics.overlap import share_of_second

Floats = NDArray[np.float64]
Blocks = NDArray[np.int64]

FEWEST_ROWS = 200
SMALLEST_OVERLAP = 0.1
MOSTLY = 0.8
MOST_LEFT = 0.5
COIN = 0.5


@dataclass(frozen=True)
class Sample:
    """Labelled rows that a model was not fitted on.

    Attributes:
        features: The encoded features and the model's own prediction, shape (n, p).
        losses: The loss of each row, shape (n,).
        truth: The class of each row by position, shape (n,); None for a regression.
        blocks: The block of each row, shape (n,).
    """

    features: Floats
    losses: Floats
    truth: Floats | None
    blocks: Blocks

    def __len__(self) -> int:
        return len(self.losses)


def attribute_change(model: FittedModel, rows: pd.DataFrame, spec: ModelSpec) -> Attribution:
    """Attribute the change of the loss on labelled rows since a version was judged.

    Args:
        model: The version, with its held-out rows.
        rows: Canonical rows of a batch with their labels, shape (m, columns).
        spec: The current confidence and seed.
    """
    drawn = np.random.default_rng(spec.training_seed).permutation(len(rows))[:HELD_OUT_ROWS]
    sample, (held_out, judged) = rows.iloc[np.sort(drawn)], read_held_out(model)
    features = sample[list(held_out.columns)]
    values = predict(model.pipeline, features, spec.task)
    truth = truth_of(sample[spec.target], spec.task, model.card.classes)
    reference = _sample(model.pipeline, held_out, judged, spec.task)
    scored = Scored(values, truth, blocks_of(sample, spec))
    batch = _sample(model.pipeline, features, scored, spec.task)
    return attribute(reference, batch, spec.harm_confidence, spec.training_seed)


def attribute(reference: Sample, batch: Sample, confidence: float, seed: int) -> Attribution:
    """Split the change of a loss into its parts, and name the cause where one is enough.

    Args:
        reference: Held-out rows of the model.
        batch: Rows of a batch with their labels.
        confidence: Confidence of each bound, one-sided.
        seed: Seed of the classifiers.

    A cause is named where it alone explains the change within noise. Several possible causes, too
    few rows, or too little overlap are ambiguous.
    """
    change = difference(
        block_mean(batch.losses, batch.blocks, confidence),
        block_mean(reference.losses, reference.blocks, confidence),
        confidence,
    )
    if min(len(reference), len(batch)) < FEWEST_ROWS:
        return Attribution(change, None, None, None, None, Cause.AMBIGUOUS)
    share = share_of_second(
        (reference.features, batch.features), (reference.blocks, batch.blocks), seed
    )
    w_p, w_q = share[: len(reference)], 1 - share[len(reference) :]
    overlap = float(min(w_p.mean(), w_q.mean())) / COIN
    if overlap < SMALLEST_OVERLAP:
        return Attribution(change, None, None, None, overlap, Cause.AMBIGUOUS)
    conditional = difference(
        block_ratio(w_q * batch.losses, w_q, batch.blocks, confidence),
        block_ratio(w_p * reference.losses, w_p, reference.blocks, confidence),
        confidence,
    )
    covariate = difference(
        _moved(batch, w_q, confidence), _moved(reference, w_p, confidence), confidence
    )
    prior = prior_alone(reference, batch, confidence, seed)
    cause = _cause(change, covariate, conditional, prior=prior)
    return Attribution(change, covariate, conditional, prior, overlap, cause)


def prior_alone(reference: Sample, batch: Sample, confidence: float, seed: int) -> bool | None:
    """Whether a change of the class shares alone (prior shift) explains a changed loss.

    It does if three conditions hold: the class shares changed significantly; with the reference
    reweighted to the batch's class shares, less than half of the change of the loss remains, with
    its whole interval; and no classifier tells the reweighted samples apart by features and
    class. Each test has half of the error. The remaining change must be significantly small, so
    that too few rows do not name this cause.

    Returns:
        None for a regression, and where a class of the batch has no row in the reference.
    """
    if reference.truth is None or batch.truth is None:
        return None
    weights = _class_weights(reference.truth, batch.truth)
    if weights is None:
        return None
    each = 1 - (1 - confidence) / 2
    if not _shares_differ(reference, batch, each):
        return False
    expected = block_ratio(weights * reference.losses, weights, reference.blocks, each)
    remaining = difference(block_mean(batch.losses, batch.blocks, each), expected, each)
    change = float(batch.losses.mean() - reference.losses.mean())
    within = _within(remaining, abs(change) * MOST_LEFT)
    return within and not _told_apart(reference, batch, weights, each, seed)


def _sample(pipeline: Pipeline, features: pd.DataFrame, scored: Scored, task: Task) -> Sample:
    losses = row_losses(scored.values, scored.truth, task)[METRIC_NAMES[task]]
    classes = None if task is Task.REGRESSION else scored.truth
    return Sample(encoded(pipeline, features, scored.values), losses, classes, scored.blocks)


def _moved(sample: Sample, weights: Floats, confidence: float) -> Estimate:
    """Mean loss minus weighted mean loss, with a linearised interval over blocks."""
    losses, n = sample.losses, len(sample)
    mean, weighted = float(losses.mean()), float(np.average(losses, weights=weights))
    influence = (losses - mean) / n - weights * (losses - weighted) / weights.sum()
    _, block = np.unique(sample.blocks, return_inverse=True)
    by_block = np.bincount(block, weights=influence)
    count = len(by_block)
    if count < 2:  # noqa: PLR2004 - one block gives no variance between blocks
        return Estimate(mean - weighted, None, None, None, n, count)
    error = math.sqrt(count / (count - 1) * float(by_block @ by_block))
    return with_interval(Estimate(mean - weighted, None, None, error, n, count), confidence)


def _class_weights(reference: Floats, batch: Floats) -> Floats | None:
    classes = np.unique(np.concatenate([reference, batch])).astype(int)
    weights = np.zeros(len(reference))
    for k in classes:
        before, now = (reference == k).mean(), (batch == k).mean()
        if before == 0:
            return None
        weights[reference == k] = now / before
    return weights


def _shares_differ(reference: Sample, batch: Sample, confidence: float) -> bool:
    """Whether the share of any class differs significantly (Bonferroni over the classes)."""
    assert reference.truth is not None  # noqa: S101 - called for classifiers only
    assert batch.truth is not None  # noqa: S101 - the same
    classes = np.unique(reference.truth)
    each = 1 - (1 - confidence) / len(classes)
    for k in classes:
        before = block_mean((reference.truth == k).astype(float), reference.blocks, each)
        now = block_mean((batch.truth == k).astype(float), batch.blocks, each)
        if _differs(difference(now, before, each)):
            return True
    return False


def _told_apart(
    reference: Sample, batch: Sample, weights: Floats, confidence: float, seed: int
) -> bool:
    """Whether a classifier tells the samples apart after their class shares are made equal.

    Rows of the reference are sampled by their weights, so that the unweighted AUC and its jackknife
    over blocks apply.
    """
    assert reference.truth is not None  # noqa: S101 - called for classifiers only
    assert batch.truth is not None  # noqa: S101 - the same
    features = (
        np.column_stack([reference.features, reference.truth]),
        np.column_stack([batch.features, batch.truth]),
    )
    share = share_of_second(features, (reference.blocks, batch.blocks), seed, weights)
    chance = np.random.default_rng(seed).random(len(reference))
    drawn = np.concatenate([chance * weights.max() < weights, np.ones(len(batch), dtype=bool)])
    of_batch = np.repeat([False, True], [len(reference), len(batch)])[drawn]
    # Blocks of different samples stay different, also where both samples have the same day.
    blocks = np.concatenate([2 * reference.blocks, 2 * batch.blocks + 1])[drawn]
    scores = share[drawn]
    auc = jackknife(lambda rows: roc_auc(scores[rows], of_batch[rows]), blocks, confidence)
    return auc.low is not None and auc.low > COIN


def _cause(
    change: Estimate, covariate: Estimate, conditional: Estimate, *, prior: bool | None
) -> Cause:
    """The cause that explains the change; `NONE` where the change is not significant."""
    if not _differs(change):
        return Cause.NONE
    if prior:
        return Cause.PRIOR
    parts = abs(covariate.value) + abs(conditional.value)
    if not parts > 0:
        return Cause.AMBIGUOUS
    mostly = abs(conditional.value) / parts
    if mostly >= MOSTLY and _differs(conditional):
        return Cause.CONDITIONAL
    if mostly <= 1 - MOSTLY and _differs(covariate):
        return Cause.COVARIATE
    both = _differs(covariate) and _differs(conditional)
    return Cause.BOTH if both else Cause.AMBIGUOUS


def _within(estimate: Estimate, bound: float) -> bool:
    """Whether an interval lies within a bound on both sides of zero."""
    low, high = estimate.low, estimate.high
    return low is not None and high is not None and -bound < low and high < bound


def _differs(estimate: Estimate) -> bool:
    low, high = estimate.low, estimate.high
    return low is not None and high is not None and not low <= 0 <= high
