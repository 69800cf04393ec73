"""A flow as a command runs it, with a Prefect server that answers."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click


@contextmanager
def running(name: str) -> Iterator[Callable[..., Any]]:
    """The flow of this name; it is imported while a server of its own starts.

    Raises:
        OutOfReachError: Prefect's server does not answer.
        Abort: It was interrupted.
    """
    from flows import prefect_server

    with (
        interruptible(),
        prefect_server(lambda: getattr(import_module(f"flows.{name}"), name)) as flow,
    ):
        yield flow


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C end a command as such, also where a library makes another error of it, or none."""
    stopped = list[int]()

    def stop(number: int, _: object) -> None:
        stopped.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if stopped:
            raise click.exceptions.Abort
