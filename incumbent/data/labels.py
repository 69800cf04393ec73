"""Join labels to predictions by id, in any order and at any time of arrival."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from incumbent.data.intake import as_id, as_target, ids_of
from incumbent.data.label_domain import LabelDomain
from incumbent.params import ModelSpec
from incumbent.records import Exploration, Predictions

PREFIX = r"^\D*0*"  # of an id: what is no number in it
HALF = 0.5
EXAMPLES = 3  # labels that are none, in a message
OLDEST, NEWEST = -1, sys.maxsize  # of the deliveries of a file


@dataclass(frozen=True)
class Labelled:
    """Predictions whose labels have arrived.

    `positions` are the rows' positions in the batch; `labels` has the same length. `conflicts`
    counts the ids that arrived with two different labels, `invalid` the rows whose label is none
    of the model's classes, or no plausible value, with the first of these values in `examples`;
    these rows are left out. `drawn` is true where all of the rows are explored ones, and stand for
    the batch.
    """

    predictions: Predictions
    positions: NDArray[np.int64]
    labels: pd.Series
    conflicts: int
    invalid: int = 0
    examples: tuple[str, ...] = ()
    drawn: bool = False


def labels_of(frame: pd.DataFrame, spec: ModelSpec) -> pd.DataFrame:
    """The labels of a table, as columns `id` and `label`, without the rows that lack either."""
    label = as_target(frame[spec.target], spec.task)
    ids = ids_of(frame, spec) if spec.id is None else as_id(frame[spec.id]).to_numpy(object)
    table = pd.DataFrame({"id": ids, "label": label.to_numpy()})
    return table.dropna(subset=["id", "label"]).reset_index(drop=True)


def newest_deliveries(
    labels: pd.DataFrame, order: Sequence[str], now: Mapping[str, str]
) -> pd.DataFrame:
    """The labels without those that a later delivery has replaced.

    A later delivery corrects what was said before, id by id: in the same file, written anew, or in
    another one. An id that one delivery, or two that arrived together, label differently stays:
    that is a conflict.

    Args:
        labels: Columns `id`, `label`, `arrival` (a digest) and `path`.
        order: Digests of the arrivals that were judged, oldest first. Another one is newer, unless
            its file is known to hold something else by now.
        now: Path of a file to the digest of the labels that it holds now, where that is known.
    """
    place = {digest: k for k, digest in enumerate(order)}
    arrived, ages = set(labels["arrival"]), dict[tuple[str, str], int]()
    for digest, path in labels[["arrival", "path"]].drop_duplicates().itertuples(index=False):
        held = now.get(path)
        other = OLDEST if held in arrived else len(order)
        ages[digest, path] = NEWEST if digest == held else place.get(digest, other)
    age = pd.Series([ages[key] for key in zip(labels["arrival"], labels["path"], strict=True)])
    newest = age == age.groupby([labels["path"], labels["id"]]).transform("max")
    of_file = labels[newest]
    arrival = of_file["arrival"].map(lambda digest: place.get(digest, len(order)))
    latest = arrival == arrival.groupby(of_file["id"]).transform("max")
    return of_file[latest].reset_index(drop=True)


def join(
    predictions: Predictions, labels: pd.DataFrame, domain: LabelDomain | None = None
) -> Labelled:
    """Join labels to predictions. An id with two different labels counts as unlabelled.

    Args:
        predictions: The predictions for a batch of n rows.
        labels: Columns `id` and `label`, in any order; duplicates are allowed.
        domain: What a label may be; a row with another one counts as unlabelled. None: anything.

    Returns:
        The m <= n labelled rows, in the order of the batch.
    """
    ids = pd.Index(predictions.ids)
    read = labels if domain is None else labels.assign(label=domain.read(labels["label"]))
    none = read["label"].isna() & labels["id"].isin(ids)
    distinct = read.dropna(subset=["label"]).drop_duplicates(subset=["id", "label"])
    conflicting = distinct["id"].duplicated(keep=False)
    known = distinct[~conflicting].set_index("id")["label"]
    found = known.index.get_indexer(ids)
    positions = np.flatnonzero(found >= 0)
    disputed = pd.Index(distinct.loc[conflicting, "id"].unique()).get_indexer(ids)
    strange = labels[none & ~labels["id"].isin(distinct["id"])]
    return Labelled(
        take(predictions, positions),
        positions,
        known.iloc[found[positions]].reset_index(drop=True),
        len(np.unique(disputed[disputed >= 0])),
        int(strange["id"].nunique()),
        first_of(strange["label"]),
    )


def first_of(labels: pd.Series) -> tuple[str, ...]:
    """The first different ones of some labels, as a message names them."""
    return tuple(labels.astype(str).unique()[:EXAMPLES].tolist())


def why_unmatched(ids: pd.Series, known: NDArray[np.object_]) -> str:
    """Ids of labels and of rows side by side, and whether they differ in their form alone.

    >>> why_unmatched(pd.Series(["00012", "00013"]), np.array(["12", "13"], dtype=object))
    "ids of labels are such as '00012', of rows such as '12': without prefix and zeros they match"
    """
    if not len(ids) or not len(known):
        return "there are no ids to join by"
    shown = f"ids of labels are such as {ids.iloc[0]!r}, of rows such as {known[0]!r}"
    bare, rows = (
        pd.Series(side, dtype="str").str.replace(PREFIX, "", regex=True) for side in (ids, known)
    )
    alike = bool(bare.isin(set(rows) - {""}).mean() >= HALF)
    return f"{shown}: without prefix and zeros they match" if alike else shown


def take(predictions: Predictions, positions: NDArray[np.int64]) -> Predictions:
    """Predictions of the rows at these positions."""
    drawn = predictions.exploration
    return Predictions(
        predictions.ids[positions],
        predictions.blocks[positions],
        predictions.values[positions],
        predictions.trainable[positions],
        {name: values[positions] for name, values in predictions.slices.items()},
        None if predictions.labels is None else predictions.labels[positions],
        drawn and Exploration(drawn.explored[positions], drawn.propensity[positions]),
    )
