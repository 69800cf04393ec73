"""Scoring: the champion's predictions of a batch, kept, and how long they took."""

from time import perf_counter

import numpy as np
import pandas as pd
from prefect import task

from incumbent.data.profile import kinds_in
from incumbent.errors import NoChampionError
from incumbent.model.scoring import latency_of, predict, require_same_model, score
from incumbent.monitoring.slices import require_slices
from incumbent.params import ModelSpec
from incumbent.records import (
    BatchEntry,
    Champion,
    Latency,
    ModelCard,
    Predictions,
    ValidationReport,
    Version,
)
from tasks.gateways import OUTSIDE, Gateways

FEWEST_ROWS, MOST_ROWS = 5, 40  # single rows of a batch that are timed
LATENCY_MS = 30.0  # beyond the fewest rows, no more are timed once so much has been spent


@task(name="load champion", **OUTSIDE)
def load_champion(gateways: Gateways, spec: ModelSpec) -> Champion:
    """The version that the ledger names as champion, its bytes verified."""
    version = require_champion(gateways, spec)
    if version not in gateways.read:
        champion = gateways.registry.load(version)
        gateways.read.clear()
        gateways.read[version] = champion
    champion = gateways.read[version]
    require_same_model(spec, champion.model.card.spec)
    require_slices(spec, kinds_in(champion.model.card.profile))
    return champion


def require_champion(gateways: Gateways, spec: ModelSpec) -> Version:
    """The version that the ledger names as champion.

    Raises:
        NoChampionError: There is none yet.
    """
    version = gateways.ledger.champion(spec.name)
    if version is None:
        raise NoChampionError(
            f"Model {spec.name!r} has no champion.",
            "no promotion in the ledger",
            "a model that was trained",
            "run `incumbent train SPEC DATA` first",
        )
    return version


@task(name="scoring", **OUTSIDE)
def score_batch(
    gateways: Gateways,
    spec: ModelSpec,
    champion: Champion,
    entry: BatchEntry,
    frame: pd.DataFrame,
    validation: ValidationReport,
) -> tuple[Predictions, Latency]:
    """Predictions of every row, kept by batch and version, with their latency.

    The values of the spec's slices are kept beside them, for labels that come when the batch
    itself is no longer at hand.
    """
    model = champion.model
    start = perf_counter()
    predictions = score(model.card, model.pipeline, frame, validation.excluded, spec.harm_slices)
    batch_ms = (perf_counter() - start) * 1_000
    version = champion.version
    gateways.predictions.write(version.model, entry.batch.digest, version.number, predictions)
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
