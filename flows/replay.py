"""Replay: history walked batch by batch through the same `monitor`, beside other policies."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from prefect import flow

from flows.monitor import monitor
from flows.train import train
from incumbent.params import ModelSpec
from incumbent.records import Champion
from incumbent.replay.document import (
    ALWAYS,
    INCUMBENT,
    NEVER,
    PERIODIC,
    Tally,
    replay_document,
    tally_of,
)
from incumbent.replay.history import History, evenly
from tasks.recommendation import fits_in_memory, labels_at_once, recommendation
from tasks.replay import (
    Step,
    current_champion,
    open_history,
    require_alike,
    require_ids,
    scratch_state,
    split,
    tell,
    tell_start,
)


@flow(name="replay", flow_run_name="replay {spec.name}")
def replay(
    spec: ModelSpec,
    reference: str,
    batches: list[str],
    label_delay: int = 0,
    against: dict[str, ModelSpec] | None = None,
    *,
    recommends: bool = True,
) -> dict[str, Any]:
    """What never, always, periodic and Incumbent would have brought on labelled history.

    Args:
        spec: The model and its rules.
        reference: Training data of the first champion, with labels.
        batches: Labelled batches, oldest first.
        label_delay: After how many more batches the labels of a batch come.
        against: Other rules for the same model, by the name of their line.
        recommends: Try a grid of other policies in memory, and recommend one.
    """
    require_ids(spec, label_delay)
    require_alike(spec, against or {})
    with TemporaryDirectory(prefix="incumbent-replay-") as folder, scratch_state(Path(folder)):
        steps = [split(spec, batch, Path(folder) / "batches") for batch in batches]
        return walk(spec, Path(reference), steps, label_delay, against or {}, recommends=recommends)


def walk(
    spec: ModelSpec,
    reference: Path,
    steps: list[Step],
    label_delay: int = 0,
    against: Mapping[str, ModelSpec] | None = None,
    *,
    recommends: bool = False,
) -> dict[str, Any]:
    """The spec's own policy, then the other specs' (each in a state of its own), and the rest."""
    history = open_history(spec, reference, label_delay, steps)
    try:
        documents, ours = follow(spec, history, reference, steps)
        others = {
            name: beside(name, other, history, reference, steps)
            for name, other in (against or {}).items()
        }
        tallies = {**plain(history, ours.trainings), INCUMBENT: ours, **others}
        memory, fits = dict[str, Any](), fits_in_memory(history, documents)
        at_once = labels_at_once(history, fits, memory)
        doc = replay_document(spec, documents, tallies, history.rows(), at_once)
        advice = recommendation(fits, label_delay, memory) if recommends else None
        return {**doc, "recommendation": advice}
    finally:
        history.close()


def follow(
    spec: ModelSpec, history: History, reference: Path, steps: list[Step], name: str = INCUMBENT
) -> tuple[list[dict[str, Any]], Tally]:
    """Train on the reference, then let the batches come, and their labels as late as they do."""
    tell_start(reference, name)
    train(spec, str(reference))
    scorers, documents = list[Champion](), list[dict[str, Any]]()
    for document in arrivals(spec, history, scorers, steps):
        scorer = scorers[len(documents)]
        documents.append(tell(history, len(documents), scorer, document))
    losses = [history.loss_of(i, scorer.model.pipeline) for i, scorer in enumerate(scorers)]
    return documents, tally_of(documents, losses)


def beside(
    name: str, spec: ModelSpec, history: History, reference: Path, steps: list[Step]
) -> Tally:
    """What another spec's own policy brings on the same history."""
    with TemporaryDirectory(prefix="incumbent-replay-") as folder, scratch_state(Path(folder)):
        return follow(spec, history, reference, steps, name)[1]


def arrivals(
    spec: ModelSpec, history: History, scorers: list[Champion], steps: list[Step]
) -> Iterator[dict[str, Any]]:
    """Batches come, and the labels that are due by then: a document as each is judged."""
    for position, step in enumerate(steps):
        history.prepare(position)
        scorers.append(current_champion(spec))
        if history.label_delay:
            monitor(spec, str(step.batch))
        if position >= history.label_delay:
            yield judge(spec, steps[position - history.label_delay])
    for step in steps[max(len(steps) - history.label_delay, 0) :]:
        yield judge(spec, step)


def judge(spec: ModelSpec, step: Step) -> dict[str, Any]:
    """A batch with its labels, which are never looked at before it was scored."""
    labels = None if step.labels is None else str(step.labels)
    return monitor(spec, str(step.batch), labels)[0]


def plain(history: History, trainings: int) -> dict[str, Tally]:
    """The policies that look at nothing: never, always, and as many trainings evenly spaced."""
    return {
        NEVER: history.tally([]),
        ALWAYS: history.tally(history.occasions()),
        PERIODIC: history.tally(evenly(trainings, len(history.occasions()) + 1)),
    }
