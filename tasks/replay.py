"""Replay: the history read for the other policies, and a line per batch while it runs."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from incumbent.errors import UsageError
from incumbent.gateways import batches
from incumbent.intake import canonical, kinds_of
from incumbent.params import IDENTITY, ModelSpec
from incumbent.records import Champion
from incumbent.replay.document import POLICIES
from incumbent.replay.history import History
from tasks.doors import open_doors
from tasks.scoring import require_champion

# What an environment may say of where state lives.
STATE = ("MLFLOW_TRACKING_URI", "INCUMBENT_DATABASE_URL", "INCUMBENT_PREDICTIONS")
LINE = "{:<23} {:>6} {:>6}  {:>7} {:>9} {:>7}  {:<8} {}"


@dataclass(frozen=True)
class Step:
    """A batch without its target, and its labels apart; None where they are in the batch."""

    batch: Path
    labels: Path | None


@contextmanager
def scratch_state(folder: Path) -> Iterator[None]:
    """Let ledger, registry and predictions live in a folder, whatever the environment says."""
    before = dict(os.environ)
    for name in STATE:
        os.environ.pop(name, None)
    os.environ["INCUMBENT_HOME"] = str(folder)
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


def split(spec: ModelSpec, batch: str, folder: Path) -> Step:
    """A labelled batch as it would have come: the target apart, joined by id.

    Without an id the target stays in the batch.
    """
    if spec.id is None:
        return Step(Path(batch), None)
    raw, name = batches.read(batch), f"{batches.stem(batch)}.parquet"
    (folder / "labels").mkdir(parents=True, exist_ok=True)
    raw.drop(columns=spec.target).to_parquet(folder / name, index=False)
    raw[[spec.id, spec.target]].to_parquet(folder / "labels" / name, index=False)
    return Step(folder / name, folder / "labels" / name)


def open_history(
    spec: ModelSpec, reference: Path, label_delay: int, steps: Iterable[Step]
) -> History:
    """The batches with their labels, after the training data of the first champion."""
    raw = batches.read(str(reference))
    kinds = kinds_of(raw, spec)
    known = canonical(raw, spec, kinds).dropna(subset=[spec.target]).reset_index(drop=True)
    history = History(spec, kinds, known, label_delay)
    for step in steps:
        history.append(read_labelled(history, step))
    return history


def read_labelled(history: History, step: Step) -> pd.DataFrame:
    """The rows of a batch whose labels are known, canonical."""
    spec, raw = history.spec, batches.read(str(step.batch))
    if step.labels is not None:
        raw = raw.merge(batches.read(str(step.labels)), on=spec.id)
    rows = canonical(raw, spec, history.kinds)
    return rows.dropna(subset=[spec.target]).reset_index(drop=True)


def tell_start(reference: Path, policy: str) -> None:
    """Say what comes, and name the columns of the lines."""
    console().print(
        f"Training the first champion on {reference.stem} ...", highlight=False, markup=False
    )
    head = ("batch", "rows", "drift", "never", policy, "always", "decision", "verdict")
    console().print(LINE.format(*head), style="bold", highlight=False)


def current_champion(spec: ModelSpec) -> Champion:
    """The champion that the next batch will be scored by."""
    doors = open_doors()
    return doors.registry.load(require_champion(doors, spec))


def tell(history: History, position: int, scorer: Champion, doc: dict[str, Any]) -> dict[str, Any]:
    """A line about a batch that has just been judged; its document, with who scored it."""
    drift, verdict = doc["drift"], doc["verdict"]
    line = LINE.format(
        doc["batch"]["id"],
        doc["batch"]["rows"],
        "-" if drift is None else f"{drift['score']:.3f}",
        f"{history.never(position):.4f}",
        f"{history.loss_of(position, scorer.model.pipeline):.4f}",
        f"{history.always(position):.4f}",
        doc["decision"]["action"],
        "" if verdict is None else f"{verdict['verdict']} v{doc['champion']['version_after']}",
    )
    console().print(line, highlight=False)
    return {**doc, "scored_by": scorer.version.number}


def console() -> Console:
    """Standard output, wherever the caller has it lead."""
    return Console(soft_wrap=True)
