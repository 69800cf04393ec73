"""Demo: a year of real flights through the same `train` and `monitor` that a deployment runs."""

from pathlib import Path
from typing import Any

from prefect import flow

from examples.flights import build
from flows.monitor import monitor
from flows.train import train
from incumbent.params import ModelSpec
from incumbent.replay import (
    ALWAYS,
    INCUMBENT,
    NEVER,
    PERIODIC,
    REFERENCE,
    History,
    evenly,
    replay_document,
    tally_of,
)
from tasks.replay import open_history, read_labelled, tell_batch, tell_start


@flow(name="demo", flow_run_name="demo {spec.name}")
def demo(spec: ModelSpec, folder: str) -> dict[str, Any]:
    """Train on January, then let the year's half months come, each with its labels after it.

    Args:
        spec: The flights model.
        folder: Where the flights were built.
    """
    data = build(Path(folder))
    tell_start(data.reference)
    train(spec, str(data.reference))
    history = open_history(spec, data.reference)
    try:
        documents = [
            step(spec, history, batch, labels)
            for batch, labels in zip(data.batches, data.labels, strict=True)
        ]
        return compare(spec, history, documents)
    finally:
        history.close()


def step(spec: ModelSpec, history: History, batch: Path, labels: Path) -> dict[str, Any]:
    """One batch: monitored as in production, and scored by the models of the other policies."""
    position = len(history)
    history.start(position - 1)
    document = monitor(spec, str(batch), str(labels))[0]
    history.append(read_labelled(history, batch, labels))
    never, always = history.loss(position, REFERENCE), history.loss(position, position - 1)
    tell_batch(document, never, always)
    return document


def compare(spec: ModelSpec, history: History, documents: list[dict[str, Any]]) -> dict[str, Any]:
    """Incumbent beside never, always, and as many trainings evenly spaced."""
    ours, n = tally_of(documents), len(history)
    tallies = {
        NEVER: history.tally([]),
        ALWAYS: history.tally(range(n - 1)),
        PERIODIC: history.tally(evenly(ours.trainings, n)),
        INCUMBENT: ours,
    }
    return replay_document(spec, documents, tallies, history.rows())
