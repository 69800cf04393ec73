"""The rows behind each version: shown in MLflow, read back verified, found by digest."""

import json

import pandas as pd
from mlflow.entities import Dataset, DatasetInput, InputTag, Run
from mlflow.entities.model_registry import ModelVersion

from incumbent.digest import table_digest
from incumbent.errors import IntegrityError
from incumbent.gateways.registry.artifacts import MODEL_PATH, verified
from incumbent.gateways.registry.connection import Connection
from incumbent.gateways.registry.folder import ROWS_FILE, columns_of, read_rows
from incumbent.records import ModelCard, Version

TRAINING_TAG = "incumbent.training_digest"
DIGEST_TAG = "incumbent.digest"
LONGEST_DIGEST = 36  # of a dataset in MLflow; the tag keeps the whole


def log_training_set(connection: Connection, run: Run, card: ModelCard) -> None:
    """Show the training set as the run's dataset."""
    inputs = columns_of(card)
    dataset = Dataset(
        name=f"{card.spec.name} training set",
        digest=card.training.digest[:LONGEST_DIGEST],
        source_type="run_artifact",
        source=json.dumps({"uri": f"runs:/{run.info.run_id}/{MODEL_PATH}/{ROWS_FILE}"}),
        schema=json.dumps({"mlflow_colspec": inputs.to_dict()}),
        profile=json.dumps({"num_rows": card.training.rows}),
    )
    context = InputTag("mlflow.data.context", "training")
    with connection.guarded("log the training set") as client:
        client.log_inputs(run.info.run_id, [DatasetInput(dataset, [context])])


def training_rows(connection: Connection, version: Version) -> pd.DataFrame:
    """The rows that a version was fitted on, held to the digest in its card."""
    with verified(connection, version) as folder:
        return read_rows(folder, version)


def training_rows_by_digest(connection: Connection, model: str, digest: str) -> pd.DataFrame:
    """The training rows with this digest, whichever version they were registered with.

    Raises:
        IntegrityError: No version was registered with them, or they have changed.
    """
    with connection.guarded(f"look for training set {digest}") as client:
        found = client.search_model_versions(
            f"name = '{model}' AND tag.`{TRAINING_TAG}` = '{digest}'", max_results=1
        )
    if not found or DIGEST_TAG not in found[0].tags:
        raise _absent(model, digest)
    rows = training_rows(connection, _version_of(found[0]))
    if table_digest(rows) != digest:
        raise _absent(model, digest)
    return rows


def _version_of(found: ModelVersion) -> Version:
    digest = found.tags[DIGEST_TAG]
    return Version(found.name, int(found.version), str(found.run_id), digest)


def _absent(model: str, digest: str) -> IntegrityError:
    return IntegrityError(
        f"No intact training set of {model!r} has this digest.",
        "none",
        digest,
        "name the digest of a registered version (tag `incumbent.training_digest`)",
    )
