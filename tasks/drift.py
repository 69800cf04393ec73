"""Drift: the batch on the bins of its champion's training set, and what its champion predicts."""

from dataclasses import replace
from functools import partial

import pandas as pd
from prefect import task

from incumbent.monitoring.drift import drift, persistent
from incumbent.monitoring.drift.outputs import LABEL, SCORE, outputs_drift
from incumbent.monitoring.drift.together import rows_of_frame, with_groups
from incumbent.monitoring.sensitive import without_values
from incumbent.params import ModelSpec
from incumbent.records import DriftReport, Findings, Profile
from tasks.gateways import OUTSIDE
from tasks.state import LiveState


@task(name="drift", **OUTSIDE)
def measure_drift(state: LiveState, frame: pd.DataFrame, counted: Profile) -> DriftReport:
    """The batch compared with the champion's reference, from the counts of validation."""
    reference, spec = state.champion().model.card.profile, state.spec
    report = without_values(drift(counted, reference, spec), spec.sensitive)
    report = with_groups(report, partial(rows_of_frame, frame))
    return persistent(report, _earlier(state), spec.drift_repeats)


def with_outputs(state: LiveState, findings: Findings) -> Findings:
    """The findings with the drift of the champion's predictions, and of the labels so far.

    They stay as they are where another version scored the batch, or the champion has learnt it.
    """
    drift, predictions, champion = findings.drift, findings.predictions, state.champion()
    own = findings.scored_by == champion.version.number and not findings.learnt
    if drift is None or predictions is None or not own:
        return findings
    labelled = state.all_labelled(findings.entry.batch.digest, predictions)
    outputs = outputs_drift(champion.model, predictions, labelled, state.spec)
    shown = without_values(replace(drift, outputs=outputs), _of_outputs(state.spec))
    return replace(findings, drift=shown)


def _of_outputs(spec: ModelSpec) -> tuple[str, ...]:
    """The sensitive columns, and the labels where the target is one of them."""
    return (*spec.sensitive, *((LABEL, SCORE) if spec.target in spec.sensitive else ()))


def _earlier(state: LiveState) -> list[bool]:
    """Whether the last handled batches were beyond the null of this champion."""
    ledger, spec, number = state.gateways.ledger, state.spec, state.champion().version.number
    last = ledger.documented(spec.name, spec.drift_window - 1) if spec.drift_window > 1 else ()
    documents = [entry.document for entry in last if entry.document]
    return [
        doc["drift"]["beyond"]
        for doc in documents
        if doc["drift"] and doc["champion"]["version_before"] == number
    ]
