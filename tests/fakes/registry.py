"""A registry in memory, which meets the contract of the real one."""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pandas as pd

from incumbent.digest import table_digest, text_digest
from incumbent.errors import AbsentError, IntegrityError, OutOfReachError
from incumbent.gateways.registry import Registry
from incumbent.records import (
    Champion,
    FittedModel,
    ModelCard,
    RegisteredVersion,
    RunRecord,
    Version,
)


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
    ledger: str | None = None
    archived: bool = False


@dataclass
class FakeRegistry(Registry):
    """The registry without MLflow.

    Attributes:
        down: Every call fails as if MLflow could not be reached.
        stored: Run to what was registered or kept in it.
        aliases: Model and alias to number.
        runs: Every run but the timelines, oldest first.
        timelines: Model and metric to points (step, value), in the order of logging.
        ledger: Id of the ledger that versions belong to.
        fence: Is called before each write.
    """

    down: bool = False
    stored: dict[str, FakeVersion] = field(default_factory=dict)
    aliases: dict[tuple[str, str], int] = field(default_factory=dict)
    runs: list[FakeRun] = field(default_factory=list)
    timelines: dict[tuple[str, str], list[tuple[int, float]]] = field(default_factory=dict)
    ledger: str | None = None
    fence: Callable[[], None] | None = None
    _tampered: set[str] = field(default_factory=set)
    _made: int = 0

    def tamper(self, version: Version) -> None:
        """From now on the bytes of a version are not those that were registered."""
        self._tampered.add(version.run_id)

    def delete(self, version: Version) -> None:
        """What a person does in MLflow: the version goes, its run and files stay."""
        stored = self.stored[version.run_id]
        self.stored[version.run_id] = replace(stored, version=replace(version, number=0))
        for key, number in list(self.aliases.items()):
            if (key[0], number) == (version.model, version.number):
                del self.aliases[key]

    def reachable(self) -> None:
        if self.down:
            raise OutOfReachError("MLflow did not answer.", "down", "up", "set `down` to False")

    def under(self, ledger: str, fence: Callable[[], None]) -> "FakeRegistry":
        self.ledger, self.fence = ledger, fence
        return self

    def writable(self) -> None:
        """Fail where MLflow cannot be reached, or the fence does not allow a write."""
        if self.fence is not None:
            self.fence()
        self.reachable()

    def publish(self, stored: Version, card: ModelCard, above: int = 0) -> Version:
        assert card == self.stored[stored.run_id].fitted.card
        self.writable()
        numbers = [above, *(v.version.number for v in self._versions(stored.model))]
        version = replace(stored, number=1 + max(numbers))
        found = replace(self.stored[stored.run_id], version=version, ledger=self.ledger)
        self.stored[stored.run_id] = found
        return version

    def keep(self, run: RunRecord, fitted: FittedModel, training_rows: pd.DataFrame) -> Version:
        self.writable()
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

    def registered(self, model: str) -> tuple[RegisteredVersion, ...]:
        self.reachable()
        found = [_registered(stored) for stored in self._versions(model)]
        return tuple(sorted(found, key=lambda v: v.version.number))

    def claim(self, version: Version) -> None:
        self.writable()
        self.stored[version.run_id] = replace(self.stored[version.run_id], ledger=self.ledger)

    def archive(self, model: str, runs: Collection[str]) -> tuple[str, ...]:
        self.writable()
        found = tuple(v.version.run_id for v in self._versions(model) if v.version.run_id in runs)
        for run in found:
            self.stored[run] = replace(self.stored[run], archived=True)
        return found

    def aliased(self, model: str, alias: str) -> RegisteredVersion | None:
        self.reachable()
        number = self.aliases.get((model, alias))
        of_number = (s for s in self._versions(model) if s.version.number == number)
        return next((_registered(stored) for stored in of_number), None)

    def point(self, model: str, alias: str, number: int) -> None:
        self.writable()
        if number not in {stored.version.number for stored in self._versions(model)}:
            raise AbsentError("No such version.", number, "a version", "register it first")
        self.aliases[model, alias] = number

    def log_timeline(
        self,
        model: str,
        step: int,
        metrics: Mapping[str, float | None],
        at: datetime,
    ) -> None:
        self.writable()
        for key, value in _finite(metrics).items():
            line = self.timelines.setdefault((model, key), [])
            if all(step != taken for taken, _ in line):
                line.append((step, value))

    def log_run(self, model: str, record: RunRecord, now: datetime, *, begun: bool = True) -> str:
        self.writable()
        for run in self.runs if begun else ():
            if (run.model, run.tags.get("incumbent.key")) == (model, record.key):
                return run.id
        tags = {**record.tags, "incumbent.key": record.key}
        return self._new_run(model, record.name, record.params, record.metrics, tags, record.texts)

    def close_runs(self, model: str) -> None:
        self.writable()

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
            raise AbsentError("No such run.", version, "a version", "register it first")
        stored = self.stored[version.run_id]
        changed = version.run_id in self._tampered
        _require_equal("changed" if changed else stored.version.digest, version.digest)
        return stored


def _registered(stored: FakeVersion) -> RegisteredVersion:
    return RegisteredVersion(stored.version, stored.ledger, stored.archived)


def _finite(metrics: Mapping[str, float | None]) -> dict[str, float]:
    return {k: float(v) for k, v in metrics.items() if v is not None and math.isfinite(v)}


def _require_equal(observed: str, expected: str) -> None:
    if observed != expected:
        raise IntegrityError("Not what was registered.", observed, expected, "roll back")
