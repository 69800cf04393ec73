"""Versions of a registered model: stored whole in one run, read back verified."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from incumbent.digest import folder_digest, table_digest
from incumbent.errors import IntegrityError
from incumbent.gateways.registry.artifacts import MODEL_PATH, verified
from incumbent.gateways.registry.connection import ALREADY_EXISTS, Connection
from incumbent.gateways.registry.folder import read, write
from incumbent.gateways.registry.runs import (
    close_abandoned,
    failing,
    fill,
    finish,
    opened,
    points,
)
from incumbent.gateways.registry.training_sets import (
    DIGEST_TAG,
    TRAINING_TAG,
    log_training_set,
)
from incumbent.records import Champion, FittedModel, ModelCard, RunRecord, Version

UNREGISTERED = 0


def register(
    connection: Connection,
    record: RunRecord,
    fitted: FittedModel,
    training_rows: pd.DataFrame,
) -> Version:
    """Store a model with its card, golden rows and training rows, and make it a version.

    The version is made last: an error before leaves a FAILED run and no version.
    """
    kept = keep(connection, record, fitted, training_rows)
    with failing(connection, kept.run_id):
        number = _new_version(connection, fitted.card, kept.run_id, kept.digest)
    return replace(kept, number=number)


def keep(
    connection: Connection,
    record: RunRecord,
    fitted: FittedModel,
    training_rows: pd.DataFrame,
) -> Version:
    """Store the same as artifacts of a run alone; the number of what is no version is 0."""
    card = fitted.card
    _require_fitted_rows(card, training_rows)
    tags = {**record.tags, TRAINING_TAG: card.training.digest}
    with TemporaryDirectory() as name:
        folder = Path(name) / MODEL_PATH
        write(folder, fitted, training_rows)
        digest = folder_digest(folder)
        with opened(connection, card.spec.name, record.name, tags, None) as run:
            fill(connection, run, record.params, points(record.metrics, run.info.start_time, 0))
            log_training_set(connection, run, card)
            with connection.guarded("store the model") as client:
                client.log_artifacts(run.info.run_id, str(folder), MODEL_PATH)
            finish(connection, run)
    return Version(card.spec.name, UNREGISTERED, run.info.run_id, digest)


def load(connection: Connection, version: Version) -> Champion:
    """Read a version back; its digest is checked before anything in it is read."""
    with verified(connection, version) as folder:
        return Champion(version, read(folder, version))


def sweep(connection: Connection, model: str, promoted: Collection[int]) -> None:
    """Remove what a crash left behind: runs still open, versions that were never promoted.

    A version that someone else registered has no digest tag, and stays.
    """
    close_abandoned(connection, model)
    with connection.guarded(f"look for abandoned versions of {model!r}") as client:
        for found in client.search_model_versions(f"name = '{model}'"):
            if DIGEST_TAG in found.tags and int(found.version) not in promoted:
                client.delete_model_version(model, found.version)
                client.delete_run(str(found.run_id))  # MLflow marks it as deleted


def describe(card: ModelCard, digest: str) -> str:
    """What a person reads above a version in MLflow, as Markdown."""
    training, baseline = card.training, card.baseline
    days = (
        "unknown"
        if training.period is None
        else f"{training.period.start:%Y-%m-%d} to {training.period.end:%Y-%m-%d}"
    )
    lines = [
        f"{card.spec.task.value.capitalize()} model of `{card.spec.target}`.",
        "",
        "| | |",
        "|---|---|",
        f"| Baseline {baseline.metric_name} | {baseline.loss.value:.4g} |",
        f"| Trained on | {training.rows:,} rows, {days} |",
        f"| Training set | `{training.digest}` |",
        f"| Artifact | `{digest}` |",
    ]
    return "\n".join(lines)


def _new_version(connection: Connection, card: ModelCard, run_id: str, digest: str) -> int:
    name = card.spec.name
    with connection.guarded(f"register a version of {name!r}") as client:
        _ensure_model(client, name)
        made = client.create_model_version(
            name,
            f"{client.get_run(run_id).info.artifact_uri}/{MODEL_PATH}",
            run_id,
            tags={DIGEST_TAG: digest, TRAINING_TAG: card.training.digest},
            description=describe(card, digest),
            await_creation_for=0,
        )
    return int(made.version)


def _ensure_model(client: MlflowClient, name: str) -> None:
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != ALREADY_EXISTS:
            raise


def _require_fitted_rows(card: ModelCard, rows: pd.DataFrame) -> None:
    observed = table_digest(rows)
    if observed != card.training.digest:
        raise IntegrityError(
            "The rows to be registered are not those that the model was fitted on.",
            observed,
            card.training.digest,
            "register a model with the very rows of its training",
        )
