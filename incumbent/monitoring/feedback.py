"""Feedback: rows that are drawn blindly to the model, and what the others look like beside them.

A model that decides who gets a label, or whose decisions change the outcome, is retrained on its
own footprint: it looks better on such rows than it is. Rows that are drawn by their id alone, and
are treated without the model, show how good it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from incumbent.data.labels import Labelled
from incumbent.digest import text_digest
from incumbent.monitoring.coverage import SCORE_BANDS, score_bands
from incumbent.params import ModelSpec, Task
from incumbent.records import (
    Estimate,
    Exploration,
    FeedbackGroup,
    FeedbackReport,
    ModelCard,
    Predictions,
    Reason,
)
from incumbent.statistics.intervals import block_mean, block_ratio, difference, with_interval
from incumbent.statistics.metrics import METRIC_NAMES, row_losses, truth_of

SIGNAL = "feedback"
DIGITS = 13  # hex digits of a digest that a float64 holds exactly
FEWEST_OF_BAND = 2  # rows of each group, for a variance

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]


def draw(ids: NDArray[np.object_], spec: ModelSpec) -> Exploration | None:
    """The share of rows that the spec explores, drawn by their ids and its seed.

    An id is drawn in every batch or in none, by whoever asks; a row without an id never is, as its
    label could not be joined. None where the spec explores nothing.
    """
    share = spec.feedback_exploration
    if share == 0:
        return None
    explored = np.array([place(i, spec) < share for i in ids], dtype=bool)
    return Exploration(explored, np.full(len(ids), float(share)))


def place(row_id: str | None, spec: ModelSpec) -> float:
    """The place of a row in [0, 1) by which it is drawn; infinite for a row without an id."""
    if row_id is None:
        return np.inf
    digest = text_digest([spec.name, str(spec.training_seed), str(row_id)])
    return float(int(digest[:DIGITS], 16) / 16**DIGITS)


@dataclass(frozen=True)
class _Side:
    """The m labelled rows of a batch: band, explored or not, day, loss and truth of each."""

    bands: NDArray[np.int64]
    explored: Rows
    blocks: NDArray[np.int64]
    losses: Floats
    truth: Floats
    confidence: float
    task: Task


def measure_feedback(
    predictions: Predictions,
    labelled: Labelled,
    card: ModelCard,
    earlier: Sequence[FeedbackReport] = (),
) -> FeedbackReport:
    """Labels and loss of explored rows beside those of exploited ones.

    Args:
        predictions: The predictions of the whole batch, n rows.
        labelled: All of its m labelled rows, explored or not.
        card: The card of the champion that made them, with the spec of today.
        earlier: The reports on other batches.

    An alarm needs both: the loss on exploited rows is lower, and their labels vary less within a
    score band, as where outcomes follow the decisions. The few explored rows of one batch show
    little, so the gaps of all batches count together, each by its explored rows. Look k gets the
    share 1 / (k (k + 1)) of the error that the spec allows (a union bound).
    """
    spec, drawn = card.spec, predictions.exploration
    all_explored = np.zeros(len(predictions.ids), bool) if drawn is None else drawn.explored
    side, name = _side_of(predictions, labelled, card), METRIC_NAMES[spec.task]
    outside = ~side.explored
    alone = FeedbackReport(
        _group(all_explored, side, side.explored),
        _group(~all_explored, side, outside),
        None if drawn is None else float(drawn.propensity.mean()),
        float(outside.mean()) if spec.feedback_influence and len(outside) else 0.0,
        name,
        gap=_gap(side, lambda s: s.losses),
        variance_gap=_gap(side, _spread),
    )
    looks = [r for r in earlier if r.gap is not None]
    limit = (1 - spec.harm_confidence) / ((len(looks) + 1) * (len(looks) + 2))
    p = p_of_gaps([r.gap for r in (*looks, alone)])
    variance_p = p_of_gaps([r.variance_gap for r in (*looks, alone)])
    alarm = alone.gap is not None and p is not None and p < limit
    loses = variance_p is not None and variance_p < 1 - spec.harm_confidence
    return replace(
        alone,
        p=p,
        variance_p=variance_p,
        looks=len(looks) + 1,
        limit=limit,
        alarm=alarm and loses,
    )


def feedback_reason(found: FeedbackReport | None) -> Reason | None:
    """A reason where outcomes follow the model's decisions; it is told, blocks and excludes."""
    if found is None or not found.alarm or found.gap is None:
        return None
    name = found.metric_name.replace("_", " ")
    text = (
        f"outcomes follow the model: {name} on explored rows is {found.gap.value:+.3f} against"
        f" other rows of the same scores here (p {found.p:.1e} over {found.looks} batches), and"
        " labels vary less on those others"
    )
    return Reason(SIGNAL, None, found.p, found.limit, text)


