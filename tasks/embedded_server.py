"""Prefect's server for one command: on loopback, and gone with the process that started it.

    python -m tasks.embedded_server FD

serves on a socket that is open already, until its standard input ends: however the process at the
other end has ended, a kill included. Its own session keeps Ctrl-C from it: the command tells it
how its runs have ended, and then lets it go.
"""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.error import URLError

from incumbent.errors import OutOfReachError

LOOPBACK = "127.0.0.1"
PATIENCE = 120.0  # seconds for the first start, which makes the tables
GRACE = 10.0  # seconds for the end
POLL = 0.05
LOG, LOCK = "server.log", "server.lock"  # in PREFECT_HOME
PLAIN = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}


class EmbeddedServer:
    """A server that starts at once, and answers after `wait`.

    Attributes:
        url: Its API.
    """

    def __init__(
        self, url: str, process: "subprocess.Popen[bytes]", log: Path, turn: IO[str]
    ) -> None:
        self.url, self._process, self._log, self._turn = url, process, log, turn

    def wait(self) -> None:
        """Return when it answers.

        Raises:
            OutOfReachError: It has ended, or does not answer.
        """
        unproxied = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        end = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < end:
            with suppress(URLError, OSError), unproxied.open(f"{self.url}/health", timeout=1.0):
                self._turn.close()
                return
            time.sleep(POLL)
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise OutOfReachError(
            "Prefect's own server did not start.",
            lines[-1] if lines else f"exit code {self._process.returncode}",
            "a server that can read and write the Prefect database of this home",
            f"see {self._log}; a database of a newer Prefect needs that release, or may be moved"
            " away: it holds the history of runs alone",
        )

    def stop(self) -> None:
        """End it, and wait until it has."""
        assert self._process.stdin is not None  # noqa: S101 - it was opened so
        self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


@contextmanager
def embedded_server(environment: Mapping[str, str]) -> Iterator[EmbeddedServer]:
    """A server with the state of PREFECT_HOME, until the end of the block.

    Two that start at once would both make the tables: the second waits until the first answers.
    """
    log = Path(environment["PREFECT_HOME"]) / LOG
    log.parent.mkdir(parents=True, exist_ok=True)
    turn = log.with_name(LOCK).open("w")
    fcntl.flock(turn, fcntl.LOCK_EX)  # given back by the kernel, however this process ends
    with socket.socket() as listening, log.open("wb") as output:
        listening.bind((LOOPBACK, 0))
        listening.listen()
        process = subprocess.Popen(  # noqa: S603 - this very module
            [sys.executable, "-m", "tasks.embedded_server", str(listening.fileno())],
            env={**environment, **PLAIN},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            pass_fds=[listening.fileno()],
            start_new_session=True,
        )
        url = f"http://{LOOPBACK}:{listening.getsockname()[1]}/api"
    server = EmbeddedServer(url, process, log, turn)
    try:
        yield server
    finally:
        turn.close()
        server.stop()


def serve(socket_number: int) -> None:
    """Serve until standard input ends."""
    import uvicorn  # noqa: PLC0415 - the server's process alone needs it

    threading.Thread(target=_end_with_input, daemon=True).start()
    create = "prefect.server.api.server:create_app"
    uvicorn.run(create, factory=True, fd=socket_number, log_level="error", lifespan="on")


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
