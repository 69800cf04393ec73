"""Batches on a web server: what is not there, and what does not answer, are told apart."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from incumbent.errors import MissingPathError, OutOfReachError
from incumbent.gateways import sources
from incumbent.gateways.sources.frame import read_frame

CSV = b"id,x\na,1\n"
LISTING = b'<html><body><a href="b0.csv">b0.csv</a></body></html>'


class Web(ThreadingHTTPServer):
    """A folder with one batch; every other page has the status of `missing`."""

    missing = 404

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Page)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/lake"


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        pages = {"/lake": LISTING, "/lake/": LISTING, "/lake/b0.csv": CSV}
        found = pages.get(self.path) if self.server.missing == 404 else None
        body = b"" if found is None else found
        self.send_response(self.server.missing if found is None else 200)
        self.send_header("Content-Type", "text/csv" if body is CSV else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - its name

    def log_message(self, *_):
        pass


@pytest.fixture
def web():
    server = Web()
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_file_and_a_pattern_are_found_and_read(web):
    assert sources.find(f"{web.url}/*.csv") == (f"{web.url}/b0.csv",)
    assert sources.require(f"{web.url}/b0.csv") == (f"{web.url}/b0.csv",)
    assert read_frame(f"{web.url}/b0.csv")["x"].tolist() == [1]


@pytest.mark.parametrize("name", ["b1.csv", "*.parquet"])
def test_what_is_not_there_is_missing(web, name):
    assert sources.find(f"{web.url}/{name}") == ()
    with pytest.raises(MissingPathError):
        sources.require(f"{web.url}/{name}")


@pytest.mark.parametrize("name", ["b0.csv", "*.csv"])
@pytest.mark.parametrize("ask", [sources.find, sources.require, sources.files_of, read_frame])
@pytest.mark.parametrize("fault", ["error", "down"])
def test_a_server_that_is_away_is_out_of_reach(web, name, ask, fault):
    address = f"{web.url}/{name}"
    web.missing = 503
    if fault == "down":
        web.shutdown()
        web.server_close()
    with pytest.raises(OutOfReachError):
        ask(address)
