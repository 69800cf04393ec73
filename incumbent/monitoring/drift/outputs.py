"""Drift of what a model says, and of what turned out to be true, by the machinery of columns.

Scores move where the inputs that matter have moved, before any label comes. Shares of the labels
that move are prior shift. Both inform; neither is a feature, and no mean over features holds them.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from incumbent.data.kinds import CATEGORICAL, NUMERIC
from incumbent.data.labels import Labelled
from incumbent.data.profile import count, profile
from incumbent.data.profile.windows import blocks_in
from incumbent.model.baseline import read_held_out
from incumbent.monitoring.drift import drift
from incumbent.params import ModelSpec, Task
from incumbent.records import ColumnDrift, FittedModel, Predictions

SCORE, LABEL = "(score)", "(label)"

Blocks = NDArray[np.int64]


def outputs_drift(
    model: FittedModel, predictions: Predictions, labelled: Labelled, spec: ModelSpec
) -> tuple[ColumnDrift, ...]:
    """The score, and once labels have come the label, beside those of the held-out rows.

    Args:
        model: The version, with the rows that its recipe was judged on: what was said of them
            was not learnt by heart, as that of training rows is.
        predictions: What the version said of a batch, shape (n, k).
        labelled: The m <= n rows whose label is known.
        spec: Today's rules.

    The score is the probability of the last of two classes, the likeliest of more, or the
    predicted value. Each of the two is a question of its own, held to the spec's q alone.
    Without held-out rows there is no answer.
    """
    if model.held_out.empty:
        return ()
    _, judged = read_held_out(model)
    values, blocks = judged.values, judged.blocks
    task, classes = model.card.spec.task, model.card.classes
    known = _score(values, task, classes), blocks
    found = [
        _apart(SCORE, (_score(predictions.values, task, classes), predictions.blocks), known, spec)
    ]
    if len(labelled.labels):
        truth = model.held_out[model.card.spec.target], blocks
        came = labelled.labels, labelled.predictions.blocks
        found.append(_apart(LABEL, came, truth, spec))
    return tuple(found)


def _score(values: NDArray[np.float64], task: Task, classes: tuple[str, ...]) -> pd.Series:
    if task is Task.MULTICLASS:
        return pd.Series(np.array(classes, dtype=object)[values.argmax(axis=1)])
    return pd.Series(values[:, -1])


def _apart(
    name: str,
    batch: tuple[pd.Series, Blocks],
    reference: tuple[pd.Series, Blocks],
    spec: ModelSpec,
) -> ColumnDrift:
    kind = NUMERIC if pd.api.types.is_float_dtype(reference[0]) else CATEGORICAL
    here, there = (side[0].to_frame(name) for side in (batch, reference))
    known = profile(there, {name: kind}, None if spec.timestamp is None else reference[1])
    days = 0 if spec.timestamp is None else blocks_in(batch[1])
    (column,) = drift(count(here, known, days), known, spec).columns
    return column
