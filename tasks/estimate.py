"""Estimate: what the champion can be expected to do on a batch whose labels have not come."""

import pandas as pd
from prefect import task

from incumbent.estimate import Past, estimate
from incumbent.metrics import METRIC_NAMES
from incumbent.params import ModelSpec
from incumbent.records import Champion, EstimateReport, Predictions
from tasks.doors import OUTSIDE, Doors

DECISIONS_REMEMBERED = 200


@task(name="estimate", **OUTSIDE)
def estimate_performance(
    doors: Doors, spec: ModelSpec, champion: Champion, frame: pd.DataFrame, said: Predictions
) -> EstimateReport | None:
    """The estimate, beside how far those of batches before were from what their labels said."""
    return estimate(champion.model, frame, said, spec, _past(doors, spec))


def _past(doors: Doors, spec: ModelSpec) -> Past:
    name, known = METRIC_NAMES[spec.task], dict[str, tuple[float, float]]()
    for stored in reversed(doors.ledger.decisions(spec.name, DECISIONS_REMEMBERED)):
        estimated, harm = stored.inputs.get("estimate"), stored.inputs["harm"]
        if estimated is None or harm is None or not harm["enough"]:
            continue
        pair = estimated["metrics"].get(name), harm["metrics"].get(name, {}).get("value")
        if None not in pair:
            known[stored.batch_digest] = pair
    return list(known.values())
