"""`incumbent train`."""

import click

from incumbent.cli import show
from incumbent.cli.answers import JSON, answering
from incumbent.cli.arguments import SPEC, plain_path, read_spec, require_path
from incumbent.cli.flow import running


@click.command(
    epilog="""\b
Examples:
  incumbent train flights .incumbent/data/flights/reference.parquet
  incumbent train spec.yaml history.csv --json
  incumbent train flights history.csv --lost 4"""
)
@SPEC
@click.argument("data")
@click.option(
    "--lost",
    metavar="VERSION",
    type=click.IntRange(min=1),
    help="The champion, where its files are lost and no former one is left.",
)
@JSON
def train(spec: str, data: str, lost: int | None, *, as_json: bool) -> None:
    """Fit, register and install the first champion on DATA: a labelled file, folder or pattern."""
    with answering(as_json=as_json) as answer:
        model = read_spec(spec)
        require_path(data)
        data = plain_path(data)
        with running("train") as run:
            doc = run(model, data, lost)
        answer(doc, lambda: show.train(doc))
