"""`incumbent replay`."""

from pathlib import Path

import click

from incumbent import show
from incumbent.cli.answers import JSON, answering
from incumbent.cli.words import SPEC, read_spec, require_path


@click.command(
    epilog="""\b
Examples:
  incumbent replay spec.yaml january.parquet 'batches/*.parquet'
  incumbent replay spec.yaml january.parquet feb.csv mar.csv --label-delay 1 --json"""
)
@SPEC
@click.argument("reference")
@click.argument("batches", nargs=-1, required=True)
@click.option(
    "--label-delay",
    type=click.IntRange(min=0),
    default=0,
    help="After how many more batches the labels of a batch come.",
)
@click.option("--picture", type=click.Path(dir_okay=False), help="Draw the replay as a PNG.")
@JSON
def replay(
    spec: str,
    reference: str,
    batches: tuple[str, ...],
    label_delay: int,
    picture: str | None,
    *,
    as_json: bool,
) -> None:
    """Walk labelled history under never, always, periodic and the spec's own policy.

    REFERENCE trains the first champion; BATCHES follow, oldest first. State is scratch: the
    ledger and the registry in use are not touched.
    """
    with answering(as_json=as_json) as answer:
        model = read_spec(spec)
        reference = require_path(reference)[0]
        paths = [path for pattern in batches for path in require_path(pattern)]
        from flows import require_server
        from flows.replay import replay as run
        from incumbent.chart import draw

        require_server()
        doc = run(model, reference, paths, label_delay)
        if picture is not None:
            Path(picture).write_bytes(draw(doc))
        answer(doc, lambda: show.policies(doc))
