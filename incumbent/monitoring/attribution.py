"""Attribution: whether a loss has changed because other questions come, or other answers.

The loss on held-out rows of the reference (P) and on a batch (Q) is compared where both have
rows, on the shared distribution S with density proportional to p q / (p + q):

    L_Q - L_P = (E_S[l_P] - L_P) + (L_Q - E_S[l_Q])   covariate: other rows
              + (E_S[l_Q] - E_S[l_P])                  conditional: other answers to the same rows

(Cai, Namkoong and Yadlowsky, "Diagnosing model performance under distribution shift", 2023.) With
the share of Q's rows at x, pi(x), from a classifier of the two samples, a row of P weighs pi and
a row of Q 1 - pi: weights never explode, and where nothing is shared nothing is claimed.
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
        features: As a model reads them, its own prediction among them, shape (n, p).
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
    """Why the loss on labelled rows is another one than when a version was judged.

    Args:
        model: The version, with the rows that it was judged on.
        rows: Canonical rows of a batch with their labels, shape (m, columns).
        spec: Today's confidence and seed.
    """
    drawn = np.random.default_rng(spec.training_seed).permutation(len(rows))[:HELD_OUT_ROWS]
    some, (known, judged) = rows.iloc[np.sort(drawn)], read_held_out(model)
    features = some[list(known.columns)]
    values = predict(model.pipeline, features, spec.task)
    truth = truth_of(some[spec.target], spec.task, model.card.classes)
    reference = _sample(model.pipeline, known, judged, spec.task)
    scored = Scored(values, truth, blocks_of(some, spec))
    batch = _sample(model.pipeline, features, scored, spec.task)
    return attribute(reference, batch, spec.harm_confidence, spec.training_seed)


def attribute(reference: Sample, batch: Sample, confidence: float, seed: int) -> Attribution:
    """Split the change of a loss into its parts, and name the cause where one suffices.

    Args:
        reference: Held-out rows that the model was judged on.
        batch: Rows of a batch with their labels.
        confidence: Confidence of each bound, one-sided.
        seed: Seed of the classifiers.

    A cause is named if it alone explains the change within noise and no other one does; what
    several could explain, or too few rows, or no rows in common, is ambiguous.
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
    ours, theirs = share[: len(reference)], 1 - share[len(reference) :]
    overlap = float(min(ours.mean(), theirs.mean())) / COIN
    if overlap < SMALLEST_OVERLAP:
        return Attribution(change, None, None, None, overlap, Cause.AMBIGUOUS)
    conditional = difference(
        block_ratio(theirs * batch.losses, theirs, batch.blocks, confidence),
        block_ratio(ours * reference.losses, ours, reference.blocks, confidence),
        confidence,
    )
    covariate = difference(
        _moved(batch, theirs, confidence), _moved(reference, ours, confidence), confidence
    )
    prior = prior_alone(reference, batch, confidence, seed)
    cause = _cause(change, covariate, conditional, prior=prior)
    return Attribution(change, covariate, conditional, prior, overlap, cause)


def prior_alone(reference: Sample, batch: Sample, confidence: float, seed: int) -> bool | None:
    """Whether other shares of the classes, and nothing else, explain a batch.

    They do if the shares have changed and, with the classes of the reference weighed as in the
    batch, what is left of the change of the loss is shown to be less than half of it, and a
    classifier cannot tell the samples apart by their features and classes (each at half of the
    error, as two tests are made). What is left must be shown to be small: too few rows would
    show nothing, and name everything.

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
    left = difference(block_mean(batch.losses, batch.blocks, each), expected, each)
    change = float(batch.losses.mean() - reference.losses.mean())
    within = _within(left, abs(change) * MOST_LEFT)
    return within and not _told_apart(reference, batch, weights, each, seed)


def _sample(pipeline: Pipeline, features: pd.DataFrame, scored: Scored, task: Task) -> Sample:
    losses = row_losses(scored.values, scored.truth, task)[METRIC_NAMES[task]]
    classes = None if task is Task.REGRESSION else scored.truth
    return Sample(encoded(pipeline, features, scored.values), losses, classes, scored.blocks)


def _moved(sample: Sample, weights: Floats, confidence: float) -> Estimate:
    """Mean loss minus the weighted one, with its linearised interval over blocks."""
    losses, n = sample.losses, len(sample)
    mean, weighted = float(losses.mean()), float(np.average(losses, weights=weights))
    influence = (losses - mean) / n - weights * (losses - weighted) / weights.sum()
    _, block = np.unique(sample.blocks, return_inverse=True)
    by_block = np.bincount(block, weights=influence)
    count = len(by_block)
    if count < 2:  # noqa: PLR2004 - one block says nothing of the noise between blocks
        return Estimate(mean - weighted, None, None, None, n, count)
    error = math.sqrt(count / (count - 1) * float(by_block @ by_block))
    return with_interval(Estimate(mean - weighted, None, None, error, n, count), confidence)


def _class_weights(reference: Floats, batch: Floats) -> Floats | None:
    classes = np.unique(np.concatenate([reference, batch])).astype(int)
    weights = np.zeros(len(reference))
    for k in classes:
        held, come = (reference == k).mean(), (batch == k).mean()
        if held == 0:
            return None
        weights[reference == k] = come / held
    return weights


def _shares_differ(reference: Sample, batch: Sample, confidence: float) -> bool:
    """Whether any class has surely another share than before (Bonferroni over the classes)."""
    assert reference.truth is not None  # noqa: S101 - asked for classes alone
    assert batch.truth is not None  # noqa: S101 - the same
    classes = np.unique(reference.truth)
    each = 1 - (1 - confidence) / len(classes)
    for k in classes:
        held = block_mean((reference.truth == k).astype(float), reference.blocks, each)
        come = block_mean((batch.truth == k).astype(float), batch.blocks, each)
        if _differs(difference(come, held, each)):
            return True
    return False


def _told_apart(
    reference: Sample, batch: Sample, weights: Floats, confidence: float, seed: int
) -> bool:
    """Whether a classifier tells the samples apart once their classes weigh the same.

    Rows of the reference are drawn by their weights, so that a plain AUC with a jackknife over
    blocks can be taken of what the classifier says of each row.
    """
    assert reference.truth is not None  # noqa: S101 - asked for classes alone
    assert batch.truth is not None  # noqa: S101 - the same
    features = (
        np.column_stack([reference.features, reference.truth]),
        np.column_stack([batch.features, batch.truth]),
    )
    share = share_of_second(features, (reference.blocks, batch.blocks), seed, weights)
    chance = np.random.default_rng(seed).random(len(reference))
    kept = np.concatenate([chance * weights.max() < weights, np.ones(len(batch), dtype=bool)])
    of_batch = np.repeat([False, True], [len(reference), len(batch)])[kept]
    # A block is of one sample: without a shift of its own it must not be taken for the other's.
    blocks = np.concatenate([2 * reference.blocks, 2 * batch.blocks + 1])[kept]
    shown = share[kept]
    auc = jackknife(lambda rows: roc_auc(shown[rows], of_batch[rows]), blocks, confidence)
    return auc.low is not None and auc.low > COIN


def _cause(
    change: Estimate, covariate: Estimate, conditional: Estimate, *, prior: bool | None
) -> Cause:
    """The one cause that explains the change; none where it is not shown to have changed."""
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
