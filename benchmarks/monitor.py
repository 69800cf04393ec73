"""The cost of one monitored batch: CPU seconds by step, in a warm process, on running servers.

The flights of four half months, each with its labels, none of which retrains. The first one
warms up the process and is not counted.
"""

import os
from importlib import import_module
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.servers import running
from benchmarks.stopwatch import Stopwatch
from examples.flights import build
from incumbent.gateways import specs
from incumbent.gateways.ledger import Ledger
from incumbent.gateways.registry import Registry
from incumbent.settings import Settings, environment_defaults

BATCHES = 4
PRICE = 1.0
STEPS = (
    "intake",
    "validation",
    "profile and drift",
    "scoring",
    "labels and harm",
    "backtest",
    "champion",
)
OTHERS = ("ledger", "MLflow", "Prefect and the rest")


def main() -> None:
    """Measure, and print the table."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["INCUMBENT_HOME"] = str(folder / "home")
        os.environ.update(environment_defaults(Settings.of(os.environ)))
        Path(os.environ["PREFECT_HOME"]).mkdir(parents=True)
        with running(folder):
            show(measure(folder))


def measure(folder: Path) -> list[dict[str, float]]:
    """CPU seconds by step, and wall clock, of each batch except the first."""
    flows: Any = {name: import_module(f"flows.{name}") for name in ("train", "monitor")}
    data = build(folder / "flights")
    spec = specs.read("flights", Path("prefect.yaml"))
    # A price that no gain pays: a retraining would be another cost.
    spec = spec.model_copy(update={"source": None, "labels": None, "decision_price": PRICE})
    flows["train"].train(spec, str(data.reference))
    watch, found = watched(flows["monitor"]), []
    for batch, labels in list(zip(data.batches, data.labels, strict=True))[:BATCHES]:
        watch.reset()
        cpu, wall = process_time(), perf_counter()
        (document,) = flows["monitor"].monitor(spec, str(batch), str(labels))
        cpu, wall = process_time() - cpu, perf_counter() - wall
        if document["decision"]["action"] == "retrain":
            raise RuntimeError(f"{document['batch']['id']} retrained: its cost is another one")
        steps = watch.reset()
        steps["Prefect and the rest"] = cpu - sum(steps.values())
        found.append({**steps, "wall": wall})
    return found[1:]


def watched(flow: Any) -> Stopwatch:
    """A stopwatch on every step of `flows.monitor` and on every gateway."""
    watch = Stopwatch()
    steps: dict[str, tuple[Any, ...]] = {
        "intake": (flow.take_in,),
        "validation": (flow.validate,),
        "profile and drift": (flow.measure_drift,),
        "scoring": (flow.score_batch,),
        "labels and harm": (flow.collect_labels, flow.judge_labels),
        "backtest": (flow.backtest,),
    }
    for name, tasks in steps.items():
        for task in tasks:
            watch.wrap(name, task, ["fn"])
    watch.wrap("profile and drift", flow, ["with_outputs"])
    labels = ["keep_labels", "find_late", "labels_within", "with_maturity"]
    watch.wrap("labels and harm", flow, labels)
    watch.wrap("champion", Registry, ["load"])
    watch.wrap("ledger", Ledger, _public(Ledger))
    watch.wrap("MLflow", Registry, _public(Registry) - {"load"})
    return watch


def show(found: list[dict[str, float]]) -> None:
    """The medians as a table."""
    table = Table("step", "CPU seconds", box=None)
    for name in (*STEPS, *OTHERS):
        table.add_row(name, f"{_median(found, [name]):.2f}")
    table.add_row("all but MLflow and Prefect", f"{_median(found, [*STEPS, 'ledger']):.2f}")
    table.add_row("MLflow and Prefect", f"{_median(found, OTHERS[1:]):.2f}")
    table.add_row("wall clock of a batch", f"{_median(found, ['wall']):.2f}")
    Console().print(f"One monitored batch, median of {len(found)}", table)


def _median(found: list[dict[str, float]], names: Any) -> float:
    return median(sum(batch.get(name, 0.0) for name in names) for batch in found)


def _public(owner: type) -> set[str]:
    names = {n for n in dir(owner) if not n.startswith("_") and callable(getattr(owner, n))}
    return names - {"under"}  # gives another ledger, whose calls are counted themselves


if __name__ == "__main__":
    main()
