"""A registry, fake or real, with what its claims are checked by."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Run

from incumbent.gateways.registry import Registry
from incumbent.params import Task
from incumbent.records import FittedModel, RunRecord, Version
from tests.fakes.fitted import fitted_on, rows_of
from tests.fakes.registry import FakeRegistry


@dataclass
class RegistryDriver:
    """A registry under test, with the helpers of its tests."""

    registry: Registry

    def point_of(self, model: str, key: str) -> list[tuple[int, float]]:
        """The points of a line of a timeline, by step."""
        if isinstance(self.registry, FakeRegistry):
            return sorted(self.registry.timelines.get((model, key), []))
        client = client_of(self.registry)
        named = (r for r in runs_of(client, model) if r.info.run_name == "timeline")
        (run,) = [run for run in named if run.info.status == "FINISHED"]
        return sorted((m.step, m.value) for m in client.get_metric_history(run.info.run_id, key))

    def tamper(self, version: Version) -> None:
        """Change a byte of what is stored."""
        if isinstance(self.registry, FakeRegistry):
            self.registry.tamper(version)
            return
        card = folder_of(self.registry, version) / "card.json"
        card.write_text(card.read_text().replace("log_loss", "log_lass"))

    def keep(self) -> Version:
        """Keep a small model."""
        rows = rows_of(Task.BINARY)
        fitted = fitted_on(rows, Task.BINARY, ["distance"])
        return self.registry.keep(run_called("judge x"), fitted, rows)

    def register(self) -> tuple[Version, FittedModel, pd.DataFrame]:
        """Register a small model; also what it was fitted on."""
        rows = rows_of(Task.BINARY)
        fitted = fitted_on(rows, Task.BINARY, ["carrier", "delay", "distance"])
        return registered(self.registry, run_called("train x"), fitted, rows), fitted, rows

    def alias(self, model: str, alias: str) -> int | None:
        """Number of the version that an alias names."""
        shown = self.registry.aliased(model, alias)
        return None if shown is None else shown.version.number


def registered(
    registry: Registry, run: RunRecord, fitted: FittedModel, rows: pd.DataFrame
) -> Version:
    """Store a model and make it a version."""
    return registry.publish(registry.keep(run, fitted, rows), fitted.card)


def run_called(name: str, **fields: Any) -> RunRecord:
    """A run with nothing but a name."""
    found = {"params": {}, "metrics": {}, "tags": {}} | fields
    return RunRecord(name, "", **found)


def client_of(registry: Registry) -> MlflowClient:
    return MlflowClient(registry._tracking_uri, registry._tracking_uri)


def runs_of(client: MlflowClient, model: str) -> list[Run]:
    """Every run in the experiment of a model."""
    experiment = client.get_experiment_by_name(model)
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id]))


def folder_of(registry: Registry, version: Version) -> Path:
    uri = client_of(registry).get_run(version.run_id).info.artifact_uri
    return Path(uri.removeprefix("file://")) / "model"
