"""Versions of a registered model: stored in one run, then published, and read back verified."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from incumbent.digest import folder_digest, table_digest
from incumbent.errors import IntegrityError
from incumbent.gateways.registry.artifacts import MODEL_PATH, verified
from incumbent.gateways.registry.connection import (
    ALREADY_EXISTS,
    NO_MODEL,
    Connection,
    is_answer,
    require_sense,
)
from incumbent.gateways.registry.folder import read, write
from incumbent.gateways.registry.runs import (
    LEDGER_TAG,
    failing,
    fill,
    finish,
    opened,
    owned,
    points,
)
from incumbent.gateways.registry.training_sets import (
    DIGEST_TAG,
    TRAINING_TAG,
    log_training_set,
)
from incumbent.records import (
    Champion,
    FittedModel,
    ModelCard,
    RegisteredVersion,
    RunRecord,
    Version,
)

ARCHIVED_TAG = "incumbent.archived"
NOT_PROMOTED, TAKEN = "never promoted", "an earlier version had this number"
UNREGISTERED = 0


def keep(
    connection: Connection,
    record: RunRecord,
    fitted: FittedModel,
    training_rows: pd.DataFrame,
) -> Version:
    """Store a model with its card, golden rows and training rows as artifacts of a run.

    It is no version yet: its number is 0.
    """
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
            with connection.writing("store the model") as client:
                client.log_artifacts(run.info.run_id, str(folder), MODEL_PATH)
            finish(connection, run)
    return Version(card.spec.name, UNREGISTERED, run.info.run_id, digest)


def load(connection: Connection, version: Version) -> Champion:
    """Read a version back; its digest is checked before anything in it is read."""
    with verified(connection, version) as folder:
        return Champion(version, read(folder, version))


def publish(connection: Connection, stored: Version, card: ModelCard, above: int) -> Version:
    """Make a version of a model that is stored in a run; an error leaves a FAILED run and none.

    Where someone has deleted the registered model, MLflow begins to count anew: numbers that were
    given out before are archived, until one comes that is above them.
    """
    with failing(connection, stored.run_id):
        while (number := _new_version(connection, stored, card)) <= above:
            with connection.writing("archive a number") as client:
                client.set_model_version_tag(stored.model, str(number), ARCHIVED_TAG, TAKEN)
    return replace(stored, number=number)


def registered(connection: Connection, model: str) -> tuple[RegisteredVersion, ...]:
    """Every version of a model, oldest first."""
    with connection.guarded(f"look for versions of {model!r}") as client:
        found = [as_registered(v) for v in client.search_model_versions(f"name = '{model}'")]
        if not found:
            _require_answer_about(client, model)
    return tuple(sorted(found, key=lambda v: v.version.number))


def archive(connection: Connection, model: str, runs: Collection[str]) -> tuple[str, ...]:
    """Tag the versions of these runs as never promoted; return the runs that have a version."""
    named = ", ".join(f"'{run}'" for run in runs)
    with connection.writing(f"archive versions of {model!r}") as client:
        found = client.search_model_versions(f"name = '{model}' AND run_id IN ({named})")
        for version in found:
            client.set_model_version_tag(model, version.version, ARCHIVED_TAG, NOT_PROMOTED)
    return tuple(str(version.run_id) for version in found)


def claim(connection: Connection, version: Version) -> None:
    """Let a version belong to the connection's ledger from now on."""
    with connection.writing(f"claim version {version.number} of {version.model!r}") as client:
        for key, value in owned(connection).items():
            client.set_model_version_tag(version.model, str(version.number), key, value)


def as_registered(found: ModelVersion) -> RegisteredVersion:
    """A version as MLflow answers it.

    Raises:
        MlflowException: The answer is not MLflow's.
    """
    require_sense(str(found.version).isdecimal())
    digest, run = found.tags.get(DIGEST_TAG, ""), str(found.run_id or "")
    version = Version(found.name, int(found.version), run, digest)
    return RegisteredVersion(version, found.tags.get(LEDGER_TAG), ARCHIVED_TAG in found.tags)


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


def _new_version(connection: Connection, stored: Version, card: ModelCard) -> int:
    name, tags = stored.model, {DIGEST_TAG: stored.digest, TRAINING_TAG: card.training.digest}
    with connection.writing(f"register a version of {name!r}") as client:
        _ensure_model(client, name)
        made = client.create_model_version(
            name,
            f"{client.get_run(stored.run_id).info.artifact_uri}/{MODEL_PATH}",
            stored.run_id,
            tags=tags | owned(connection),
            description=describe(card, stored.digest),
            await_creation_for=0,
        )
        return as_registered(made).version.number


def _ensure_model(client: MlflowClient, name: str) -> None:
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != ALREADY_EXISTS:
            raise


def _require_answer_about(client: MlflowClient, model: str) -> None:
    """Ask for the model itself: an empty answer is MLflow's only where this one is."""
    try:
        require_sense(client.get_registered_model(model).name == model)
    except MlflowException as error:
        if not is_answer(error, NO_MODEL):
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
