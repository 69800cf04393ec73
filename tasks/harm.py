"""Harm: the labels that have come so far, joined to what the champion said."""

from dataclasses import replace

from prefect import task

from incumbent.data.labels import join
from incumbent.monitoring.harm import judge_harm
from incumbent.params import ModelSpec
from incumbent.records import Champion, Findings, HarmReport
from tasks.gateways import OUTSIDE, Gateways


@task(name="harm", **OUTSIDE)
def judge_labels(
    gateways: Gateways, spec: ModelSpec, champion: Champion, findings: Findings
) -> HarmReport | None:
    """Metrics and signals of harm on one batch.

    None while none of its labels have come, and where the champion has learnt from them.
    """
    predictions, entry = findings.predictions, findings.entry
    labels = gateways.predictions.read_labels(spec.name, entry.batch.digest)
    if predictions is None or labels.empty or findings.learnt:
        return None
    card = replace(champion.model.card, spec=spec)  # today's tolerances, not those of its birth
    judged_batches, number = findings.judged_batches, champion.version.number
    earlier = [p.loss for p in judged_batches if p.champion == number and p.loss is not None]
    joined = join(predictions, labels)
    rows, latency = entry.batch.rows, findings.latency
    return judge_harm(joined, rows, card, latency, earlier, predictions.values)
