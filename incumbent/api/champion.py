"""`incumbent.load_champion`: the model in production, for notebooks and services."""

import os
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from incumbent.api.tables import TableLike, arrow_of, path_of
from incumbent.data.kinds import column_types
from incumbent.data.profile import kinds_in
from incumbent.data.written import as_trained
from incumbent.errors import NoChampionError, UsageError
from incumbent.gateways.ledger import Ledger
from incumbent.gateways.registry import Registry
from incumbent.gateways.sources.frame import frame_of, read_frame
from incumbent.model.scoring import labels_of, predict
from incumbent.params import Task
from incumbent.records import Champion, ModelCard, Version
from incumbent.settings import Settings, environment_defaults

OF_MLFLOW = ("MLFLOW_", "DO_NOT_TRACK")


@dataclass(frozen=True, repr=False)
class LoadedChampion:
    """A champion that was read back from the registry, its bytes verified by digest.

    Attributes:
        version: Its number, its run and its digest.
        card: What it was registered with: the spec, the classes, the decision threshold, the
            profile of its training set, and its loss on held-out rows.
    """

    version: Version
    card: ModelCard
    _pipeline: Any

    def predict(self, rows: TableLike) -> NDArray[Any]:
        """The answer for raw rows, as `monitor` logs it.

        Args:
            rows: Rows as they arrive, shape (n, columns): a pandas frame, an Arrow table, or the
                path of a file, folder or pattern. Columns may come in any order and among others;
                values may be null.

        Returns:
            Shape (n,): the class of each row by the decision threshold, as text; of a regression,
            the value as float64.

        Raises:
            UsageError: A column that the model reads is missing; the message names it.
            UnreadableError: A number is none, or a file is not what its name says.
        """
        values = self._values(self._frame(rows))
        labels = labels_of(self.card, values)
        return values[:, 0] if labels is None else labels

    def predict_proba(self, rows: TableLike) -> pd.DataFrame:
        """The probability of each class, shape (n, classes), with the index of the rows.

        Args:
            rows: Rows as `predict` takes them.

        Raises:
            UsageError: The model is a regression, or a column that it reads is missing.
            UnreadableError: A number is none, or a file is not what its name says.
        """
        if self.card.spec.task is Task.REGRESSION:
            raise UsageError(
                "A regression has no probabilities.",
                f"task: {self.card.spec.task}",
                "a binary or multiclass model",
                "ask for `predict`",
            )
        frame = self._frame(rows)
        return pd.DataFrame(self._values(frame), columns=list(self.card.classes), index=frame.index)

    def __repr__(self) -> str:
        """Which version it is, and how good it was when it was judged."""
        baseline, training = self.card.baseline, self.card.training
        return (
            f"{self.version.model} version {self.version.number}: {self.card.spec.task},"
            f" {baseline.metric_name} {baseline.loss.value:.4f} on held-out rows,"
            f" trained on {training.rows} rows (SHA-256 {self.version.digest[:16]})"
        )

    def _values(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        return predict(self._pipeline, frame, self.card.spec.task)

    def _frame(self, rows: TableLike) -> pd.DataFrame:
        if isinstance(rows, pd.DataFrame):
            return rows
        path = path_of(rows)
        known = column_types(self.card.spec, kinds_in(self.card.profile))
        found = (
            frame_of(arrow_of(rows))
            if path is None
            else read_frame(path, known, self.card.spec.largest_table_gb)
        )
        return as_trained(found, self.card.profile)


def load_champion(name: str) -> LoadedChampion:
    """The champion of a model, as the ledger names it, its bytes verified before they are read.

    The ledger and the registry are those that the environment names: `INCUMBENT_HOME`,
    `INCUMBENT_DATABASE_URL`, `MLFLOW_TRACKING_URI`. A champion that is loaded stays the one it
    is: a service loads it again to follow a promotion.

    Args:
        name: Name of the model.

    Raises:
        NoChampionError: The model has none, or the name is not known.
        IntegrityError: The bytes are not those that were registered.
        OutOfReachError: The database or MLflow did not answer.

    >>> import tempfile
    >>> from unittest.mock import patch
    >>> with patch.dict(os.environ, INCUMBENT_HOME=tempfile.mkdtemp()):
    ...     champion = load_champion("flights")
    Traceback (most recent call last):
        ...
    incumbent.errors.NoChampionError: Model 'flights' has no champion. Observed: ...
    """
    settings = Settings.of(os.environ)
    for variable, value in environment_defaults(settings).items():
        if variable.startswith(OF_MLFLOW):  # no telemetry, and short patience with a server
            os.environ.setdefault(variable, value)
    with closing(Ledger(settings.database_url)) as ledger:
        version = require_champion(ledger, name)
    found: Champion = Registry(settings.tracking_uri, settings.artifacts).load(version)
    return LoadedChampion(found.version, found.model.card, found.model.pipeline)


def require_champion(ledger: Ledger, name: str) -> Version:
    """The version that the ledger names as champion.

    Raises:
        NoChampionError: There is none yet.
    """
    version = ledger.champion(name)
    if version is None:
        raise NoChampionError(
            f"Model {name!r} has no champion.",
            f"models in the ledger: {', '.join(ledger.models()) or 'none'}",
            "a model that was trained",
            "run `incumbent train SPEC DATA` first",
        )
    return version
