"""Drift of a model's scores and of the labels, measured like that of columns.

Scores move when relevant features move, before any label arrives. A change of the label shares
is prior shift. Both are reported only; neither enters the mean distance over features.
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
    model: FittedModel, predictions: Predictions, labelled: Labelled | None, spec: ModelSpec
) -> tuple[ColumnDrift, ...]:
    """Drift of the score, and of the label once labels have arrived, from the held-out rows.

    Args:
        model: The version, with its held-out rows. Predictions for training rows would be
            overfitted, and no fair reference.
        predictions: The version's predictions for a batch, shape (n, k).
        labelled: The m <= n labelled rows; None before any label has arrived.
        spec: The current rules.

    The score is the probability of the second of two classes, the most probable class of more
    than two, or the predicted value. Score and label are tested separately, each at the spec's q.

    Returns:
        Empty where the version has no held-out rows.
    """
    if model.held_out.empty:
        return ()
    _, judged = read_held_out(model)
    values, blocks = judged.values, judged.blocks
    task, classes = model.card.spec.task, model.card.classes
    scores = _score(predictions.values, task, classes), predictions.blocks
    found = [_drift_of(SCORE, scores, (_score(values, task, classes), blocks), spec)]
    if labelled is not None and len(labelled.labels):
        labels = labelled.labels, labelled.predictions.blocks
        truth = model.held_out[model.card.spec.target], blocks
        found.append(_drift_of(LABEL, labels, truth, spec))
    return tuple(found)


def _score(values: NDArray[np.float64], task: Task, classes: tuple[str, ...]) -> pd.Series:
    if task is Task.MULTICLASS:
        return pd.Series(np.array(classes, dtype=object)[values.argmax(axis=1)])
    return pd.Series(values[:, -1])


def _drift_of(
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
