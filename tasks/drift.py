"""Drift: the batch on the cells of its champion's training set."""

import numpy as np
import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE

from incumbent.drift import drift
from incumbent.intake import blocks_of
from incumbent.params import ModelSpec
from incumbent.profile import count
from incumbent.records import Champion, DriftReport


@task(name="drift", cache_policy=NO_CACHE)
def measure_drift(frame: pd.DataFrame, champion: Champion, spec: ModelSpec) -> DriftReport:
    """Profile the batch and compare it with the champion's reference; no raw row is read again."""
    reference = champion.model.card.profile
    days = len(np.unique(blocks_of(frame, spec)))
    return drift(count(frame, reference, days), reference, spec)
