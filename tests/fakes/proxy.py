"""A real MLflow server, and a proxy before it that misbehaves when it is told to."""

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

from incumbent.settings import Settings, environment_defaults

PATIENCE = 1_200  # tenths of a second


@dataclass(frozen=True)
class Answer:
    """What the proxy says in the place of MLflow; None of a status: it ends the connection."""

    status: int | None
    body: bytes = b""
    kind: str = "text/html"


PAGE = Answer(200, b"<!doctype html><html><body>Please sign in</body></html>")
EMPTY = Answer(200, b"{}", "application/json")
STRANGE = Answer(200, b'{"run": 5, "model_version": [], "experiment": "x"}', "application/json")
BAD_GATEWAY = Answer(502, b"<html>Bad gateway</html>")
NOT_FOUND = Answer(404, b"<html>No such page</html>")
CUT = Answer(None)
SILENCE = Answer(None, b"for as long as the client waits")
LONGEST_SILENCE = 30  # seconds


class Proxy(ThreadingHTTPServer):
    """It hands every request on, or answers by itself where `fault` has an answer for a path."""

    def __init__(self, target: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.fault: Callable[[str], Answer | None] = lambda _: None
        self.awake = Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, answer: Answer, *parts: str) -> None:
        """From now on answer so where a path has one of these parts; without parts, everywhere."""
        self.fault = lambda path: answer if any(part in path for part in parts or ("",)) else None

    def behave(self) -> None:
        """Hand everything on again."""
        self.awake.set()
        self.fault = lambda _: None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if (answer := self.server.fault(self.path)) is None:
            answer = self._handed_on(body)
        if answer is SILENCE:
            self.server.awake.wait(LONGEST_SILENCE)
        if answer.status is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _handle  # noqa: N815 - its names

    def _handed_on(self, body: bytes) -> Answer:
        hop = {"host", "connection", "accept-encoding"}
        headers = {k: v for k, v in self.headers.items() if k.lower() not in hop}
        with closing(http.client.HTTPConnection("127.0.0.1", self.server.target)) as asked:
            asked.request(self.command, self.path, body or None, headers)
            found = asked.getresponse()
            return Answer(found.status, found.read(), found.headers.get("Content-Type", ""))

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def proxied_mlflow(home: Path) -> Iterator[Proxy]:
    """An MLflow server with the state of a folder, and a proxy before it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    words = ["-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    words += ["--backend-store-uri", f"sqlite:///{home / 'server.db'}"]
    words += ["--artifacts-destination", str(home / "store")]
    words += ["--default-artifact-root", "mlflow-artifacts:/"]
    own = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}
    own |= environment_defaults(Settings.of({"INCUMBENT_HOME": str(home)}))
    with (home / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *words], env=own, stdout=log, stderr=log, start_new_session=True
        )
    proxy = Proxy(port)
    Thread(target=proxy.serve_forever, args=(0.01,), daemon=True).start()
    try:
        assert any(_answers(port) for _ in range(PATIENCE) if not Event().wait(0.1))
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
        os.killpg(process.pid, 15)
        process.wait(timeout=30)


def _answers(port: int) -> bool:
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as asked:
            asked.request("GET", "/health")
            return asked.getresponse().status == 200
    except OSError:
        return False
