"""A flow as a command runs it, with a Prefect server that answers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any


@contextmanager
def running(name: str) -> Iterator[Callable[..., Any]]:
    """The flow of this name; it is imported while a server of its own starts.

    Raises:
        OutOfReachError: Prefect's server does not answer.
    """
    from flows import prefect_server

    with prefect_server(lambda: getattr(import_module(f"flows.{name}"), name)) as flow:
        yield flow
