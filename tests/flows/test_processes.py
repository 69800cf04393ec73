"""Calls beside this process: their answers, their errors, and their end."""

import os
import sys
from multiprocessing import active_children
from threading import Event

import pytest

from incumbent.errors import UsageError
from tasks.processes import SideProcesses

pytestmark = [pytest.mark.slow, pytest.mark.integration]


def environment(name):
    return os.getpid(), os.environ[name]


def refuse(what):
    sys.stdout.write("not on standard output")
    raise UsageError(what, "this", "that", "mend it")


def wait_forever():
    Event().wait()


def test_calls_are_answered_beside_this_process_and_end_with_it(prefect, monkeypatch, capfd):
    monkeypatch.setenv("INCUMBENT_HOME", "/srv/elsewhere")
    before = set(active_children())
    with SideProcesses() as beside:
        where, home = beside.start(environment, "INCUMBENT_HOME").result()
        assert (where != os.getpid(), home) == (True, "/srv/elsewhere")
        with pytest.raises(UsageError, match="a line"):
            beside.start(refuse, "a line").result()
        endless = beside.start(wait_forever)
    # Ended while it ran, or taken from the queue before a process had begun it.
    assert endless.cancelled() or endless.exception() is not None
    assert set(active_children()) <= before
    assert capfd.readouterr().out == ""
