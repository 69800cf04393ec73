"""Demo: a year of real flights through the same `train` and `monitor` that a deployment runs."""

from pathlib import Path
from typing import Any

from prefect import flow

from examples.flights import FlightsData, build
from flows.monitor import monitor
from flows.replay import plain
from flows.train import train
from incumbent.params import ModelSpec
from incumbent.replay.document import INCUMBENT, replay_document
from incumbent.replay.fits import Fits
from tasks.demo import Journey
from tasks.progress import Progress


@flow(name="demo", flow_run_name="demo {spec.name}")
def demo(spec: ModelSpec, folder: str) -> dict[str, Any]:
    """Train on January, then let the year's half months arrive, each with its labels after it.

    Args:
        spec: The flights model.
        folder: Where the flights are built, or were before.
    """
    data = build(Path(folder))
    journey = Journey(spec, data.reference, list(zip(data.batches, data.labels, strict=True)))
    fits = Fits(journey.history, spec)
    try:
        follow(journey, Progress(fits), data)
        own = journey.trial()
        trials = plain(fits, own, label_delay=0) | {INCUMBENT: own}
        return replay_document(spec, journey.history.described(), trials)
    finally:
        fits.close()


def follow(journey: Journey, progress: Progress, data: FlightsData) -> None:
    """The loop on real parts, with a line for each half month."""
    progress.start(data.reference.stem)
    train(journey.spec, str(data.reference))
    for position, (batch, labels) in enumerate(zip(data.batches, data.labels, strict=True)):
        progress.begin(position, journey.faulty())
        journey.score_next()
        (document,) = monitor(journey.spec, str(batch), str(labels))
        line = journey.add(document)
        progress.print(position, line, journey.faulty())
