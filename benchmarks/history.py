"""The cost of a batch after a long history: the 20th and the 1,000th of 60 rows and 4 columns.

    python -m benchmarks.history [--batches N] [--backtests]

Every batch is a run of the flow `monitor` over the whole source: one file of it is new, and so is
one file of labels, those of the batch before. The ledger, the predictions and MLflow (SQLite) are
embedded; Prefect's server is a process of its own, whose seconds do not count. All but a few runs
are made by one process; beside it, a fresh process takes each of the batches that are measured.

CPU seconds are those of the flow, in all of its threads. Bytes are all that the process has read
(`rchar` of Linux, databases included); files are those of the source, the labels and the store of
predictions. Without `--backtests` a batch has fewer labels than a backtest asks for; with it each
batch is backtested and no retraining is allowed, so that every row of the past may still be learnt,
of which a fit takes `training_max_rows`.
"""

import argparse
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pandas as pd
from prefect import Flow, Task
from rich.console import Console
from rich.table import Table

import flows
import tasks
from benchmarks.servers import prefect_running
from incumbent.params import ModelSpec
from incumbent.settings import Settings, environment_defaults

ROWS, TRAINING_ROWS = 60, 1_200
EARLY = 20
AROUND = 5  # batches up to the early and the last one, whose median counts
BUDGET = 1e-12  # allows no retraining: it would be another cost
START = pd.Timestamp("2024-01-01", tz="UTC")


@dataclass(frozen=True)
class Cost:
    """What one run has cost: seconds, files and bytes read, and memory after it in MB."""

    cpu: float
    wall: float
    files: int
    megabytes: float
    memory: float


class OpenedFiles:
    """Counts the files below some folders that are opened for reading."""

    def __init__(self, folders: list[Path]) -> None:
        self._folders, self.count = tuple(f"{folder}/" for folder in folders), 0
        sys.addaudithook(self._hear)

    def _hear(self, event: str, given: tuple[Any, ...]) -> None:
        if event == "open" and str(given[0]).startswith(self._folders) and "r" in str(given[1]):
            self.count += 1


