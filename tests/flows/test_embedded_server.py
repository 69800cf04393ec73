"""Prefect's own server: there for a command, and gone with it, however it ends."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from flows.monitor import monitor
from incumbent.gateways.ledger import Ledger
from incumbent.records import BatchStatus
from incumbent.settings import Settings
from tests.flows.installed import INCUMBENT
from tests.flows.others import eventually
from tests.flows.world import batch_rows, written

pytestmark = [pytest.mark.integration, pytest.mark.slow]

INTERRUPTED = 130
# A proxy that does not answer: it must not be asked for what is on this machine.
PROXIES = dict.fromkeys(("HTTP_PROXY", "http_proxy"), "http://127.0.0.1:9")
PROXIES |= dict.fromkeys(("ALL_PROXY", "all_proxy"), "socks5://127.0.0.1:9")


@pytest.fixture
def command(home, spec, tmp_path, monkeypatch):
    """The words of `monitor` in a home of its own, without a server that is named."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(home / "prefect"))
    monkeypatch.setenv("INCUMBENT_LEASE_SECONDS", "1.5")
    return [str(INCUMBENT), "monitor", written(spec, tmp_path)]


def servers(home):
    """Process ids of the servers of a home."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
            variables = (process / "environ").read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        if b"tasks.embedded_server" in words and f"INCUMBENT_HOME={home}\0".encode() in variables:
            found.append(int(process.name))
    return found


def started(ledger):
    return any(entry.status is BatchStatus.STARTED for entry in ledger.batches("shop"))


@pytest.mark.parametrize(
    ("how", "codes"),
    [
        (signal.SIGINT, {INTERRUPTED}),
        (signal.SIGTERM, {-signal.SIGTERM, 128 + signal.SIGTERM}),  # in a flow, or around it
        (signal.SIGKILL, {-signal.SIGKILL}),
    ],
    ids=["Ctrl-C", "SIGTERM", "kill -9"],
)
def test_however_a_command_ends_its_server_ends_too(home, command, spec, delivery, how, codes):
    delivery.batch("b0", batch_rows(0, changed=True))
    ledger = Ledger(Settings.of(os.environ).database_url)
    process = subprocess.Popen(
        command,
        env=os.environ | PROXIES,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert eventually(lambda: started(ledger))
    assert len(servers(home)) == 1
    os.killpg(process.pid, how)  # as a terminal does
    _, errors = process.communicate(timeout=120)
    assert process.returncode in codes
    if how is signal.SIGINT:
        assert errors.splitlines()[-1].startswith("Interrupted.")
    assert eventually(lambda: not servers(home))

    monitor(spec)
    assert [entry.status for entry in ledger.batches("shop")] == [BatchStatus.HANDLED]


def test_a_database_that_the_server_cannot_read_is_told_with_what_to_do(home, command):
    (home / "prefect").mkdir()
    (home / "prefect" / "prefect.db").write_text("not a database" * 100)
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 4
    assert "Prefect's own server did not start" in ended.stderr
    assert str(home / "prefect" / "server.log") in ended.stderr.replace("\n", "")
    assert "Traceback" not in ended.stderr
    assert servers(home) == []


def test_two_terminals_on_a_fresh_home_do_not_disturb_each_other(home, command, delivery):
    delivery.batch("b0", batch_rows(0))
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    both = [subprocess.Popen(command, **streams) for _ in range(2)]
    printed = [process.communicate(timeout=240)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    assert "Traceback" not in "".join(printed)
    assert "Traceback" not in (home / "prefect" / "server.log").read_text()
    assert servers(home) == []
