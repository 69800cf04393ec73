"""The flows as plain functions: without Prefect, and without a server.

The registry is the fake that meets the contract of the real one; batches, predictions, the
ledger in SQLite and Great Expectations are real.
"""

import pkgutil
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
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
from tasks.gateways import Gateways
from tests.fakes.registry import FakeRegistry


@dataclass
class Loop:
    """The flows as plain functions, behind gateways of their own."""

    home: Path
    registry: FakeRegistry = field(default_factory=FakeRegistry)

    @property
    def gateways(self) -> Gateways:
        ledger = Ledger(f"sqlite:///{self.home / 'ledger.db'}")
        return Gateways(ledger, self.registry, PredictionStore(str(self.home / "predictions")))

    @property
    def champion(self) -> int:
        """Number of the champion."""
        version = self.gateways.ledger.champion("shop")
        assert version is not None
        return version.number

    def training_rows(self, model: str = "shop") -> pd.DataFrame:
        """What the champion was fitted on."""
        version = self.gateways.ledger.champion(model)
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

    def continue_from(self, other: "Loop") -> None:
        """Take over the state of another loop, which stays as it is."""
        shutil.copytree(other.home, self.home, dirs_exist_ok=True)
        self.registry = deepcopy(replace(other.registry, fence=None))

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
            elif name == "open_gateways":
                patch.setattr(module, name, lambda: loop.gateways)
            elif name == "create_markdown_artifact":
                patch.setattr(module, name, lambda *_args, **_named: None)


@contextmanager
def at_work(home: Path, state: Loop | None = None) -> Iterator[Loop]:
    """A loop of its own that runs within the block, from the state of another one."""
    loop = Loop(home)
    if state is not None:
        loop.continue_from(state)
    with pytest.MonkeyPatch.context() as patch, disable_run_logger():
        _unwrap(patch, loop)
        yield loop
