"""Fitting: the rows that a key names, put together, and the recipe fitted on them."""

from collections.abc import Sequence
from time import perf_counter

import pandas as pd

from incumbent.loop.state import Contender, FitKey
from incumbent.model.training import fit
from incumbent.model.windows import newest_of_each, recency, sample
from incumbent.params import ModelSpec
from incumbent.records import Cost


def training_set_of(tables: Sequence[pd.DataFrame], spec: ModelSpec) -> pd.DataFrame:
    """What is learnt already and what is newer as one training set, sampled where it is too large.

    Args:
        tables: Canonical rows with labels, oldest first. The first one has each id once; of an id
            that comes again later, the last row counts.
        spec: Names the id column and the most rows.
    """
    if len(tables) == 1:
        return sample(tables[0], spec)
    return sample(newest_of_each(pd.concat(tables), spec), spec)


def fit_contender(
    key: FitKey, rows: pd.DataFrame, spec: ModelSpec, kinds: dict[str, str]
) -> Contender:
    """The spec's recipe fitted on the rows of a key, with the seconds that the fit took."""
    start = perf_counter()
    weights = recency(rows, spec) if key.recent else None
    pipeline = fit(rows, spec, kinds, weights)
    return Contender(key, spec, pipeline, Cost(1, perf_counter() - start))
