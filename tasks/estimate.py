"""Estimate: what the champion can be expected to do on a batch whose labels have not come."""

import pandas as pd
from prefect import task

from incumbent.estimate import estimate
from incumbent.params import ModelSpec
from incumbent.records import BatchEntry, Champion, EstimateReport, Predictions
from tasks.doors import OUTSIDE, Doors
from tasks.past import past_of


@task(name="estimate", **OUTSIDE)
def estimate_performance(
    doors: Doors,
    spec: ModelSpec,
    champion: Champion,
    entry: BatchEntry,
    frame: pd.DataFrame,
    said: Predictions,
) -> EstimateReport | None:
    """The estimate, beside how far those of batches before were from what their labels said."""
    before = [
        (past.estimated, past.loss.value)
        for past in past_of(doors, spec, entry.batch.digest)
        if past.estimated is not None and past.loss is not None
    ]
    return estimate(champion.model, frame, said, spec, before)
