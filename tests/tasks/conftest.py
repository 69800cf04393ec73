"""Steps without Prefect and without a server: what a task wraps, on a ledger in SQLite.

The registry is the fake that keeps the promises of the real one; batches, predictions and
Great Expectations are real.
"""

import pkgutil
import shutil
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from prefect import Flow, Task
from prefect.logging import disable_run_logger

import flows
import tasks
from incumbent.gateways.ledger import Ledger
from incumbent.gateways.predictions import PredictionStore
from incumbent.params import ModelSpec
from tasks.doors import Doors
from tests.fakes.registry import FakeRegistry
from tests.flows.world import TRAINING_DAYS, Delivery, a_spec, rows_of


@dataclass
class Loop:
    """The flows as plain functions, behind doors of their own."""

    home: Path
    registry: FakeRegistry = field(default_factory=FakeRegistry)

    @property
    def doors(self) -> Doors:
        ledger = Ledger(f"sqlite:///{self.home / 'ledger.db'}")
        return Doors(ledger, self.registry, PredictionStore(str(self.home / "predictions")))

    @property
    def champion(self) -> int:
        """Number of the champion."""
        version = self.doors.ledger.champion("shop")
        assert version is not None
        return version.number

    def training_rows(self, model: str = "shop") -> pd.DataFrame:
        """What the champion was fitted on."""
        version = self.doors.ledger.champion(model)
        assert version is not None
        return self.registry.training_rows(version)

    def train(self, spec: ModelSpec, data: str) -> dict[str, Any]:
        found: dict[str, Any] = import_module("flows.train").train(spec, data)
        return found

    def monitor(
        self, spec: ModelSpec, batch: str | None = None, labels: str | None = None
    ) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = import_module("flows.monitor").monitor(spec, batch, labels)
        return found

    def runs(self, name: str) -> int:
        """How many runs there are in MLflow whose name begins so."""
        return sum(run.name.startswith(name) for run in self.registry.runs)

    def leave_after(self, patch: pytest.MonkeyPatch, deeds: int) -> None:
        """Let MLflow answer so often and then no more, until `patch` is undone."""
        reach, left = self.registry.reachable, iter(range(deeds))

        def answer() -> None:
            self.registry.down = next(left, None) is None
            reach()

        patch.setattr(self.registry, "reachable", answer)


def _modules() -> Iterator[Any]:
    for package in (flows, tasks):
        for module in pkgutil.iter_modules(package.__path__):
            if module.name != "demo":
                yield import_module(f"{package.__name__}.{module.name}")


def _unwrap(patch: pytest.MonkeyPatch, loop: Loop) -> None:
    for module in _modules():
        for name, value in list(vars(module).items()):
            if isinstance(value, Flow | Task):
                patch.setattr(module, name, value.fn)
            elif name == "open_doors":
                patch.setattr(module, name, lambda: loop.doors)
            elif name == "create_markdown_artifact":
                patch.setattr(module, name, lambda *_args, **_named: None)


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """The loop before there is a champion."""
    loop = Loop(tmp_path)
    _unwrap(monkeypatch, loop)
    with disable_run_logger():
        yield loop


@pytest.fixture(scope="session")
def _trained(tmp_path_factory):
    loop = Loop(tmp_path_factory.mktemp("trained"))
    data = loop.home / "reference.parquet"
    rows_of(TRAINING_DAYS).to_parquet(data, index=False)
    with pytest.MonkeyPatch.context() as patch:
        _unwrap(patch, loop)
        loop.train(a_spec(), str(data))
    return loop


@pytest.fixture
def loop(_trained, tmp_path, monkeypatch):
    """The loop with a champion."""
    shutil.copy(_trained.home / "ledger.db", tmp_path)
    copy = Loop(tmp_path, deepcopy(_trained.registry))
    _unwrap(monkeypatch, copy)
    with disable_run_logger():
        yield copy


@pytest.fixture
def delivery(tmp_path):
    """Where batches and labels of this test are delivered."""
    return Delivery(tmp_path / "delivery")
