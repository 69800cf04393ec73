"""Prefect and MLflow as a team runs them, on loopback, for as long as a benchmark lasts."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 120.0
BIN = Path(sys.executable).parent


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """Both servers, their state in a folder, named in the environment of this process."""
    port = _free_port()
    command = (
        f"mlflow server --host 127.0.0.1 --port {port} --workers 1"
        " --backend-store-uri sqlite:///mlflow.db --artifacts-destination ./mlartifacts"
    )
    with _server(command, f"http://127.0.0.1:{port}/health", folder), prefect_running(folder):
        os.environ["MLFLOW_TRACKING_URI"] = f"http://127.0.0.1:{port}"
        yield


@contextmanager
def prefect_running(folder: Path) -> Iterator[None]:
    """The server of Prefect alone."""
    port = _free_port()
    os.environ["PREFECT_SERVER_API_PORT"] = str(port)
    health = f"http://127.0.0.1:{port}/api/health"
    with _server("prefect server start --host 127.0.0.1", health, folder):
        os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
        yield


@contextmanager
def _server(command: str, health: str, folder: Path) -> Iterator[None]:
    program, *words = command.split()
    with (folder / f"{program}.log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603 - a program of our own environment
            [BIN / program, *words],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_for(health, process)
            yield
        finally:
            if process.poll() is None:
                os.killpg(process.pid, 9)
            process.wait()


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - a loopback address
                return
        except OSError:
            time.sleep(0.3)
    raise TimeoutError(f"{url} did not answer within {PATIENCE:.0f} seconds")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
