"""Prefect's server as a command finds it: one of its own, or one that is named and answers."""

from contextlib import contextmanager

import pytest
from prefect.exceptions import TerminationSignal
from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings

from incumbent.errors import OutOfReachError
from tasks import server
from tasks.embedded_server import EmbeddedServer
from tasks.server import prefect_server, terminable

NOTHING_LISTENS = "http://127.0.0.1:9/api"


@contextmanager
def a_server(_environment):
    """A server of its own that answers at once."""
    yield EmbeddedServer.__new__(EmbeddedServer)


def test_a_run_with_its_own_server_sends_no_heartbeats(monkeypatch):
    monkeypatch.setattr(server, "embedded_server", a_server)
    monkeypatch.setattr(EmbeddedServer, "url", NOTHING_LISTENS, raising=False)
    monkeypatch.setattr(EmbeddedServer, "wait", lambda _: None)
    with temporary_settings({PREFECT_API_URL: None}):
        before = get_current_settings().flows.heartbeat_frequency
        with prefect_server(lambda: "meanwhile") as found:
            assert found == "meanwhile"
            assert get_current_settings().flows.heartbeat_frequency is None
        assert get_current_settings().flows.heartbeat_frequency == before


def test_a_server_that_does_not_answer_is_named():
    with (
        temporary_settings({PREFECT_API_URL: NOTHING_LISTENS}),
        pytest.raises(OutOfReachError, match="Prefect did not answer") as caught,
        prefect_server(list),
    ):
        pytest.fail("the flow was started")
    assert NOTHING_LISTENS in str(caught.value.observed)


def test_what_follows_from_a_signal_ends_the_command_as_the_signal_does():
    def crash_is_reported_to_nobody():
        try:
            raise TerminationSignal(signal=15)
        except TerminationSignal:
            raise RuntimeError("the own server is gone, too") from OSError("no connection")

    with pytest.raises(SystemExit) as ended, terminable():
        crash_is_reported_to_nobody()
    assert ended.value.code == 143
    with pytest.raises(RuntimeError, match="of its own"), terminable():
        raise RuntimeError("of its own")
