"""What a model says of a batch."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from incumbent.data.intake import blocks_of, canonical, ids_of
from incumbent.errors import SpecError, UnreadableError
from incumbent.params import IDENTITY, ModelSpec, Task
from incumbent.records import Latency, ModelCard, Predictions
from incumbent.statistics.metrics import truth_of

MEDIAN, TAIL = 50, 95  # percentiles of what a caller waits for one row


def require_same_model(spec: ModelSpec, trained: ModelSpec) -> None:
    """Refuse a spec whose target, columns or task are not those that the champion was trained with.

    Raises:
        SpecError: Names the first field that differs.
    """
    for field in IDENTITY:
        now, then = getattr(spec, field), getattr(trained, field)
        if now != then:
            raise SpecError(
                f"The spec's `{field}` is not the one that the champion was trained with.",
                now,
                then,
                "restore the field, or train a model under another name",
            )


def require_scorable(raw: pd.DataFrame, spec: ModelSpec, kinds: Mapping[str, str]) -> None:
    """Refuse a table that a model cannot predict, whatever else is wrong with it.

    Args:
        raw: A table as read, shape (n, any).
        spec: The model.
        kinds: The kind of each feature, as found in the training set.

    Raises:
        UnreadableError: It has no rows, lacks a column, or holds text where numbers are needed.
    """
    needed = [*spec.key_columns, *kinds]
    if absent := [name for name in needed if name not in raw]:
        raise UnreadableError(
            "The batch lacks columns that the model reads.",
            f"missing: {', '.join(absent)}",
            f"the columns {', '.join(needed)}",
            "ask its source to deliver it again",
        )
    if raw.empty:
        raise UnreadableError(
            "The batch has no rows.", "0 rows", "at least one", "ask its source to deliver it again"
        )
    canonical(raw, spec, kinds)


def predict(pipeline: Pipeline, features: pd.DataFrame, task: Task) -> NDArray[np.float64]:
    """Predictions of canonical rows, shape (n, k): class probabilities, or the value (k = 1).

    No rows have no predictions, which scikit-learn would refuse.
    """
    if len(features) == 0:
        return np.empty((0, 1 if task is Task.REGRESSION else len(pipeline.classes_)))
    if task is Task.REGRESSION:
        return np.asarray(pipeline.predict(features), dtype=np.float64)[:, None]
    return np.asarray(pipeline.predict_proba(features), dtype=np.float64)


def encoded(
    pipeline: Pipeline, features: pd.DataFrame, values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Canonical rows as the learner reads them, with the predictions of the model beside.

    Args:
        pipeline: A model; all but its last step encode.
        features: Canonical rows, shape (n, columns).
        values: Its predictions, shape (n, k).

    Returns:
        Shape (n, p + k); missing values are NaN.
    """
    return np.column_stack([np.asarray(pipeline[:-1].transform(features), np.float64), values])


def score(
    card: ModelCard,
    pipeline: Pipeline,
    frame: pd.DataFrame,
    excluded: Collection[int],
    slices: Collection[str] = (),
) -> Predictions:
    """Predictions of a batch with what is needed to judge them when labels come.

    Args:
        card: The card of the model that scores.
        pipeline: The model.
        frame: A canonical batch, shape (n, columns).
        excluded: Positions of rows that must not be trained on.
        slices: Columns whose values are kept beside the predictions.
    """
    spec: ModelSpec = card.spec
    trainable = np.ones(len(frame), dtype=bool)
    trainable[list(excluded)] = False
    values = predict(pipeline, frame[list(card.profile.columns)], spec.task)
    kept = {name: frame[name].to_numpy(dtype=object) for name in slices}
    ids, blocks = ids_of(frame, spec), blocks_of(frame, spec)
    return Predictions(ids, blocks, values, trainable, kept, labels_of(card, values))


def labels_of(card: ModelCard, values: NDArray[np.float64]) -> NDArray[np.object_] | None:
    """The class of each row by the decision threshold, shape (n,); None for a regression.

    Args:
        card: The card of the model that scores.
        values: Class probabilities, shape (n, k).
    """
    if not card.classes:
        return None
    if card.threshold is None:
        places = values.argmax(axis=1)
    else:
        places = (values[:, 1] >= card.threshold).astype(np.int64)
    labels: NDArray[np.object_] = np.array(card.classes, dtype=object)[places]
    return labels


def latency_of(rows_ms: Sequence[float], batch_ms: float) -> Latency:
    """Latency from the milliseconds that single rows took, and the whole batch.

    Percentiles are interpolated; without rows they are None.

    >>> latency_of([1.0, 2.0, 3.0], 20.0)
    Latency(row_ms=2.0, batch_ms=20.0, row_p95_ms=2.9)
    """
    if not rows_ms:
        return Latency(None, batch_ms)
    median, tail = np.percentile(rows_ms, (MEDIAN, TAIL)).tolist()
    return Latency(median, batch_ms, tail)


def predictions_and_truth(
    pipeline: Pipeline, rows: pd.DataFrame, spec: ModelSpec, kinds: Iterable[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Predictions of labelled rows, shape (n, k), and the truth about them, shape (n,)."""
    values = predict(pipeline, rows[list(kinds)], spec.task)
    return values, truth_of(rows[spec.target], spec.task, classes_of(pipeline, spec.task))


def classes_of(pipeline: Pipeline, task: Task) -> tuple[str, ...]:
    """The classes in the order of the predictions' columns; none for regression."""
    return () if task is Task.REGRESSION else tuple(str(c) for c in pipeline.classes_)
