"""Scoring: the champion's predictions of a batch, kept, and how long they took."""

from dataclasses import replace
from time import perf_counter

import numpy as np
import pandas as pd
from prefect import task

from incumbent.data.intake import ids_of
from incumbent.model.scoring import latency_of, predict, score
from incumbent.monitoring.feedback import draw
from incumbent.records import (
    BatchEntry,
    Champion,
    Exploration,
    Latency,
    ModelCard,
    Predictions,
    ValidationReport,
)
from tasks.gateways import OUTSIDE
from tasks.state import LiveState

FEWEST_ROWS, MOST_ROWS = 5, 40  # single rows of a batch that are timed
LATENCY_MS = 30.0  # beyond the fewest rows, no more are timed after so many milliseconds


@task(name="scoring", **OUTSIDE)
def score_batch(
    state: LiveState, entry: BatchEntry, frame: pd.DataFrame, validation: ValidationReport
) -> tuple[Predictions, Latency]:
    """Predictions of every row, kept by batch and version, with their latency.

    The values of the spec's slices are kept beside them, for labels that arrive when the file
    of the batch no longer exists. So are the rows that are drawn for exploration.
    """
    exploration = draw(ids_of(frame, state.spec), state.spec)
    return _scored(state, entry, frame, (validation, exploration))


@task(name="scoring", **OUTSIDE)
def score_again(
    state: LiveState,
    entry: BatchEntry,
    frame: pd.DataFrame,
    validation: ValidationReport,
    exploration: Exploration | None,
) -> Predictions:
    """Predictions by another champion; the rows that were drawn when the batch came stay drawn."""
    return _scored(state, entry, frame, (validation, exploration))[0]


def _scored(
    state: LiveState,
    entry: BatchEntry,
    frame: pd.DataFrame,
    known: tuple[ValidationReport, Exploration | None],
) -> tuple[Predictions, Latency]:
    validation, exploration = known
    champion, spec = state.champion(), state.spec
    model = champion.model
    start = perf_counter()
    predictions = score(model.card, model.pipeline, frame, validation.excluded, spec.harm_slices)
    predictions = replace(predictions, exploration=exploration)
    batch_ms = (perf_counter() - start) * 1_000
    version = champion.version
    store, digest = state.gateways.predictions, entry.batch.digest
    store.write(version.model, digest, version.number, predictions)
    store.write_rows(version.model, digest, frame.drop(columns=spec.target, errors="ignore"))
    return predictions, latency_of(_rows_ms(champion, frame), batch_ms)


def _rows_ms(champion: Champion, frame: pd.DataFrame) -> list[float]:
    """Milliseconds of single rows, until they have cost enough."""
    card: ModelCard = champion.model.card
    features, taken = frame[list(card.profile.columns)], list[float]()
    positions = np.linspace(0, len(frame) - 1, min(MOST_ROWS, len(frame)), dtype=int)
    for position in positions.tolist():
        start = perf_counter()
        predict(champion.model.pipeline, features.iloc[[position]], card.spec.task)
        taken.append((perf_counter() - start) * 1_000)
        if len(taken) >= FEWEST_ROWS and sum(taken) > LATENCY_MS:
            break
    return taken
