"""`incumbent replay`."""

from pathlib import Path
from typing import Any

import click

from incumbent.cli import show
from incumbent.cli.answers import JSON, answering
from incumbent.cli.arguments import OUTPUT, SPEC, plain_path, read_spec, require_path
from incumbent.cli.flow import running
from incumbent.errors import UsageError


@click.command(
    epilog="""\b
Examples:
  incumbent replay spec.yaml january.parquet 'batches/*.parquet'
  incumbent replay spec.yaml january.parquet feb.csv mar.csv --label-delay 1 --json
  incumbent replay spec.yaml january.parquet 'batches/*.parquet' --against careful.yaml"""
)
@SPEC
@click.argument("reference")
@click.argument("batches", nargs=-1, required=True)
@click.option(
    "--label-delay",
    type=click.IntRange(min=0),
    default=0,
    help="After how many more batches the labels of a batch arrive.",
)
@click.option(
    "--against",
    multiple=True,
    metavar="SPEC",
    help="Another spec of the same model, whose own policy becomes a further line; repeatable.",
)
@click.option(
    "--recommend/--no-recommend",
    default=True,
    help="Try other triggers and thresholds in memory, and recommend one. Default: do.",
)
@click.option("--fresh", is_flag=True, help="Begin anew where an earlier replay was stopped.")
@click.option("--picture", type=OUTPUT, help="Draw the replay as a PNG.")
@JSON
def replay(  # noqa: PLR0913 - the options of the command
    spec: str,
    reference: str,
    batches: tuple[str, ...],
    label_delay: int,
    against: tuple[str, ...],
    picture: str | None,
    *,
    recommend: bool,
    fresh: bool,
    as_json: bool,
) -> None:
    """Walk labelled history under never, always, periodic and the spec's own policy.

    REFERENCE trains the first champion: a file, a folder or a quoted pattern of files that are one
    table. BATCHES follow, oldest first; their labels are in the target column, or in the spec's
    `labels`. The walk is in memory: the ledger and the registry in use are not touched. Stopped,
    the same command goes on where it stopped.
    """
    with answering(as_json=as_json) as answer:
        model = read_spec(spec)
        require_path(reference)
        others = _named(against)
        paths = [path for pattern in batches for path in require_path(pattern)]
        from incumbent.report.chart import draw

        with running("replay") as run:
            doc = run(
                model,
                plain_path(reference),
                paths,
                label_delay,
                others,
                recommends=recommend,
                fresh=fresh,
            )
        if picture is not None:
            Path(picture).write_bytes(draw(doc))
        answer(doc, lambda: show.replay(doc))


def _named(specs: tuple[str, ...]) -> dict[str, Any]:
    """Other specs by the stem of their file, which names their line.

    Raises:
        UsageError: Two have the same.
    """
    found = {Path(spec).stem: read_spec(spec) for spec in specs}
    if len(found) < len(specs):
        raise UsageError(
            "Two specs to hold against would have the same name.",
            ", ".join(specs),
            "files of different names",
            "rename one of them",
        )
    return found
