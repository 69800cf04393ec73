"""One answer a command: a JSON document or a page for people, or what went wrong."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import click

from incumbent.cli import show
from incumbent.errors import IncumbentError, UsageError

JSON = click.option("as_json", "--json", is_flag=True, help="One JSON document on stdout.")


@contextmanager
def answering(
    *, as_json: bool, stateless: bool = False
) -> Iterator[Callable[[Any, Callable[[], None]], None]]:
    """Give a command its way to answer: one JSON document, or a page for people.

    What libraries print on standard output meanwhile goes to standard error. A stateless
    command needs no home.
    """
    stdout = sys.stdout
    if not stateless:
        _make_home(Path(os.environ["PREFECT_HOME"]))

    def answer(doc: Any, page: Callable[[], None]) -> None:
        if as_json:
            stdout.write(json.dumps(doc, indent=2) + "\n")
        else:
            page()

    with redirect_stdout(sys.stderr if as_json else stdout):
        yield answer


def _make_home(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            "The home of Incumbent's state cannot be made.",
            f"{folder}: {error.strerror}",
            "a folder that can be written",
            "set INCUMBENT_HOME",
        ) from error


def usage(error: click.ClickException) -> UsageError:
    """A mistake in the words of a call, as an error of ours."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "incumbent"
    return UsageError(
        error.format_message(), " ".join(sys.argv[1:]), "see --help", f"run `{command} --help`"
    )


def fail(error: IncumbentError) -> None:
    """Print an error as the caller wants to read it, and end with its exit code."""
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps(error.document(), indent=2) + "\n")
    else:
        show.error(error)
    sys.exit(error.exit_code)
