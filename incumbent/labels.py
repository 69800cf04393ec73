"""Labels find their predictions by id, whenever and in whichever order they come."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from incumbent.intake import as_target, as_text, ids_of
from incumbent.params import ModelSpec
from incumbent.records import Predictions


@dataclass(frozen=True)
class Labelled:
    """Predictions whose labels have come. `conflicts` ids came with two labels: left out.

    `positions` are the rows' positions in the batch; `labels` has the same length.
    """

    predictions: Predictions
    positions: NDArray[np.int64]
    labels: pd.Series
    conflicts: int


def labels_of(frame: pd.DataFrame, spec: ModelSpec) -> pd.DataFrame:
    """The labels that a table holds, as columns `id` and `label`; rows without one left out."""
    label = as_target(frame[spec.target], spec.task)
    ids = ids_of(frame, spec) if spec.id is None else as_text(frame[spec.id]).to_numpy(object)
    table = pd.DataFrame({"id": ids, "label": label.to_numpy()})
    return table.dropna(subset=["id", "label"]).reset_index(drop=True)


def join(predictions: Predictions, labels: pd.DataFrame) -> Labelled:
    """Predictions with their labels. An id that came with two different labels has none.

    Args:
        predictions: What was said of a batch of n rows.
        labels: Columns `id` and `label`, any order, repeated arrivals welcome.

    Returns:
        The m <= n rows whose label is known, in the order of the batch.
    """
    distinct = labels.drop_duplicates(subset=["id", "label"])
    conflicting = distinct["id"].duplicated(keep=False)
    known = distinct[~conflicting].set_index("id")["label"]
    found = known.index.get_indexer(pd.Index(predictions.ids))
    positions = np.flatnonzero(found >= 0)
    ours = pd.Index(distinct.loc[conflicting, "id"].unique()).isin(pd.Index(predictions.ids))
    return Labelled(
        take(predictions, positions),
        positions,
        known.iloc[found[positions]].reset_index(drop=True),
        int(ours.sum()),
    )


def take(predictions: Predictions, positions: NDArray[np.int64]) -> Predictions:
    """Predictions of the rows at these positions."""
    return Predictions(
        predictions.ids[positions],
        predictions.blocks[positions],
        predictions.values[positions],
        predictions.trainable[positions],
    )
