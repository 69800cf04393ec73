"""`incumbent demo`."""

import os

import click

from incumbent.cli import show
from incumbent.cli.answers import JSON, answering
from incumbent.cli.arguments import read_spec
from incumbent.cli.flow import running
from incumbent.errors import UsageError
from incumbent.settings import Settings

DEMO_MODEL = "flights"
DEMO_MARKER = "made-by-demo"


@click.command(
    epilog="""\b
Examples:
  incumbent demo
  incumbent demo --json > demo.json"""
)
@JSON
def demo(*, as_json: bool) -> None:
    """A year of real flights: a model decays, is retrained, shadowed and promoted."""
    settings = Settings.of(os.environ)
    with answering(as_json=as_json) as answer:
        described = read_spec(DEMO_MODEL)
        _forget_earlier_demo(settings)
        from examples.flights import build
        from incumbent.report.chart import draw

        folder = settings.home / "data" / "flights"
        with running("demo") as run:
            data = build(folder)
            spec = described.model_copy(
                update={"source": str(data.batches[0].parent / "*.parquet"), "labels": None}
            )
            doc = run(spec, str(folder))
        picture = settings.home / "demo.png"
        picture.write_bytes(draw(doc))
        answer(doc, lambda: show.demo(doc, picture, settings))


def _forget_earlier_demo(settings: Settings) -> None:
    """Start the demo from nothing; state that no demo has made is not touched."""
    from incumbent.gateways.ledger import Ledger

    marker, ledger = settings.home / DEMO_MARKER, Ledger(settings.database_url)
    models = ledger.models()
    ledger.close()
    made_by_demo = not models or (marker.exists() and set(models) == {DEMO_MODEL})
    if not (settings.embedded and made_by_demo):
        raise UsageError(
            "The demo starts from nothing, and there is state that no demo has made.",
            f"models {', '.join(models) or 'none'} at {settings.database_url}",
            "an embedded home that is empty, or holds an earlier demo",
            "run `INCUMBENT_HOME=.incumbent-demo incumbent demo`",
        )
    settings.forget(DEMO_MODEL)
    marker.touch()
