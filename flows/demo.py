"""Demo: a year of real flights through the same `train` and `monitor` that a deployment runs."""

from pathlib import Path
from typing import Any

from prefect import flow

from examples.flights import build
from flows.replay import walk
from incumbent.params import ModelSpec
from incumbent.replay.document import INCUMBENT
from tasks.replay import LabelledFile, PolicyRun


@flow(name="demo", flow_run_name="demo {spec.name}")
def demo(spec: ModelSpec, folder: str) -> dict[str, Any]:
    """Train on January, then let the year's half months come, each with its labels after it.

    Args:
        spec: The flights model.
        folder: Where the flights are built, or were before.
    """
    data = build(Path(folder))
    steps = [LabelledFile(*files) for files in zip(data.batches, data.labels, strict=True)]
    line = PolicyRun(INCUMBENT, spec, data.reference, steps)
    return walk(line, {}, {}, Path(folder), recommends=False)
