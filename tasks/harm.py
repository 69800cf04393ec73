"""Harm: the labels that have come so far, joined to what the champion said."""

from prefect import task

from incumbent.harm import judge_harm
from incumbent.labels import join
from incumbent.params import ModelSpec
from incumbent.records import Champion, Findings, HarmReport
from tasks.doors import OUTSIDE, Doors


@task(name="harm", **OUTSIDE)
def judge_labels(
    doors: Doors, spec: ModelSpec, champion: Champion, findings: Findings
) -> HarmReport | None:
    """Metrics and signals of harm on one batch; None while none of its labels have come."""
    predictions, entry = findings.predictions, findings.entry
    labels = doors.predictions.read_labels(spec.name, entry.batch.digest)
    if predictions is None or labels.empty:
        return None
    rows = entry.batch.rows
    return judge_harm(join(predictions, labels), rows, champion.model.card, findings.latency)
