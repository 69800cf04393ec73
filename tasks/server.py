"""Prefect's own server, as a command needs it before it starts a flow."""

from collections.abc import Iterator
from contextlib import contextmanager

from prefect import get_client
from prefect.settings import (
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    get_current_settings,
    temporary_settings,
)

from incumbent.errors import OutOfReachError


@contextmanager
def prefect_server() -> Iterator[None]:
    """A server that answers; or, where none is named, one that lives as long as the run.

    By heartbeats a server learns that a run has crashed. One that ends with the run has no use for
    them, and they would hold up the end of each flow for as much as a second.

    Raises:
        OutOfReachError: PREFECT_API_URL names a server that does not answer.
    """
    url = get_current_settings().api.url
    if url is None:
        with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            yield
        return
    _require_answer(url)
    yield


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
