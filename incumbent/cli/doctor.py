"""`incumbent doctor`."""

import os
import sys
from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from incumbent.cli import show
from incumbent.cli.answers import JSON, answering
from incumbent.cli.arguments import SPEC, read_spec

UNHEALTHY = 1
STYLES = {"well": None, "warning": "yellow", "error": "bold red"}


@click.command(
    epilog="""\b
Examples:
  incumbent doctor flights
  incumbent doctor flights --json"""
)
@SPEC
@JSON
def doctor(spec: str, *, as_json: bool) -> None:
    """Look at all that a model needs: what is wrong, how bad, and what mends it.

    Nothing is changed. The exit code is 1 where something needs a person.
    """
    with answering(as_json=as_json, stateless=True) as answer:
        from incumbent.doctor import examine

        doc = examine(read_spec(spec), os.environ)
        answer(doc, lambda: _show(doc))
    if not doc["healthy"]:
        sys.exit(UNHEALTHY)


def _show(doc: Mapping[str, Any]) -> None:
    """What was looked at, with the next step of each finding that is not well."""
    table = Table("", "part", "finding", box=None)
    for found in doc["findings"]:
        cells = (show.cell(found[key]) for key in ("health", "part", "text"))
        table.add_row(*cells, style=STYLES[found["health"]])
        if found["next_step"]:
            table.add_row("", "", f"next: {show.cell(found['next_step'])}")
    Console(highlight=False).print(table)
    needed = "nothing needs a person" if doc["healthy"] else "a person is needed"
    show.say(f"\n{doc['model']}: {needed}.")
