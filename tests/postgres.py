"""A PostgreSQL of the tests' own: on loopback, in a folder, gone with the tests."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

PLACES = ("/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt/postgresql")
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
UNPRIVILEGED = ("postgres", "nobody")  # root may not run a server: it does so as one of these
NOT_INSTALLED = "PostgreSQL is not installed (apt-get install postgresql): its tests are left out"

NewDatabase = Callable[..., str]


def programs() -> Path | None:
    """The folder of the server's programs; None where there is none."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    every = (path.parent for place in PLACES for path in Path(place).glob("**/bin/initdb"))
    return next(iter(sorted(every, reverse=True)), None)


@contextmanager
def running() -> Iterator[NewDatabase]:
    """A server; gives a function that makes a database, of another one or empty, and its URL."""
    bin_folder, numbers = programs(), count()
    assert bin_folder is not None
    home = Path(tempfile.mkdtemp(prefix="incumbent-postgres-"))
    user, prefix = _user()
    if prefix:
        shutil.chown(home, user)
    port = _free_port()
    options = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={home}"]
    settings = [word for option in (*options, *QUICK) for word in ("-c", option)]
    data = str(home / "data")
    initialise = [str(bin_folder / "initdb"), "-D", data, "-U", "incumbent", "-A", "trust"]
    _run([*prefix, *initialise, "-E", "UTF8", "--no-sync"], home)
    control = [*prefix, str(bin_folder / "pg_ctl"), "-D", data, "-w"]
    log = str(home / "log")
    _run([*control, "-l", log, "-o", " ".join(settings), "start"], home)
    address = f"//incumbent@127.0.0.1:{port}"

    def new_database(template: str | None = None) -> str:
        name, of = f"test_{next(numbers)}", template.rpartition("/")[2] if template else "template0"
        with psycopg.connect(f"postgresql:{address}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {of}")
        return f"postgresql+psycopg:{address}/{name}"

    try:
        yield new_database
    finally:
        _run([*control, "-m", "immediate", "stop"], home)
        shutil.rmtree(home, ignore_errors=True)


def _run(words: list[str], home: Path) -> None:
    subprocess.run(words, cwd=home, stdout=subprocess.DEVNULL, check=True)


def _user() -> tuple[str | None, list[str]]:
    if os.geteuid() != 0:
        return None, []
    known = {user.pw_name for user in pwd.getpwall()}
    user = next(name for name in UNPRIVILEGED if name in known)
    return user, ["runuser", "-u", user, "--"]


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
