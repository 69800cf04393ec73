"""What another process does to a model: it is killed on the way, or comes at the same time.

Processes are forked from a server that has imported everything already, also what a flow
would import on its way, and share the Prefect of the tests.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    temporary_settings,
)

import tasks.promotion
from flows.monitor import monitor
from flows.replay import replay
from flows.train import train
from incumbent.gateways.journal import Journal
from incumbent.gateways.ledger import Ledger
from incumbent.gateways.registry import Registry
from incumbent.params import ModelSpec

# The steps of a training and a promotion, and what each is done by.
STEPS: dict[str, tuple[Any, str]] = {
    "judged": (Ledger, "record_decision"),
    "stored": (Registry, "keep"),
    "begun": (Ledger, "begin_registration"),
    "version": (Registry, "publish"),
    "verify": (tasks.promotion, "verify"),
    "intent": (Ledger, "intend"),
    "alias": (Registry, "point"),
    "done": (Ledger, "complete"),
    "shown": (Registry, "log_run"),
    "handled": (Ledger, "finish_batch"),
}
ON_THE_WAY = (
    "incumbent.gateways.registry.versions",
    "mlflow.pyfunc",
    "mlflow.sklearn",
    "mlflow.store.model_registry.sqlalchemy_store",
    "mlflow.store.tracking.sqlalchemy_store",
)
MONITOR: Callable[..., Any] = monitor
TRAIN: Callable[..., Any] = train
REPLAY: Callable[..., Any] = replay

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.flows.others", *ON_THE_WAY])


def started(flow: str, spec: ModelSpec, path: str, kill_at: tuple[str, str] | None = None) -> Any:
    """A process that runs a flow in this one's environment, and dies where it is told to."""
    given = (
        flow,
        spec,
        path,
        dict(os.environ),
        PREFECT_API_URL.value(),
        kill_at,
        _processes.Queue(),
    )
    process = _processes.Process(target=_run, args=given)
    process.start()
    return process, given[-1]


def killed_replay(spec: ModelSpec, path: str, batches: list[str], after: str, **how: Any) -> int:
    """The exit code of a process that replays, and dies right after a step was noted."""
    given = (spec, path, batches, after, how, dict(os.environ), PREFECT_API_URL.value())
    process = _processes.Process(target=_replay, args=given)
    process.start()
    return ended(process)


def ended(process: Any) -> int:
    """The exit code of a process that was started."""
    process.join(timeout=120)
    assert process.exitcode is not None
    return int(process.exitcode)


def _like_the_tests(url: str) -> dict[Any, Any]:
    return {PREFECT_API_URL: url, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}


def _run(
    flow: str, spec: ModelSpec, path: str, env: Any, url: str, kill_at: Any, answers: Any
) -> None:
    os.environ.update(env)
    with temporary_settings(_like_the_tests(url)), pytest.MonkeyPatch.context() as patch:
        if kill_at is not None:
            _kill(patch, *kill_at)
        answers.put({"monitor": MONITOR, "train": TRAIN}[flow](spec, path))


def _kill(patch: pytest.MonkeyPatch, when: str, step: str) -> None:
    owner, name = STEPS[step]
    deed = getattr(owner, name)

    def die(*given: Any, **named: Any) -> Any:
        if when == "after":
            deed(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    patch.setattr(owner, name, die)


def _replay(
    spec: ModelSpec, path: str, batches: list[str], after: str, how: Any, env: Any, url: str
) -> None:
    os.environ.update(env)
    note = Journal.__setitem__

    def die(journal: Journal, key: str, value: Any) -> None:
        note(journal, key, value)
        if key.startswith(after):
            os.kill(os.getpid(), signal.SIGKILL)

    with temporary_settings(_like_the_tests(url)), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "__setitem__", die)
        REPLAY(spec, path, batches, **how)
