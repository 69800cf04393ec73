"""Replay: history walked batch by batch through the same `monitor`, beside other policies."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from prefect import flow

from flows.monitor import monitor
from flows.train import train
from incumbent.errors import ChampionExistsError
from incumbent.params import ModelSpec
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
from tasks.processes import SideProcesses
from tasks.recommendation import fits_in_memory, labels_at_once, recommendation
from tasks.replay import (
    LabelledFile,
    Memory,
    PolicyRun,
    kept,
    once,
    open_history,
    require_alike,
    require_ids,
    run_beside,
    score_by_champion,
    scratch_folder,
    scratch_state,
    split,
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
    fresh: bool = False,
) -> dict[str, Any]:
    """What never, always, periodic and Incumbent would have brought on labelled history.

    Args:
        spec: The model and its rules.
        reference: Training data of the first champion, with labels.
        batches: Labelled batches, oldest first.
        label_delay: After how many more batches the labels of a batch come.
        against: Other rules for the same model, by the name of their line.
        recommends: Try a grid of other policies in memory, and recommend one.
        fresh: Begin anew where an earlier replay of the same inputs was stopped.
    """
    others = against or {}
    require_ids(spec, label_delay)
    require_alike(spec, others)
    inputs = scratch_folder(spec, [reference, *batches], label_delay, others)
    with kept(inputs, fresh=fresh) as (folder, memory), scratch_state(folder, memory):
        steps = [split(spec, batch, folder / "batches") for batch in batches]
        line = PolicyRun(INCUMBENT, spec, Path(reference), steps, label_delay)
        return walk(line, memory, others, folder, recommends=recommends)


def walk(
    line: PolicyRun,
    memory: Memory,
    against: Mapping[str, ModelSpec],
    folder: Path,
    *,
    recommends: bool,
) -> dict[str, Any]:
    """The spec's own policy, the other specs' beside it (each in a state of its own), the rest."""
    history = open_history(line, memory)
    try:
        with SideProcesses() as beside:
            running = {
                name: beside.start(follow_beside, run_beside(line, name, spec), folder)
                for name, spec in against.items()
            }
            documents, ours = follow(line, history, memory)
            fits = fits_in_memory(history, documents)
            at_once = labels_at_once(history, fits, memory)
            advice = recommendation(fits, line.label_delay, memory) if recommends else None
            others = {name: tally.result() for name, tally in running.items()}
        tallies = {**plain(history, ours.trainings), INCUMBENT: ours, **others}
        doc = replay_document(line.spec, documents, tallies, history.rows(), at_once)
        return {**doc, "recommendation": advice}
    finally:
        history.close()


def follow(line: PolicyRun, history: History, memory: Memory) -> tuple[list[dict[str, Any]], Tally]:
    """Train on the reference, then let the batches come, and their labels as late as they do."""
    tell_start(line, memory)
    once(memory, "trained", partial(install, line))
    scored, documents = list[dict[str, Any]](), list[dict[str, Any]]()
    for document in arrivals(line, history, memory, scored):
        by = scored[len(documents)]
        line.tell(history, len(documents), by["loss"], document)
        documents.append({**document, "scored_by": by["version"]})
    return documents, tally_of(documents, [by["loss"] for by in scored])


def follow_beside(line: PolicyRun, folder: Path) -> Tally:
    """What another spec's own policy brings on the same history."""
    with kept(folder / line.place, leave=True) as (own, memory), scratch_state(own, memory):
        history = open_history(line, memory)
        try:
            return follow(line, history, memory)[1]
        finally:
            history.close()


def install(line: PolicyRun) -> bool:
    """The first champion; it may be there already where a replay was stopped."""
    with suppress(ChampionExistsError):
        train(line.spec, str(line.reference))
    return True


def arrivals(
    line: PolicyRun, history: History, memory: Memory, scored: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Batches come, and the labels that are due by then: a document as each is judged."""
    steps, delay = line.steps, line.label_delay
    for position, step in enumerate(steps):
        line.prepare(history, position)
        by = partial(score_by_champion, line.spec, history, position)
        scored.append(once(memory, f"scored {position}", by))
        if delay:
            once(memory, f"came {position}", partial(come, line.spec, step))
        if position >= delay:
            yield judged(line, memory, position - delay)
    for position in range(max(len(steps) - delay, 0), len(steps)):
        yield judged(line, memory, position)


def judged(line: PolicyRun, memory: Memory, position: int) -> dict[str, Any]:
    """The document of a batch with its labels, which are not looked at before it was scored."""
    found: dict[str, Any] = once(
        memory, f"judged {position}", partial(judge, line.spec, line.steps[position])
    )
    return found


def come(spec: ModelSpec, step: LabelledFile) -> bool:
    """A batch without its labels."""
    monitor(spec, str(step.batch))
    return True


def judge(spec: ModelSpec, step: LabelledFile) -> dict[str, Any]:
    """A batch with its labels, or the labels of one that came before."""
    labels = None if step.labels is None else str(step.labels)
    return monitor(spec, str(step.batch), labels)[0]


def plain(history: History, trainings: int) -> dict[str, Tally]:
    """The policies that look at nothing: never, always, and as many trainings evenly spaced."""
    return {
        NEVER: history.tally([]),
        ALWAYS: history.tally(history.occasions()),
        PERIODIC: history.tally(evenly(trainings, len(history.occasions()) + 1)),
    }
