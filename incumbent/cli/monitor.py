"""`incumbent monitor`."""

import sys
from collections.abc import Sequence

import click

from incumbent.cli import show
from incumbent.cli.answers import JSON, answering
from incumbent.cli.arguments import SPEC, plain_path, read_spec, require_path
from incumbent.cli.flow import running

QUARANTINED = 3


@click.command(
    epilog="""\b
Examples:
  incumbent monitor flights
  incumbent monitor flights 2013-02-01_2013-02-15.parquet --labels labels.parquet
  incumbent monitor spec.yaml new.csv --json"""
)
@SPEC
@click.argument("batch", required=False)
@click.option("--labels", metavar="FILE", help="Labels (id, target) in a file of their own.")
@JSON
def monitor(spec: str, batch: str | None, labels: str | None, *, as_json: bool) -> None:
    """Run the whole loop for BATCH, or for everything new in the spec's source."""
    with answering(as_json=as_json) as answer:
        model = read_spec(spec)
        require_path(batch)
        require_path(labels)
        batch, labels = (p and plain_path(p) for p in (batch, labels))
        with running("monitor") as run:
            docs = run(model, batch, labels)
        single = batch is not None and len(docs) == 1
        quarantined = any(d["validation"]["outcome"] == "quarantine" for d in docs)
        answer(
            docs[0] if single else {"batches": docs},
            lambda: _show(docs, model.name, quarantined=quarantined),
        )
    if quarantined:
        sys.exit(QUARANTINED)


def _show(docs: Sequence[show.Document], model: str, *, quarantined: bool) -> None:
    show.monitor(docs)
    if quarantined:
        show.say(f"See `incumbent quarantine list {model}`: release such a batch, or discard it.")
