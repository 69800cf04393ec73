"""Harm: the labels that have come so far, joined to what the champion said."""

from dataclasses import replace

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
    """Metrics and signals of harm on one batch.

    None while none of its labels have come, and where the champion has learnt from them.
    """
    predictions, entry = findings.predictions, findings.entry
    labels = doors.predictions.read_labels(spec.name, entry.batch.digest)
    if predictions is None or labels.empty or findings.learnt:
        return None
    card = replace(champion.model.card, spec=spec)  # today's tolerances, not those of its birth
    past, number = findings.past, champion.version.number
    earlier = [p.loss for p in past if p.champion == number and p.loss is not None]
    joined = join(predictions, labels)
    rows, latency = entry.batch.rows, findings.latency
    return judge_harm(joined, rows, card, latency, earlier, predictions.values)