def p_of_gaps(gaps: Sequence[Estimate | None]) -> float | None:
    """One-sided p-value of a mean gap above zero, each weighted by its rows; None without any.

    Gaps without a standard error are left out. Weights by inverse variance would favour batches
    whose few explored rows happen to have a small loss, and so a small variance.
    """
    known = [g for g in gaps if g is not None and g.standard_error]
    if not known:
        return None
    weights = np.array([g.n for g in known], dtype=np.float64)
    values = np.array([g.value for g in known])
    errors = np.array([g.standard_error for g in known], dtype=np.float64)
    freedom = sum(g.known_from - 1 for g in known)
    return float(stdtr(freedom, -(weights @ values) / np.sqrt(((weights * errors) ** 2).sum())))


def _side_of(predictions: Predictions, labelled: Labelled, card: ModelCard) -> _Side:
    kept, spec = labelled.predictions, card.spec
    truth = truth_of(labelled.labels, spec.task, card.classes)
    explored = np.zeros(len(truth), bool) if kept.exploration is None else kept.exploration.explored
    losses = row_losses(kept.values, truth, spec.task)[METRIC_NAMES[spec.task]]
    bands = score_bands(predictions.values[:, -1])[labelled.positions]
    return _Side(bands, explored, kept.blocks, losses, truth, spec.harm_confidence, spec.task)


def _group(rows: Rows, side: _Side, mine: Rows) -> FeedbackGroup:
    found = int(mine.sum())
    loss = block_mean(side.losses[mine], side.blocks[mine], side.confidence) if found else None
    return FeedbackGroup(int(rows.sum()), found, loss)


def _gap(side: _Side, values_of: Callable[[_Side], Floats]) -> Estimate | None:
    """Mean over explored minus mean over exploited rows, in the score bands of the latter.

    Its `n` is the number of explored rows. None without rows of both in a band.
    """
    counts = np.array([_by_band(side.bands[mine]) for mine in (side.explored, ~side.explored)])
    shared = np.all(counts >= FEWEST_OF_BAND, axis=0)
    if not shared.any():
        return None
    values, inside = values_of(side), shared[side.bands]
    explored, exploited = inside & side.explored, inside & ~side.explored
    weights = np.divide(counts[1], counts[0], out=np.zeros(SCORE_BANDS), where=shared)
    w, blocks = weights[side.bands[explored]], side.blocks[explored]
    ours = block_ratio(values[explored] * w, w, blocks, side.confidence)
    theirs = block_mean(values[exploited], side.blocks[exploited], side.confidence)
    found = difference(ours, theirs, side.confidence)
    return with_interval(replace(found, n=int(explored.sum())), side.confidence)


def _by_band(bands: NDArray[np.int64]) -> Floats:
    return np.bincount(bands, minlength=SCORE_BANDS).astype(np.float64)


def _spread(side: _Side) -> Floats:
    """Squared deviation of each label from the mean of its band and group, shape (m,).

    A class counts as an indicator vector: the mean is then its Gini impurity. The factor
    n / (n - 1) makes the mean of a band of n rows unbiased.
    """
    truth = side.truth[:, None]
    table = truth if side.task is Task.REGRESSION else 1.0 * (truth == np.unique(side.truth))
    cells = 2 * side.bands + side.explored
    rows = np.bincount(cells, minlength=2 * SCORE_BANDS).astype(np.float64)
    sums = np.zeros((2 * SCORE_BANDS, table.shape[1]))
    np.add.at(sums, cells, table)
    means = sums / np.maximum(rows, 1)[:, None]
    squares = ((table - means[cells]) ** 2).sum(axis=1)
    return np.asarray(squares * (rows / np.maximum(rows - 1, 1))[cells], dtype=np.float64)
