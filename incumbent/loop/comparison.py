"""Comparison: two models on the same rows of a batch, which neither was fitted on."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from incumbent.data.intake import blocks_of
from incumbent.loop.state import Contender, Evaluation, FitKey, LoopState, Part
from incumbent.policy.shadow import pair
from incumbent.records import BatchEntry, PairedBlock


@dataclass(frozen=True)
class Comparison:
    """Losses of both models summed per day, and the challenger's evaluation on those rows."""

    evidence: tuple[PairedBlock, ...]
    challenger: Evaluation


def compare_on(
    state: LoopState,
    champion: Contender,
    challenger: Contender,
    entry: BatchEntry,
    part: Part = Part.WHOLE,
) -> Comparison:
    """Losses of champion and challenger on the unseen labelled rows of a batch.

    A challenger's training set begins with the champion's: what it has not seen, neither has.
    """
    batch = entry.batch.digest
    unseen = unseen_rows(state, challenger.key, batch, part)
    of_champion, of_challenger = (
        state.evaluate(c, batch, part).of(unseen) for c in (champion, challenger)
    )
    days = blocks_of(state.rows(batch, part), state.spec)[unseen]
    blocks = pair(of_champion.losses, of_challenger.losses, days)
    return Comparison(tuple(replace(b, batch=entry.ordinal) for b in blocks), of_challenger)


def unseen_rows(state: LoopState, key: FitKey, batch: str, part: Part) -> NDArray[np.bool_]:
    """Which rows of a batch have an id that no row of a key has, shape (n,)."""
    rows, name = state.rows(batch, part), state.spec.id
    if name is None or not state.may_repeat_ids(batch):
        return np.ones(len(rows), dtype=bool)
    ids, fitted = rows[name], state.fitted_rows(key)[name]
    repeated = fitted[fitted.isin(ids)]  # `isin` is slow where its argument is long
    return np.asarray(~ids.isin(repeated), dtype=bool)
