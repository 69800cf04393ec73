"""Prefect's server, as a command needs it before it starts a flow."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx
from prefect import get_client
from prefect.client.schemas import objects, responses
from prefect.context import refresh_global_settings_context
from prefect.exceptions import ObjectNotFound, TerminationSignal
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    get_current_settings,
    temporary_settings,
)
from pydantic import ValidationError

from incumbent.errors import OutOfReachError
from incumbent.gateways.sources.storage import first_line
from tasks.embedded_server import embedded_server

T = TypeVar("T")
ADDRESS = "PREFECT_API_URL"
# Its client's, and those of an answer that is not Prefect's.
FAILURES = (httpx.HTTPError, json.JSONDecodeError, ObjectNotFound, ValidationError)
SIGNALLED = 128  # added to the number of the signal, as shells do


@contextmanager
def prefect_server(meanwhile: Callable[[], T]) -> Iterator[T]:
    """A server that answers; or, where none is named, one that lives as long as the block.

    By heartbeats a server learns that a run has crashed. One that ends with the run has no use for
    them, and they would hold up the end of each flow for as much as a second.

    Args:
        meanwhile: Is done while the server starts; what it gives is what the block gets.

    Raises:
        OutOfReachError: PREFECT_API_URL names a server that does not answer, or the own one fails.
    """
    with terminable(), _translated():
        url = get_current_settings().api.url
        if url is not None:
            _require_answer(url)
            yield meanwhile()
            return
        with embedded_server(os.environ) as server, _named(server.url):
            found = meanwhile()
            server.wait()
            yield found


@contextmanager
def terminable() -> Iterator[None]:
    """End with the exit code of a terminated process, where Prefect has made an error of it.

    An own server is terminated with the command: what Prefect then fails to tell it is an error
    that follows from the signal, and no other end.
    """
    try:
        yield
    except (TerminationSignal, Exception) as error:
        if (end := _signal_behind(error)) is None:
            raise
        sys.exit(SIGNALLED + end.signal)


def _signal_behind(error: BaseException | None) -> TerminationSignal | None:
    """The signal that an error is, or follows from."""
    if error is None or isinstance(error, TerminationSignal):
        return error
    return _signal_behind(error.__cause__) or _signal_behind(error.__context__)


@contextmanager
def _translated() -> Iterator[None]:
    """Tell as an outage what Prefect raises where its server fails in the middle of a flow."""
    try:
        yield
    except FAILURES as error:
        if isinstance(error, ValidationError) and not _is_prefects(error):
            raise
        raise OutOfReachError(
            "Prefect did not answer well.",
            f"{type(error).__name__}: {first_line(error)}",
            "a Prefect server that answers to the end of the run",
            "check PREFECT_API_URL, and run again: what is half done is finished",
        ) from error


def _is_prefects(error: ValidationError) -> bool:
    """Whether an answer of Prefect's server was not what its client takes it for."""
    return any(hasattr(part, error.title) for part in (objects, responses))


@contextmanager
def _named(url: str) -> Iterator[None]:
    """A server that every thread of this process finds: Prefect's own threads have no context."""
    os.environ[ADDRESS] = url
    refresh_global_settings_context()
    try:
        with temporary_settings({PREFECT_API_URL: url, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            yield
    finally:
        del os.environ[ADDRESS]
        refresh_global_settings_context()


def _require_answer(url: str) -> None:
    with get_client(sync_client=True) as client:
        problem = client.api_healthcheck()
    if problem is not None:
        raise OutOfReachError(
            "Prefect did not answer.",
            f"{url}: {problem}",
            "a Prefect server",
            "start it (`prefect server start`), or unset PREFECT_API_URL to run without one",
        )
