"""What another process does to a model: it is killed or stopped, or comes at the same time.

Processes are forked from a server that has imported everything already, also what a flow
would import on its way, and share the Prefect of the tests.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    temporary_settings,
)

import tasks.promotion
from flows.monitor import monitor
from flows.replay import replay
from flows.rollback import rollback
from flows.train import train
from incumbent.gateways.journal import Journal
from incumbent.gateways.ledger import Ledger
from incumbent.gateways.predictions import PredictionStore
from incumbent.gateways.registry import Registry
from incumbent.params import ModelSpec

# The steps of a training and a promotion, and what each is done by.
STEPS: dict[str, tuple[Any, str]] = {
    "entered": (Ledger, "start_batch"),
    "known": (Ledger, "record_file"),
    "scored": (PredictionStore, "write"),
    "rows kept": (PredictionStore, "write_rows"),
    "labels kept": (PredictionStore, "write_labels"),
    "judged": (Ledger, "record_decision"),
    "stored": (Registry, "keep"),
    "looked": (Ledger, "record_shadow"),
    "compared": (Ledger, "close_challenger"),
    "begun": (Ledger, "begin_registration"),
    "version": (Registry, "publish"),
    "verify": (tasks.promotion, "verify"),
    "intent": (Ledger, "intend"),
    "alias": (Registry, "point"),
    "done": (Ledger, "complete"),
    "drawn": (Registry, "log_timeline"),
    "reported": (Ledger, "begin_run"),
    "shown": (Registry, "log_run"),
    "labels known": (Ledger, "record_labels"),
    "handled": (Ledger, "finish_batch"),
}
ON_THE_WAY = (
    "incumbent.gateways.registry.versions",
    "mlflow.pyfunc",
    "mlflow.sklearn",
    "mlflow.store.model_registry.sqlalchemy_store",
    "mlflow.store.tracking.sqlalchemy_store",
)
FLOWS: dict[str, Callable[..., Any]] = {
    "monitor": monitor,
    "rollback": rollback,
    "train": train,
}
REPLAY: Callable[..., Any] = replay

# Before or after a step, at which a process is killed; or before or after the fence of a write
# outside, counted from 0, at which it is stopped.
Place: TypeAlias = tuple[str, str | int]
POLLS = 12_000

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.flows.others", *ON_THE_WAY])


def started(flow: str, spec: ModelSpec, *given: Any, end_at: Place | None = None) -> Any:
    """A process that runs a flow in this one's environment, and ends or stops at a place."""
    answers = _processes.Queue()
    words = (flow, (spec, *given), dict(os.environ), PREFECT_API_URL.value(), end_at, answers)
    process = _processes.Process(target=_run, args=words)
    process.start()
    return process, answers


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


def is_stopped(process: Any) -> bool:
    """Whether a process waits to be continued."""
    assert process.is_alive()
    state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "T"


def eventually(true: Callable[[], bool]) -> bool:
    """Whether something becomes true, looked at every hundredth of a second for two minutes."""
    return any(true() for _ in range(POLLS) if not threading.Event().wait(0.01))


def _take_over(environment: Any) -> None:
    """This very environment: the server that forks keeps what the test before had set."""
    os.environ.clear()
    os.environ.update(environment)


def _like_the_tests(url: str) -> dict[Any, Any]:
    return {PREFECT_API_URL: url, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}


def _run(flow: str, given: Any, env: Any, url: str, end_at: Any, answers: Any) -> None:
    _take_over(env)
    with temporary_settings(_like_the_tests(url)), pytest.MonkeyPatch.context() as patch:
        if end_at is not None:
            (_stop if isinstance(end_at[1], int) else _kill)(patch, *end_at)
        answers.put(FLOWS[flow](*given))


def _kill(patch: pytest.MonkeyPatch, when: str, step: str) -> None:
    owner, name = STEPS[step]
    deed = getattr(owner, name)

    def die(*given: Any, **named: Any) -> Any:
        if when == "after":
            deed(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    patch.setattr(owner, name, die)


def _stop(patch: pytest.MonkeyPatch, when: str, place: int) -> None:
    """Stop before or after a fence: just before each write outside one is asked.

    Not while the lease is renewed: whoever stops in a transaction keeps a SQLite file locked.
    """
    ask, number = Ledger.require_lease, count()
    renew, renewing = Ledger.renew, threading.Lock()

    def renew_alone(*given: Any) -> None:
        with renewing:
            renew(*given)

    def sleep() -> None:
        with renewing:
            os.kill(os.getpid(), signal.SIGSTOP)

    def stop(ledger: Ledger) -> None:
        here = next(number) == place
        if here and when == "before":
            sleep()
        ask(ledger)
        if here and when == "after":
            sleep()

    patch.setattr(Ledger, "require_lease", stop)
    patch.setattr(Ledger, "renew", renew_alone)


def _replay(
    spec: ModelSpec, path: str, batches: list[str], after: str, how: Any, env: Any, url: str
) -> None:
    _take_over(env)
    note = Journal.__setitem__

    def die(journal: Journal, key: str, value: Any) -> None:
        note(journal, key, value)
        if key.startswith(after):
            os.kill(os.getpid(), signal.SIGKILL)

    with temporary_settings(_like_the_tests(url)), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "__setitem__", die)
        REPLAY(spec, path, batches, **how)
