"""Replay: the history read for the other policies, and a line per batch while it runs."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console

from incumbent.data.intake import canonical, kinds_of
from incumbent.digest import text_digest
from incumbent.errors import UsageError
from incumbent.gateways import batches
from incumbent.gateways.journal import Journal
from incumbent.params import IDENTITY, ModelSpec
from incumbent.replay.document import POLICIES
from incumbent.replay.history import History
from incumbent.settings import Settings
from tasks.gateways import open_gateways
from tasks.scoring import require_champion
from tasks.validation import sound_rows

Memory = MutableMapping[str, Any]

# What an environment may say of where state lives.
STATE = ("MLFLOW_TRACKING_URI", "INCUMBENT_DATABASE_URL", "INCUMBENT_PREDICTIONS")
LINE = "{:<23} {:>6} {:>6}  {:>7} {:>9} {:>7}  {:<8} {}"


@dataclass(frozen=True)
class LabelledFile:
    """A batch without its target, and its labels apart; None where they are in the batch."""

    batch: Path
    labels: Path | None


@dataclass(frozen=True)
class PolicyRun:
    """A spec's own policy on a history, under the name of its line.

    `apart` says that it is walked in a process of its own, beside the spec's.
    """

    name: str
    spec: ModelSpec
    reference: Path
    steps: list[LabelledFile]
    label_delay: int = 0
    apart: bool = False

    @property
    def place(self) -> str:
        """Name of the folder of a line beside the spec's."""
        return f"against-{text_digest([self.name])[:16]}"

    def prepare(self, history: History, position: int) -> None:
        """Begin what the line on a batch will need."""
        if not self.apart:
            history.prepare(position)

    def tell(self, history: History, position: int, loss: float, doc: Mapping[str, Any]) -> None:
        """A line about a batch that has just been judged."""
        if self.apart:
            _print(f"{self.name}: {doc['batch']['id']} {loss:.4f} {doc['decision']['action']}")
        else:
            _print(_line(history, position, loss, doc))


def run_beside(line: PolicyRun, name: str, spec: ModelSpec) -> PolicyRun:
    """The line of another spec on the same history."""
    return replace(line, name=name, spec=spec, apart=True)


def once(memory: Memory, key: str, make: Callable[[], Any]) -> Any:
    """What the memory holds, or what is made now and held from then on."""
    if key not in memory:
        memory[key] = make()
    return memory[key]


def scratch_folder(
    spec: ModelSpec, paths: Sequence[str], label_delay: int, against: Mapping[str, ModelSpec]
) -> Path:
    """Where a replay of these inputs keeps its state until it is finished, below the home."""
    files = (f"{batches.stem(path)} {batches.bytes_digest(path)}" for path in paths)
    others = (f"{name} {other.model_dump_json()}" for name, other in against.items())
    digest = text_digest([spec.model_dump_json(), str(label_delay), *others, "", *files])
    return Settings.of(os.environ).home / "replays" / digest[:16]


