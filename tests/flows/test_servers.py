"""The commands of CONTRIBUTING, as they stand there, on servers of their own ports.

Prefect, a process worker and MLflow run on loopback; the deployments of prefect.yaml train on
the flights, take a batch that is asked for through the API, and one that a schedule finds.
"""

import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mlflow import MlflowClient
from prefect import get_client
from prefect.client.schemas.objects import StateType
from prefect.settings import PREFECT_API_URL, temporary_settings

from incumbent.gateways.ledger import Ledger
from incumbent.records import BatchStatus
from tests.fakes.gateway import runs_of

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
FIRST, SECOND = "2013-02-01_2013-02-15", "2013-02-16_2013-02-28"
PATIENCE = 150  # seconds, for anything that a test waits for
LINK = r"\[{}\]\((\S+?)\)"


def terminals():
    """What CONTRIBUTING says to type into each terminal, in order."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    section = text.split("## On real local servers")[1]
    lines = "\n".join(line[4:] for line in section.splitlines() if line.startswith("    "))
    return re.split(r"^# \d\. .*$", lines, flags=re.MULTILINE)[1:]


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def answers(url):
    """Whether a page is there, for a browser that asks for it."""
    asked = urllib.request.Request(url, headers={"Accept": "text/html"})  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(asked, timeout=5) as page:  # noqa: S310 - loopback
            return page.status == 200
    except OSError:
        return False


def wait_for(what, found):
    deadline = time.monotonic() + PATIENCE
    while not (value := found()):
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.5)
    return value


@dataclass
class Place:
    """A clone's root, as far as the commands need it, with servers on ports of its own."""

    folder: Path
    prefect: str
    mlflow: str
    environment: dict[str, str]

    def typed(self, terminal):
        """A terminal's commands with the ports of this test."""
        own = {"http://127.0.0.1:4200": self.prefect, "http://127.0.0.1:5000": self.mlflow}
        own["--port 5000"] = f"--port {self.mlflow.rpartition(':')[2]}"
        for usual, here in own.items():
            terminal = terminal.replace(usual, here)
        return ["bash", "-ec", terminal]

    def run(self, commands):
        """Type into a terminal, and wait until all of it is done."""
        done = subprocess.run(
            self.typed(commands),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    @contextmanager
    def running(self, commands, name):
        """Type into a terminal that is left open, and close it in the end."""
        with (self.folder / f"{name}.log").open("w") as log:
            process = subprocess.Popen(
                self.typed(commands),
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                yield
            finally:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def flow_runs(self, flow):
        with get_client(sync_client=True) as client:
            runs = [r for r in client.read_flow_runs() if r.name == f"{flow} flights"]
            return [r for r in runs if r.state_type is StateType.COMPLETED]

    def artifacts(self):
        with get_client(sync_client=True) as client:
            return [artifact.data for artifact in client.read_artifacts()]


@pytest.fixture
def place(tmp_path):
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    (tmp_path / "prefect.yaml").write_text((ROOT / "prefect.yaml").read_text())
    prefect, mlflow = free_port(), free_port()
    own = ("INCUMBENT_", "MLFLOW_", "PREFECT_")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(own)}
    environment["PREFECT_HOME"] = str(tmp_path / "prefect")
    environment["PREFECT_SERVER_API_PORT"] = str(prefect)
    at = Place(tmp_path, *(f"http://127.0.0.1:{p}" for p in (prefect, mlflow)), environment)
    with temporary_settings({PREFECT_API_URL: f"{at.prefect}/api"}):
        yield at


def keep_two_batches(place):
    batches = place.folder / ".incumbent/data/flights/batches"
    for path in batches.iterdir():
        if path.stem not in {FIRST, SECOND}:
            path.unlink()


def test_a_schedule_and_a_person_run_the_loop_on_real_servers(place):
    mlflow, prefect, worker, by_hand = terminals()
    with place.running(mlflow, "mlflow"), place.running(prefect, "prefect"):
        wait_for("MLflow", lambda: answers(f"{place.mlflow}/health"))
        wait_for("Prefect", lambda: answers(f"{place.prefect}/api/health"))
        with place.running(worker, "worker"):
            wait_for("the worker", lambda: "started" in (place.folder / "worker.log").read_text())
            place.run(by_hand)
            assert len(place.flow_runs("train")) == len(place.flow_runs("monitor")) == 1

            keep_two_batches(place)
            soon = datetime.now(UTC) + timedelta(seconds=20)
            place.run(
                f"export PREFECT_API_URL={place.prefect}/api\n"
                ".venv/bin/prefect deployment schedule create monitor/flights --interval 45"
                f" --anchor-date {soon:%Y-%m-%dT%H:%M:%SZ}"
            )
            wait_for("the scheduled run", lambda: len(place.flow_runs("monitor")) > 1)
        asked_for, *scheduled = sorted(place.flow_runs("monitor"), key=lambda r: r.auto_scheduled)
        assert not asked_for.auto_scheduled
        assert all(run.auto_scheduled for run in scheduled)
        require_linked(place)
    require_handled(place)


def require_linked(place):
    """Both batches are in both places, and each place leads to the other."""
    client = MlflowClient(place.mlflow, place.mlflow)
    notes = {r.info.run_name: r.data.tags["mlflow.note.content"] for r in runs_of_batches(client)}
    assert notes.keys() == {f"monitor {FIRST}", f"monitor {SECOND}"}
    led_to = {re.search(LINK.format("Flow run in Prefect"), note)[1] for note in notes.values()}
    pages = {f"{place.prefect}/flow-runs/flow-run/{r.id}" for r in place.flow_runs("monitor")}
    assert len(led_to) == 2
    assert led_to <= pages
    led_back = {re.search(LINK.format("Run in MLflow"), a)[1] for a in place.artifacts()}
    runs = {run.info.run_id: run for run in runs_of_batches(client)}
    assert {url.rpartition("/")[2] for url in led_back} == runs.keys()
    assert all(answers(url) for url in led_to | led_back)
    champion = Ledger(f"sqlite:///{place.folder / '.incumbent' / 'ledger.db'}").champion("flights")
    alias = client.get_model_version_by_alias("flights", "champion")
    assert int(alias.version) == champion.number


def runs_of_batches(client):
    runs = runs_of(client, "flights")
    return [
        r for r in runs if r.info.run_name.startswith("monitor") and r.info.status == "FINISHED"
    ]


def require_handled(place):
    ledger = Ledger(f"sqlite:///{place.folder / '.incumbent' / 'ledger.db'}")
    entries = ledger.batches("flights")
    assert [(e.batch.id, e.status) for e in entries] == [
        (FIRST, BatchStatus.HANDLED),
        (SECOND, BatchStatus.HANDLED),
    ]
    assert not answers(f"{place.mlflow}/health")
    assert not answers(f"{place.prefect}/api/health")
