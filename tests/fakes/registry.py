"""A registry in memory, which meets the contract of the real one."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pandas as pd

from incumbent.digest import table_digest, text_digest
from incumbent.errors import IntegrityError, OutOfReachError
from incumbent.gateways.registry import Registry
from incumbent.records import Champion, FittedModel, RunRecord, Version


@dataclass(frozen=True)
class FakeRun:
    """A run as it was written."""

    id: str
    model: str
    name: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    texts: Mapping[str, str]


@dataclass(frozen=True)
class FakeVersion:
    """A version with all that was registered with it."""

    version: Version
    fitted: FittedModel
    rows: pd.DataFrame


@dataclass
class FakeRegistry(Registry):
    """The registry without MLflow.

    Attributes:
        down: Every call fails as if MLflow could not be reached.
        stored: Run to what was registered or kept in it.
        aliases: Model and alias to number.
        runs: Every run but the timelines, oldest first.
        timelines: Model and metric to points (step, value), in the order of logging.
    """

    down: bool = False
    stored: dict[str, FakeVersion] = field(default_factory=dict)
    aliases: dict[tuple[str, str], int] = field(default_factory=dict)
    runs: list[FakeRun] = field(default_factory=list)
    timelines: dict[tuple[str, str], list[tuple[int, float]]] = field(default_factory=dict)
    _tampered: set[str] = field(default_factory=set)
    _made: int = 0

    def tamper(self, version: Version) -> None:
        """From now on the bytes of a version are not those that were registered."""
        self._tampered.add(version.run_id)

    def reachable(self) -> None:
        if self.down:
            raise OutOfReachError("MLflow did not answer.", "down", "up", "set `down` to False")

    def register(self, run: RunRecord, fitted: FittedModel, training_rows: pd.DataFrame) -> Version:
        kept = self.keep(run, fitted, training_rows)
        numbers = [0, *(stored.version.number for stored in self._versions(kept.model))]
        version = replace(kept, number=1 + max(numbers))
        self.stored[kept.run_id] = replace(self.stored[kept.run_id], version=version)
        return version

    def keep(self, run: RunRecord, fitted: FittedModel, training_rows: pd.DataFrame) -> Version:
        self.reachable()
        model, training = fitted.card.spec.name, fitted.card.training
        _require_equal(table_digest(training_rows), training.digest)
        tags = {**run.tags, "incumbent.training_digest": training.digest}
        made = self._new_run(model, run.name, run.params, run.metrics, tags, {})
        version = Version(model, 0, made, text_digest([made, training.digest]))
        self.stored[made] = FakeVersion(version, fitted, training_rows.copy())
        return version

    def load(self, version: Version) -> Champion:
        return Champion(version, self._stored(version).fitted)

    def training_rows(self, version: Version) -> pd.DataFrame:
        return self._stored(version).rows.copy()

    def alias(self, model: str, alias: str) -> int | None:
        self.reachable()
        return self.aliases.get((model, alias))

    def point(self, model: str, alias: str, number: int) -> None:
        self.reachable()
        if number not in {stored.version.number for stored in self._versions(model)}:
            raise OutOfReachError("MLflow refused.", number, "a version", "register it first")
        self.aliases[model, alias] = number

    def unpoint(self, model: str, alias: str) -> None:
        self.reachable()
        self.aliases.pop((model, alias), None)

    def log_timeline(
        self,
        model: str,
        step: int,
        metrics: Mapping[str, float | None],
        now: datetime,
    ) -> None:
        self.reachable()
        for key, value in _finite(metrics).items():
            line = self.timelines.setdefault((model, key), [])
            if all(step != taken for taken, _ in line):
                line.append((step, value))

    def log_run(self, model: str, record: RunRecord, now: datetime) -> str:
        self.reachable()
        for run in self.runs:
            if (run.model, run.tags.get("incumbent.key")) == (model, record.key):
                return run.id
        tags = {**record.tags, "incumbent.key": record.key}
        return self._new_run(model, record.name, record.params, record.metrics, tags, record.texts)

    def sweep(self, model: str, promoted: Collection[int]) -> None:
        self.reachable()
        for left in self._versions(model):
            if left.version.number not in promoted:
                del self.stored[left.version.run_id]
                self.runs = [run for run in self.runs if run.id != left.version.run_id]

    def page(self, model: str, run_id: str) -> str | None:
        return f"http://mlflow.test/{model}/{run_id}"

    def _new_run(
        self,
        model: str,
        name: str,
        params: Mapping[str, Any],
        metrics: Mapping[str, float | None],
        tags: Mapping[str, str],
        texts: Mapping[str, str],
    ) -> str:
        self._made += 1
        run = f"run{self._made}"
        parts = (dict(params), _finite(metrics), dict(tags), dict(texts))
        self.runs.append(FakeRun(run, model, name, *parts))
        return run

    def _versions(self, model: str) -> list[FakeVersion]:
        of_model = (s for s in self.stored.values() if s.version.model == model)
        return [s for s in of_model if s.version.number > 0]

    def _stored(self, version: Version) -> FakeVersion:
        self.reachable()
        if version.run_id not in self.stored:
            raise OutOfReachError("MLflow refused.", version, "a version", "register it first")
        stored = self.stored[version.run_id]
        changed = version.run_id in self._tampered
        _require_equal("changed" if changed else stored.version.digest, version.digest)
        return stored


def _finite(metrics: Mapping[str, float | None]) -> dict[str, float]:
    return {k: float(v) for k, v in metrics.items() if v is not None and math.isfinite(v)}


def _require_equal(observed: str, expected: str) -> None:
    if observed != expected:
        raise IntegrityError("Not what was registered.", observed, expected, "roll back")
