"""The rows behind each version: shown in MLflow, and read back verified."""

import json

import pandas as pd
from mlflow.entities import Dataset, DatasetInput, InputTag, Run

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
