"""Rows of the past: what many batches teach is read as a few files, not as several a batch."""

from collections.abc import Callable, Sequence

import pandas as pd

from incumbent.digest import text_digest
from incumbent.gateways.predictions import PredictionStore
from incumbent.records import ModelCard

TOGETHER = 20  # batches in a row whose rows are kept as one file


def read_past(
    store: PredictionStore,
    card: ModelCard,
    batches: Sequence[str],
    read: Callable[[str], pd.DataFrame],
) -> dict[str, pd.DataFrame]:
    """The rows that each batch teaches, by digest.

    Every twenty batches in a row are kept together, under the digest of what their rows are made
    from: the batches, the labels that have arrived, the classes of the champion, and how many
    explored rows may stand for a batch. Where that is another one, they are read one by one, and
    kept anew. The newest batches, fewer than twenty, are read one by one.

    Args:
        store: Where rows and labels are kept.
        card: The champion's card.
        batches: Digests, in the order of arrival.
        read: Gives the rows of one batch, shape (n, columns).
    """
    drawn = [str(card.spec.harm_min_labels)] if card.spec.feedback_exploration else []
    arrivals = store.label_arrivals(card.spec.name, batches)
    found = dict[str, pd.DataFrame]()
    for start in range(0, len(batches), TOGETHER):
        some = batches[start : start + TOGETHER]
        if len(some) < TOGETHER:
            return found | {batch: read(batch) for batch in some}
        parts = [part for batch in some for part in (batch, *arrivals[batch])]
        made_from = [card.spec.target, card.spec.task.value, *card.classes, *drawn, *parts]
        name, key = str(start // TOGETHER), text_digest(made_from)
        kept = store.read_together(card.spec.name, name, key)
        if kept is None:
            kept = {batch: read(batch) for batch in some}
            if _alike([*kept.values()]):
                store.write_together(card.spec.name, name, key, kept)
        found |= kept
    return found


def _alike(tables: Sequence[pd.DataFrame]) -> bool:
    """Whether tables can be one without a column changing its kind."""
    kinds = [rows.dtypes.to_dict() for rows in tables if len(rows)]
    return all(kind == kinds[0] for kind in kinds)
