# ruff: noqa: PLC0415 - MLflow takes a second to import: each method imports its part
"""The only gateway to MLflow: versions, aliases, training sets, runs and the timeline.

Every method raises OutOfReachError when MLflow, its database or its artifact store does not
answer: an outage is never read as "there is none".
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from incumbent.records import Champion, FittedModel, RunRecord, Version

if TYPE_CHECKING:  # heavy, and not needed before the first call
    import pandas as pd

    from incumbent.gateways.registry.connection import Connection


class Registry:
    """MLflow as Incumbent uses it. Nothing is imported or reached before the first call.

    Args:
        tracking_uri: Server or database of MLflow, tracking and registry in one.
        artifacts: Where new experiments keep artifacts; None leaves it to the server.
    """

    def __init__(self, tracking_uri: str, artifacts: str | None = None) -> None:
        self._tracking_uri = tracking_uri
        self._artifacts = artifacts

    @cached_property
    def _connection(self) -> "Connection":
        from incumbent.gateways.registry.connection import Connection

        return Connection(self._tracking_uri, self._artifacts)

    def register(
        self, run: RunRecord, fitted: FittedModel, training_rows: "pd.DataFrame"
    ) -> Version:
        """Store a fitted model with everything that belongs to it, and make it a version.

        Args:
            run: Its run, in the experiment that is named as the model. NaN and infinite metrics
                are left out.
            fitted: Pipeline, card and golden rows.
            training_rows: The rows it was fitted on, shape (n, columns), all columns.

        Raises:
            IntegrityError: The rows are not those that the card names.
            UsageError: The pipeline cannot be stored without pickle.
            OutOfReachError: MLflow failed on the way; the run is FAILED, there is no version.
        """
        from incumbent.gateways.registry import versions

        return versions.register(self._connection, run, fitted, training_rows)

    def keep(self, run: RunRecord, fitted: FittedModel, training_rows: "pd.DataFrame") -> Version:
        """Store a fitted model like `register`, as artifacts of its run and no version.

        The result can be loaded; its number is 0.
        """
        from incumbent.gateways.registry import versions

        return versions.keep(self._connection, run, fitted, training_rows)

    def load(self, version: Version) -> Champion:
        """Read a version back, its bytes verified before anything in them is read.

        Raises:
            IntegrityError: The bytes are not those that were registered.
        """
        from incumbent.gateways.registry import versions

        return versions.load(self._connection, version)

    def training_rows(self, version: Version) -> "pd.DataFrame":
        """The rows that a version was fitted on, shape (n, columns), verified twice.

        Raises:
            IntegrityError: The bytes, or the rows in them, are not those registered.
        """
        from incumbent.gateways.registry import training_sets

        return training_sets.training_rows(self._connection, version)

    def alias(self, model: str, alias: str) -> int | None:
        """Number of the version that an alias names; None where MLflow has no such alias."""
        from incumbent.gateways.registry import aliases

        return aliases.alias(self._connection, model, alias)

    def point(self, model: str, alias: str, number: int) -> None:
        """Let an alias name a version, and read it again.

        Raises:
            IntegrityError: Someone else has set it in between.
        """
        from incumbent.gateways.registry import aliases

        aliases.point(self._connection, model, alias, number)

    def unpoint(self, model: str, alias: str) -> None:
        """Take an alias away; where there is none, nothing happens."""
        from incumbent.gateways.registry import aliases

        aliases.unpoint(self._connection, model, alias)

    def sweep(self, model: str, promoted: Collection[int]) -> None:
        """Remove what a crash left behind: open runs of Incumbent, versions never promoted.

        Args:
            model: The registered model; no other run is at work on it.
            promoted: Numbers of the versions that were ever promoted.
        """
        from incumbent.gateways.registry import versions

        versions.sweep(self._connection, model, promoted)

    def page(self, model: str, run_id: str) -> str | None:
        """The address of a run's page; None where MLflow is a database without a server."""
        return self._connection.page(model, run_id)

    def log_timeline(
        self, model: str, step: int, metrics: Mapping[str, float | None], now: datetime
    ) -> None:
        """Add one point to each line of a model's timeline; a point once made stays.

        Args:
            model: The registered model.
            step: Ordinal of the batch that the metrics are about.
            metrics: None, NaN and infinities are left out.
            now: Time of logging.
        """
        from incumbent.gateways.registry import timeline

        timeline.log_timeline(self._connection, model, step, metrics, now)

    def log_run(self, model: str, record: RunRecord, now: datetime) -> str:
        """Write a finished run in a model's experiment, and return its id.

        Args:
            model: The registered model.
            record: What is written; of several with one key the first stands.
            now: Start and end of the run.
        """
        from incumbent.gateways.registry import runs

        return runs.log_run(self._connection, model, record, now)
