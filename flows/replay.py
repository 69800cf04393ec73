"""Replay: history walked batch by batch through the same `monitor`, beside other policies."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from prefect import flow

from flows.monitor import monitor
from flows.train import train
from incumbent.params import ModelSpec
from incumbent.replay import (
    ALWAYS,
    INCUMBENT,
    NEVER,
    PERIODIC,
    History,
    evenly,
    replay_document,
    tally_of,
)
from tasks.replay import (
    Step,
    open_history,
    read_labelled,
    require_ids,
    scratch_state,
    split,
    tell,
    tell_start,
)


@flow(name="replay", flow_run_name="replay {spec.name}")
def replay(
    spec: ModelSpec, reference: str, batches: list[str], label_delay: int = 0
) -> dict[str, Any]:
    """What never, always, periodic and Incumbent would have brought on labelled history.

    Args:
        spec: The model and its rules.
        reference: Training data of the first champion, with labels.
        batches: Labelled batches, oldest first.
        label_delay: After how many more batches the labels of a batch come.
    """
    require_ids(spec, label_delay)
    with TemporaryDirectory(prefix="incumbent-replay-") as folder, scratch_state(Path(folder)):
        steps = [split(spec, batch, Path(folder) / "batches") for batch in batches]
        return walk(spec, Path(reference), steps, label_delay)


def walk(
    spec: ModelSpec, reference: Path, steps: list[Step], label_delay: int = 0
) -> dict[str, Any]:
    """Train on the reference, then let the batches come, and their labels as late as they do."""
    tell_start(reference)
    train(spec, str(reference))
    history, documents = open_history(spec, reference, label_delay), list[dict[str, Any]]()
    try:
        for position in range(len(steps)):
            history.append(read_labelled(history, steps[position]))
            history.prepare(position)
            for document in arrive(spec, steps, position, label_delay):
                tell(history, len(documents), document)
                documents.append(document)
        documents += [judge(spec, step) for step in steps[len(documents) :]]
        return compare(spec, history, documents)
    finally:
        history.close()


def arrive(
    spec: ModelSpec, steps: list[Step], position: int, label_delay: int
) -> list[dict[str, Any]]:
    """A batch comes, and the labels that are due by then: documents of what was judged."""
    if label_delay == 0:
        return [judge(spec, steps[position])]
    monitor(spec, str(steps[position].batch))
    return [judge(spec, steps[position - label_delay])] if position >= label_delay else []


def judge(spec: ModelSpec, step: Step) -> dict[str, Any]:
    """A batch with its labels, which are never looked at before it was scored."""
    labels = None if step.labels is None else str(step.labels)
    return monitor(spec, str(step.batch), labels)[0]


def compare(spec: ModelSpec, history: History, documents: list[dict[str, Any]]) -> dict[str, Any]:
    """Incumbent beside never, always, and as many trainings evenly spaced."""
    ours = tally_of(documents)
    tallies = {
        NEVER: history.tally([]),
        ALWAYS: history.tally(history.occasions()),
        PERIODIC: history.tally(evenly(ours.trainings, len(history.occasions()) + 1)),
        INCUMBENT: ours,
    }
    return replay_document(spec, documents, tallies, history.rows())
