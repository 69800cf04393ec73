"""Processes: work beside this one's, on the cores that it leaves free."""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import redirect_stdout
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from threading import Thread
from typing import Any

from prefect import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings


class SideProcesses:
    """Calls in other processes, as many at once as there are further cores.

    They share this process's environment and Prefect, print on standard error, and end with it,
    however it ends. Leaving the context ends what still runs.
    """

    def __init__(self) -> None:
        context, self._calls = get_context("spawn"), list[Future[Any]]()
        mine, self._lifeline = context.Pipe(duplex=False)
        self._pool = ProcessPoolExecutor(
            max(1, (os.cpu_count() or 1) - 1), context, _begin, (mine, dict(os.environ))
        )

    def __enter__(self) -> "SideProcesses":
        return self

    def __exit__(self, *_: object) -> None:
        if not all(call.done() for call in self._calls):
            self._lifeline.close()
        self._pool.shutdown(cancel_futures=True)
        self._lifeline.close()

    def start(self, run: Callable[..., Any], *given: Any) -> "Future[Any]":
        """Begin a call; its result, or the error that it ended with."""
        with get_client(sync_client=True) as client:
            url = str(client.api_url)
        self._calls.append(self._pool.submit(_carry_out, url, run, given))
        return self._calls[-1]


def _begin(lifeline: Connection, environment: Mapping[str, str]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who is interrupted is the caller
    os.environ.clear()
    os.environ.update(environment)
    Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    parent = parent_process()
    wait([lifeline, *([parent.sentinel] if parent else [])])
    os._exit(1)


def _carry_out(url: str, run: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    with redirect_stdout(sys.stderr), temporary_settings({PREFECT_API_URL: url}):
        return run(*given)
