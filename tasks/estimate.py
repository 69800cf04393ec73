"""Estimate: what the champion can be expected to do on a batch whose labels have not come."""

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE

from incumbent.monitoring.estimate import estimate
from incumbent.params import ModelSpec
from incumbent.records import Champion, EstimateReport, JudgedBatch, Predictions


@task(name="estimate", cache_policy=NO_CACHE)
def estimate_performance(
    spec: ModelSpec,
    champion: Champion,
    frame: pd.DataFrame,
    said: Predictions,
    judged_batches: tuple[JudgedBatch, ...],
) -> EstimateReport | None:
    """The estimate, beside how far those of batches before were from what their labels said."""
    before = [
        (known.estimated, known.loss.value)
        for known in judged_batches
        if known.estimated is not None and known.loss is not None
    ]
    return estimate(champion.model, frame, said, spec, before)