@contextmanager
def kept(
    folder: Path, *, fresh: bool = False, leave: bool = False
) -> Iterator[tuple[Path, Memory]]:
    """A folder with what a walk remembers, removed once it is finished; stopped, it stays.

    Args:
        folder: Where it is.
        fresh: Forget what an earlier walk has left.
        leave: The folder is part of another, which goes with it.

    Raises:
        UsageError: Another process walks in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        _hold(lock, folder)
        if fresh:
            shutil.rmtree(folder)
            folder.mkdir()
        memory, finished = Journal(folder / "journal.jsonl"), False
        try:
            yield folder, memory
            finished = True
        finally:
            if not leave and (finished or "trained" not in memory):
                shutil.rmtree(folder, ignore_errors=True)
                Path(lock.name).unlink(missing_ok=True)
            elif not finished:
                _print(f"Stopped; the same command goes on from here (state in {folder}).")


@contextmanager
def scratch_state(folder: Path, memory: Memory) -> Iterator[None]:
    """Let ledger, registry and predictions live in a folder, whatever the environment says.

    Every walk has a home of its own name: what this process still holds open of an earlier one
    is none of its.
    """
    home = once(memory, "home", partial(mkdtemp, prefix="home-", dir=folder))
    before = dict(os.environ)
    for name in STATE:
        os.environ.pop(name, None)
    os.environ["INCUMBENT_HOME"] = str(home)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def require_ids(spec: ModelSpec, label_delay: int) -> None:
    """Labels that come later than their batch are joined by id.

    Raises:
        UsageError: The spec names no id column.
    """
    if label_delay and spec.id is None:
        raise UsageError(
            "Labels that come late cannot be joined without an id.",
            f"label delay {label_delay}, id: none",
            "an id column, or no delay",
            "name the id column in the spec",
        )


def require_alike(spec: ModelSpec, against: Mapping[str, ModelSpec]) -> None:
    """Policies are compared on one model: its task, target and columns are the same.

    Raises:
        UsageError: Another spec has others, or its line would have the name of a policy.
    """
    for name, other in against.items():
        if name in POLICIES:
            raise UsageError(
                "A line of the replay cannot have the name of a policy.",
                name,
                f"any name but {', '.join(POLICIES)}",
                "rename the file of that spec",
            )
        for field in IDENTITY:
            if getattr(other, field) != getattr(spec, field):
                raise UsageError(
                    f"The `{field}` of {name!r} is not that of the spec it is held against.",
                    str(getattr(other, field)),
                    str(getattr(spec, field)),
                    "replay it by itself, or restore the field",
                )


def split(spec: ModelSpec, batch: str, folder: Path) -> LabelledFile:
    """A labelled batch as it would have come: the target apart, joined by id.

    Without an id the target stays in the batch.
    """
    if spec.id is None:
        return LabelledFile(Path(batch), None)
    raw, name = batches.read(batch), f"{batches.stem(batch)}.parquet"
    (folder / "labels").mkdir(parents=True, exist_ok=True)
    raw.drop(columns=spec.target).to_parquet(folder / name, index=False)
    raw[[spec.id, spec.target]].to_parquet(folder / "labels" / name, index=False)
    return LabelledFile(folder / name, folder / "labels" / name)


def open_history(line: PolicyRun, memory: Memory) -> History:
    """The batches with their labels, after the training data of the first champion."""
    spec, raw = line.spec, sound_rows(batches.read(str(line.reference)), line.spec)
    kinds = kinds_of(raw, spec)
    known = canonical(raw, spec, kinds).dropna(subset=[spec.target]).reset_index(drop=True)
    history = History(spec, kinds, known, line.label_delay, memory)
    for step in line.steps:
        history.append(*read_labelled(history, step))
    return history


def read_labelled(history: History, step: LabelledFile) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """The rows of a batch whose labels are known, canonical, and where they stand in it."""
    spec, raw = history.spec, batches.read(str(step.batch))
    if step.labels is not None:
        labels = batches.read(str(step.labels)).set_index(spec.id)
        raw = raw.join(labels, on=spec.id, how="inner")
    rows = canonical(raw, spec, history.kinds)
    known = rows[spec.target].notna().to_numpy()
    return rows[known].reset_index(drop=True), raw.index.to_numpy(np.int64)[known]


def tell_start(line: PolicyRun, memory: Memory) -> None:
    """Say what comes, or where an earlier walk is taken up, and name the columns of the lines."""
    batches_done = sum(f"judged {n}" in memory for n in range(len(line.steps)))
    apart = f"{line.name}: " if line.apart else ""
    if "trained" in memory:
        _print(f"{apart}Going on after batch {batches_done} of {len(line.steps)}.")
    else:
        _print(f"{apart}Training the first champion on {line.reference.stem} ...")
    if not line.apart:
        head = ("batch", "rows", "drift", "never", line.name, "always", "decision", "verdict")
        _print(LINE.format(*head), style="bold")


def score_by_champion(spec: ModelSpec, history: History, position: int) -> dict[str, Any]:
    """The champion that the next batch is scored by, and its loss on it."""
    gateways = open_gateways()
    champion = gateways.registry.load(require_champion(gateways, spec))
    loss = history.loss_of(position, champion.model.pipeline)
    return {"version": champion.version.number, "loss": loss}


def console() -> Console:
    """Standard output, wherever the caller has it lead."""
    return Console(soft_wrap=True)


def _line(history: History, position: int, loss: float, doc: Mapping[str, Any]) -> str:
    drift, verdict = doc["drift"], doc["verdict"]
    return LINE.format(
        doc["batch"]["id"],
        doc["batch"]["rows"],
        "-" if drift is None else f"{drift['score']:.3f}",
        f"{history.never(position):.4f}",
        f"{loss:.4f}",
        f"{history.always(position):.4f}",
        doc["decision"]["action"],
        "" if verdict is None else f"{verdict['verdict']} v{doc['champion']['version_after']}",
    )


def _print(text: str, style: str | None = None) -> None:
    console().print(text, style=style, highlight=False, markup=False)


def _hold(lock: IO[str], folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError(
            "Another process replays the same history.",
            folder,
            "one replay of the same inputs at a time",
            "wait for it, or stop it",
        ) from error
