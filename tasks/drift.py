"""Drift: the batch on the cells of its champion's training set."""

from dataclasses import replace
from functools import partial

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE

from incumbent.data.intake import blocks_of
from incumbent.data.labels import join
from incumbent.data.profile import count
from incumbent.data.profile.windows import blocks_in
from incumbent.monitoring.drift import drift, persistent
from incumbent.monitoring.drift.outputs import outputs_drift
from incumbent.monitoring.drift.together import rows_of_frame, with_groups
from incumbent.params import ModelSpec
from incumbent.records import BatchStatus, Champion, DriftReport, Findings
from tasks.gateways import Gateways, open_gateways


@task(name="drift", cache_policy=NO_CACHE)
def measure_drift(frame: pd.DataFrame, champion: Champion, spec: ModelSpec) -> DriftReport:
    """Profile the batch and compare it with the champion's reference; no raw row is read again."""
    reference = champion.model.card.profile
    days = blocks_in(blocks_of(frame, spec))
    report = drift(count(frame, reference, days), reference, spec)
    report = with_groups(report, partial(rows_of_frame, frame))
    return persistent(report, _earlier(champion, spec), spec.drift_repeats)


def with_outputs(
    gateways: Gateways, spec: ModelSpec, champion: Champion, findings: Findings
) -> Findings:
    """The findings with the drift of what the champion said, and of the labels so far.

    They stay as they are where another version said it, or the champion has learnt the rows.
    """
    drift, predictions = findings.drift, findings.predictions
    own = findings.scored_by == champion.version.number and not findings.learnt
    if drift is None or predictions is None or not own:
        return findings
    labels = gateways.predictions.read_labels(spec.name, findings.entry.batch.digest)
    outputs = outputs_drift(champion.model, predictions, join(predictions, labels), spec)
    return replace(findings, drift=replace(drift, outputs=outputs))


def _earlier(champion: Champion, spec: ModelSpec) -> list[bool]:
    """Whether the last handled batches were beyond the null of this champion."""
    ledger = open_gateways().ledger
    handled = ledger.batches(spec.name, status=BatchStatus.HANDLED)
    last = handled[len(handled) - min(len(handled), spec.drift_window - 1) :]
    entries = [ledger.batch(spec.name, entry.batch.digest) for entry in last]
    documents = [entry.document for entry in entries if entry and entry.document]
    return [
        doc["drift"]["beyond"]
        for doc in documents
        if doc["drift"] and doc["champion"]["version_before"] == champion.version.number
    ]