class Delivery:
    """A source in a folder: batches, and the labels of each one batch later."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("batches", "labels"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def reference(self) -> str:
        """The training data."""
        path = self.folder / "reference.parquet"
        rows_of(0, TRAINING_ROWS).to_parquet(path, index=False)
        return str(path)

    def deliver(self, number: int) -> None:
        """Batch `number` (1, 2, ...) without its labels, and the labels of the one before."""
        rows, earlier = rows_of(number, ROWS), rows_of(number - 1, ROWS)
        path = self.folder / "batches" / f"batch_{number}.parquet"
        rows.drop(columns="y").to_parquet(path, index=False)
        if number > 1:
            path = self.folder / "labels" / f"labels_{number - 1}.parquet"
            earlier[["row", "y"]].to_parquet(path, index=False)


def rows_of(batch: int, count: int) -> pd.DataFrame:
    """Rows of four features, their time within one week, and a label that follows them."""
    random = np.random.default_rng(batch)
    features = {name: random.normal(size=count) for name in ("a", "b", "c")}
    kind = random.choice(["home", "news", "sale"], count)
    score = features["a"] + (kind == "sale")
    at = START + pd.Timedelta(weeks=batch) + pd.to_timedelta(np.linspace(0, 160, count), unit="h")
    return pd.DataFrame(
        {
            "row": [f"{batch}-{k}" for k in range(count)],
            "at": at.as_unit("us"),
            **features,
            "kind": pd.Series(kind).astype("str"),
            "y": (random.random(count) < 1 / (1 + np.exp(-score))).astype("int64"),
        }
    )


def spec_of(folder: Path, *, backtests: bool) -> ModelSpec:
    """The model; its fits take a thousand rows, however long the history is."""
    asked = {"harm_min_labels": ROWS // 2} if backtests else {}
    return ModelSpec(
        name="history",
        task="binary",
        target="y",
        timestamp="at",
        id="row",
        source=f"{folder}/batches/*.parquet",
        labels=f"{folder}/labels/*.parquet",
        decision_budget=BUDGET,
        training_max_rows=1_000,
        training_iterations=20,
        **asked,
    )


def measured(spec: ModelSpec, opened: OpenedFiles) -> Cost:
    """One run of the flow, and what it has cost."""
    files, read = opened.count, _bytes_read()
    monitor = import_module("flows.monitor").monitor
    cpu, wall = process_time(), perf_counter()
    documents = monitor(spec)
    cpu, wall = process_time() - cpu, perf_counter() - wall
    if any(document["decision"]["action"] == "retrain" for document in documents):
        raise RuntimeError("a batch has retrained: its cost is another one")
    megabytes = (_bytes_read() - read) / 1e6
    return Cost(cpu, wall, opened.count - files, megabytes, _memory())


def walk(folder: Path, spec: ModelSpec, batches: int) -> tuple[list[Cost], dict[int, Cost]]:
    """Every batch in this process, but for two that a fresh process takes."""
    delivery, opened = Delivery(folder), OpenedFiles(_read_folders(folder))
    import_module("flows.train").train(spec, delivery.reference())
    here, fresh = list[Cost](), dict[int, Cost]()
    for number in range(1, batches + 3):
        delivery.deliver(number)
        if number in {EARLY + 1, batches + 2}:
            fresh[number] = in_a_fresh_process(folder, spec)
            continue
        here.append(measured(spec, opened))
        if number % 20 == 0:
            print(number, here[-1], file=sys.stderr, flush=True)  # noqa: T201 - progress
    return here, fresh


def in_a_fresh_process(folder: Path, spec: ModelSpec) -> Cost:
    """The next run, in a process that ends with it."""
    words = [sys.executable, "-m", "benchmarks.history", "--once", str(folder)]
    words += ["--plain"] if "--plain" in sys.argv else []
    done = subprocess.run(  # noqa: S603 - this very module
        words, input=spec.model_dump_json(), capture_output=True, text=True, check=True
    )
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def leave_prefect_out() -> None:
    """Let every flow and step be the function that it wraps."""
    for package in (flows, tasks):
        for found in pkgutil.iter_modules(package.__path__):
            if found.name == "demo":
                continue
            module = import_module(f"{package.__name__}.{found.name}")
            for name, value in vars(module).items():
                if isinstance(value, Flow | Task):
                    setattr(module, name, value.fn)
                elif name == "create_markdown_artifact":
                    setattr(module, name, lambda *_given, **_named: None)


def show(here: list[Cost], fresh: dict[int, Cost]) -> None:
    """The costs of the early and of the last batch, and memory along the way."""
    table = Table("process", "batch", "CPU s", "files", "MB read", "MB of memory", box=None)
    for name, costs in _rows(here, fresh):
        cpu, files, read, memory = (
            median(getattr(cost, field) for cost in costs)
            for field in ("cpu", "files", "megabytes", "memory")
        )
        table.add_row(*name, f"{cpu:.3f}", f"{files:.0f}", f"{read:.2f}", f"{memory:.0f}")
    Console().print(table)
    steps = range(len(here) // 10, len(here) + 1, max(len(here) // 10, 1))
    line = ", ".join(f"{n}: {here[n - 1].memory:.0f}" for n in steps if n)
    Console().print(f"Memory of the running process after batch, MB: {line}")


def _rows(here: list[Cost], fresh: dict[int, Cost]) -> Iterator[tuple[tuple[str, str], list[Cost]]]:
    yield ("running", str(EARLY)), here[EARLY - AROUND : EARLY]
    yield ("running", str(len(here))), here[-AROUND:]
    for number, cost in fresh.items():
        yield ("fresh", str(number)), [cost]


def _read_folders(folder: Path) -> list[Path]:
    home = Path(os.environ["INCUMBENT_HOME"])
    return [folder / "batches", folder / "labels", home / "predictions"]


def _bytes_read() -> int:
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["rchar"])


def _memory() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Measure, and print the tables."""
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    words.add_argument("--batches", type=int, default=1_000)
    words.add_argument("--backtests", action="store_true")
    words.add_argument("--once", type=Path, help=argparse.SUPPRESS)
    words.add_argument("--plain", action="store_true", help="the flows as functions, no Prefect")
    given = words.parse_args()
    if given.plain:
        leave_prefect_out()
    if given.once:
        spec = ModelSpec.model_validate_json(sys.stdin.read())
        cost = measured(spec, OpenedFiles(_read_folders(given.once)))
        print(json.dumps(asdict(cost)))  # noqa: T201 - the answer
        return
    with TemporaryDirectory() as name:
        os.environ["INCUMBENT_HOME"] = str(Path(name, "home"))
        os.environ.update(environment_defaults(Settings.of(os.environ)))
        Path(os.environ["PREFECT_HOME"]).mkdir(parents=True)
        folder = Path(name)
        with nullcontext() if given.plain else prefect_running(folder):
            found = walk(folder, spec_of(folder, backtests=given.backtests), given.batches)
        show(*found)


if __name__ == "__main__":
    main()
