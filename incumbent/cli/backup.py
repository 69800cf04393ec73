"""`incumbent backup` and `incumbent restore`: the ledger and the store in one file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from incumbent.cli import show
from incumbent.cli.answers import JSON, answering
from incumbent.cli.arguments import OUTPUT
from incumbent.cli.state import open_state


@click.command(
    epilog="""\b
Examples:
  incumbent backup monday.zip
  incumbent backup /mnt/backups/incumbent.zip --json"""
)
@click.argument("file", type=OUTPUT)
@JSON
def backup(file: str, *, as_json: bool) -> None:
    """Write the ledger and the stored predictions of all models to FILE.

    Runs may go on meanwhile. The versions themselves are in MLflow, which has its own backup.
    """
    with answering(as_json=as_json) as answer, open_state() as (ledger, store):
        from incumbent.gateways import backup as backups

        files = backups.write(Path(file), ledger, store)
        doc = {"file": file, "models": list(ledger.models()), "files": files}
        answer(doc, lambda: _show(doc, "Written"))


@click.command(
    epilog="""\b
Examples:
  INCUMBENT_HOME=/srv/incumbent incumbent restore monday.zip
  incumbent doctor flights"""
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@JSON
def restore(file: str, *, as_json: bool) -> None:
    """Fill an empty ledger, and the store, from a backup.

    Where MLflow has a newer champion than the backup, the next run says so, and
    `incumbent recover SPEC` takes it over.
    """
    with answering(as_json=as_json) as answer, open_state() as (ledger, store):
        from incumbent.gateways import backup as backups

        files = backups.read(Path(file), ledger, store)
        doc = {"file": file, "models": list(ledger.models()), "files": files}
        answer(doc, lambda: _show(doc, "Restored"))


def _show(doc: Mapping[str, Any], done: str) -> None:
    models = ", ".join(doc["models"]) or "no model"
    show.say(f"{done}: {doc['file']}, {doc['files']} files of {models}.")
