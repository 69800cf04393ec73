"""`incumbent doctor`."""

import os
import sys

import click

from incumbent.cli import show
from incumbent.cli.answers import JSON, answering
from incumbent.cli.arguments import SPEC, read_spec

UNHEALTHY = 1


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
        answer(doc, lambda: show.doctor(doc))
    if not doc["healthy"]:
        sys.exit(UNHEALTHY)
