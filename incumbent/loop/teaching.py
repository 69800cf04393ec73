"""Teaching: which batches, and which of their rows, a model may learn from."""

from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from incumbent.data.labels import Labelled
from incumbent.loop.state import LoopState, Part
from incumbent.model.windows import newer_half
from incumbent.monitoring.harm import UNRELATED
from incumbent.params import ModelSpec
from incumbent.records import ModelCard, TrainingBatch

SUSPECTED = frozenset({UNRELATED})  # faults that labels of a changed world show as well
MOST_SUSPECTED = 5  # newest batches that looked shuffled: each is fitted alone


def unlearnt_batches(
    state: LoopState, before: str, cleared: Collection[str] = ()
) -> tuple[str, ...]:
    """Batches before this one that a retraining learns beyond the champion, oldest first.

    Args:
        state: The model in the loop.
        before: The batch that judges.
        cleared: Batches that looked shuffled, and that this batch has cleared just now.
    """
    found = state.training_batches(before)
    return tuple(b.batch for b in found if teaches(b, cleared=b.batch in cleared))


def teaches(batch: TrainingBatch, *, cleared: bool = False) -> bool:
    """Whether a model may learn a batch.

    A batch whose labels were found faulty when they were last judged is left out, unless all
    that was found is that they look shuffled, and a later batch has cleared it.
    """
    lifted = batch.faults == SUSPECTED and (cleared or batch.cleared)
    return not batch.faults or lifted


def suspected_shuffled(state: LoopState, before: str) -> tuple[str, ...]:
    """The newest batches whose labels looked shuffled, cleared since or not."""
    found = [b.batch for b in state.training_batches(before) if b.faults == SUSPECTED]
    return tuple(found[-MOST_SUSPECTED:])


def teachable_rows(frame: pd.DataFrame, labelled: Labelled | None, card: ModelCard) -> pd.DataFrame:
    """The rows of a batch that a model may learn from, with their labels.

    Args:
        frame: The canonical batch without its target, shape (n, columns).
        labelled: Its predictions joined with the labels that have arrived; None: no labels.
        card: The champion's card.

    Rows that an expectation excludes are left out.
    """
    target = card.spec.target
    if labelled is None:
        return frame.iloc[:0].assign(**{target: None})
    sound = labelled.predictions.trainable
    rows = frame.iloc[labelled.positions[sound]]
    return rows.assign(**{target: labelled.labels[sound].to_numpy()}).reset_index(drop=True)


def in_part(rows: pd.DataFrame, part: Part, spec: ModelSpec) -> NDArray[np.bool_]:
    """Which rows are of a part of a batch, shape (n,); below four days none are of a half."""
    if part is Part.WHOLE:
        return np.ones(len(rows), dtype=bool)
    newer = newer_half(rows, spec)
    if newer is None:
        return np.zeros(len(rows), dtype=bool)
    return newer if part is Part.NEWER else ~newer
