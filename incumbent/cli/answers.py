"""The output of a command: a JSON document or a page, or an error."""

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
    """Provide the function that prints a command's output: a JSON document, or a page.

    With JSON, other output of libraries goes to standard error. A stateless command needs no home.
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
            "The folder of Incumbent's state cannot be created.",
            f"{folder}: {error.strerror}",
            "a writable folder",
            "set INCUMBENT_HOME",
        ) from error


def usage(error: click.ClickException) -> UsageError:
    """An error of click as a usage error."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "incumbent"
    return UsageError(
        error.format_message(), " ".join(sys.argv[1:]), "see --help", f"run `{command} --help`"
    )


def fail(error: IncumbentError) -> None:
    """Print an error as text or JSON, and exit with its code."""
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps(error.document(), indent=2) + "\n")
    else:
        show.error(error)
    sys.exit(error.exit_code)
