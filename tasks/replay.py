"""Replay: the files of a history, what an interrupted replay has found, and its progress."""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from incumbent.digest import text_digest
from incumbent.errors import UsageError
from incumbent.gateways import sources
from incumbent.gateways.journal import Journal
from incumbent.params import IDENTITY, ModelSpec
from incumbent.replay.document import POLICIES
from incumbent.settings import Settings

Memory = MutableMapping[str, Any]


def replay_folder(
    spec: ModelSpec, paths: Sequence[str], label_delay: int, against: Mapping[str, ModelSpec]
) -> Path:
    """Where a replay of these inputs keeps what it has found until it is finished."""
    files = (f"{path} {sources.bytes_digest(path)}" for path in paths)
    others = (f"{name} {other.model_dump_json()}" for name, other in against.items())
    digest = text_digest([spec.model_dump_json(), str(label_delay), *others, "", *files])
    return Settings.of(os.environ).home / "replays" / digest[:16]


@contextmanager
def resumable_folder(folder: Path, *, fresh: bool = False) -> Iterator[Memory]:
    """What a replay remembers, removed once it is finished; interrupted, it stays.

    Args:
        folder: Where it is kept.
        fresh: Forget what an earlier replay has left.

    Raises:
        UsageError: Another process replays the same inputs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        _hold(lock, folder)
        if fresh:
            shutil.rmtree(folder)
            folder.mkdir()
        memory, finished = Journal(folder / "journal.jsonl"), False
        try:
            yield memory
            finished = True
        finally:
            if finished or not memory:
                shutil.rmtree(folder, ignore_errors=True)
                Path(lock.name).unlink(missing_ok=True)


def require_ids(spec: ModelSpec, label_delay: int) -> None:
    """Labels that arrive later than their batch are joined by id.

    Raises:
        UsageError: The spec names no id column.
    """
    if label_delay and spec.id is None:
        raise UsageError(
            "Labels that arrive late cannot be joined without an id.",
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
                    f"The `{field}` of {name!r} is not that of the spec it is compared with.",
                    str(getattr(other, field)),
                    str(getattr(spec, field)),
                    "replay it by itself, or restore the field",
                )


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
