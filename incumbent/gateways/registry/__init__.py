# ruff: noqa: PLC0415 - MLflow takes a second to import: each method imports its part
"""The only gateway to MLflow: versions, aliases, training sets, runs and the timeline.

Every method raises OutOfReachError when MLflow, its database or its artifact store does not
answer: an outage is never read as "there is none".
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from incumbent.records import (
    Champion,
    FittedModel,
    ModelCard,
    RegisteredVersion,
    RunRecord,
    Version,
)

if TYPE_CHECKING:  # heavy, and not needed before the first call
    import pandas as pd

    from incumbent.gateways.registry.connection import Connection


class Registry:
    """MLflow as Incumbent uses it. Nothing is imported or reached before the first call.

    Args:
        tracking_uri: Server or database of MLflow, tracking and registry in one.
        artifacts: Where new experiments keep artifacts; None leaves it to the server.
        ledger: Id of the ledger that what is written belongs to; None: it carries none.
        fence: Is called just before each write, and raises where it must not be made.
    """

    def __init__(
        self,
        tracking_uri: str,
        artifacts: str | None = None,
        ledger: str | None = None,
        fence: Callable[[], None] | None = None,
    ) -> None:
        self._tracking_uri = tracking_uri
        self._artifacts = artifacts
        self._ledger = ledger
        self._fence = fence

    @cached_property
    def _connection(self) -> "Connection":
        from incumbent.gateways.registry.connection import Connection

        return Connection(self._tracking_uri, self._artifacts, self._ledger, self._fence)

    def under(self, ledger: str, fence: Callable[[], None]) -> "Registry":
        """The same registry, as a run writes to it that holds the lease of a model.

        Args:
            ledger: Id of the ledger that all that is written belongs to, and is tagged with.
            fence: Is called just before each write; its LeaseError keeps it from being made.
        """
        return Registry(self._tracking_uri, self._artifacts, ledger, fence)

    def keep(self, run: RunRecord, fitted: FittedModel, training_rows: "pd.DataFrame") -> Version:
        """Store a fitted model with everything that belongs to it, as artifacts of a run.

        The result can be loaded; it is no version yet, and its number is 0.

        Args:
            run: Its run, in the experiment that is named as the model. NaN and infinite metrics
                are left out.
            fitted: Pipeline, card and golden rows.
            training_rows: The rows it was fitted on, shape (n, columns), all columns.

        Raises:
            IntegrityError: The rows are not those that the card names.
            UsageError: The pipeline cannot be stored without pickle.
            OutOfReachError: MLflow failed on the way; the run is FAILED.
        """
        from incumbent.gateways.registry import versions

        return versions.keep(self._connection, run, fitted, training_rows)

    def publish(self, stored: Version, card: ModelCard, above: int = 0) -> Version:
        """Make a version of a stored model, whose number is greater than `above`.

        Raises:
            OutOfReachError: MLflow failed on the way; the run is FAILED, there is no version.
        """
        from incumbent.gateways.registry import versions

        return versions.publish(self._connection, stored, card, above)

    def load(self, version: Version) -> Champion:
        """Read a version back, its bytes verified before anything in them is read.

        Raises:
            AbsentError: The run that holds it is gone.
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

    def registered(self, model: str) -> tuple[RegisteredVersion, ...]:
        """Every version of a model, whoever registered it, oldest first."""
        from incumbent.gateways.registry import versions

        return versions.registered(self._connection, model)

    def claim(self, version: Version) -> None:
        """Let a version belong to the ledger of this registry from now on."""
        from incumbent.gateways.registry import versions

        versions.claim(self._connection, version)

    def archive(self, model: str, runs: Collection[str]) -> tuple[str, ...]:
        """Tag the versions of these runs as never promoted; return the runs that have one."""
        from incumbent.gateways.registry import versions

        return versions.archive(self._connection, model, runs)

    def aliased(self, model: str, alias: str) -> RegisteredVersion | None:
        """The version that an alias names; None where MLflow has no such alias."""
        from incumbent.gateways.registry import aliases

        return aliases.aliased(self._connection, model, alias)

    def point(self, model: str, alias: str, number: int) -> None:
        """Let an alias name a version, and read it again.

        Raises:
            AbsentError: There is no such version.
            IntegrityError: Someone else has set it in between.
        """
        from incumbent.gateways.registry import aliases

        aliases.point(self._connection, model, alias, number)

    def close_runs(self, model: str) -> None:
        """Mark as killed the open runs of this registry's ledger: no other run is at work."""
        from incumbent.gateways.registry import runs

        runs.close_abandoned(self._connection, model)

    def page(self, model: str, run_id: str) -> str | None:
        """The address of a run's page; None where MLflow is a database without a server."""
        return self._connection.page(model, run_id)

    def log_timeline(
        self, model: str, step: int, metrics: Mapping[str, float | None], at: datetime
    ) -> None:
        """Add one point to each line of a model's timeline; a point once made stays.

        Args:
            model: The registered model.
            step: Ordinal of the batch that the metrics are about.
            metrics: None, NaN and infinities are left out.
            at: When the batch arrived; MLflow keeps a point of the same time, step and value once.
        """
        from incumbent.gateways.registry import timeline

        timeline.log_timeline(self._connection, model, step, metrics, at)

    def log_run(self, model: str, record: RunRecord, now: datetime, *, begun: bool = True) -> str:
        """Write a finished run in a model's experiment, and return its id.

        Args:
            model: The registered model.
            record: What is written; of several with one key the first stands.
            now: Start and end of the run.
            begun: Whether a run of this key may have been written before.
        """
        from incumbent.gateways.registry import runs

        return runs.log_run(self._connection, model, record, now, begun=begun)
