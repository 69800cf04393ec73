"""Prefect's own server: asked once, before a flow is started from the command line."""

from prefect import get_client
from prefect.settings import get_current_settings

from incumbent.errors import OutOfReachError


def require_server() -> None:
    """Do nothing where the server answers, or where each run brings its own.

    Raises:
        OutOfReachError: PREFECT_API_URL names a server that does not answer.
    """
    url = get_current_settings().api.url
    if url is None:
        return
    with get_client(sync_client=True) as client:
        problem = client.api_healthcheck()
    if problem is not None:
        raise OutOfReachError(
            "Prefect did not answer.",
            f"{url}: {problem}",
            "a Prefect server",
            "start it (`prefect server start`), or unset PREFECT_API_URL to run without one",
        )
