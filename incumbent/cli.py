"""The command line: reads words, calls a flow, prints one answer, ends with an exit code.

The composition root: the environment is read here, and flows are imported only by the command
that runs them, so that `--help` and `status` stay quick.
"""

import json
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import click

from incumbent import show
from incumbent.errors import IncumbentError, UsageError
from incumbent.params import SAFE_PATH
from incumbent.records import document
from incumbent.settings import Settings, environment_defaults

QUARANTINED = 3
INTERRUPTED = 130
DEPLOYMENTS = Path("prefect.yaml")
DEMO_MODEL = "flights"
DEMO_MARKER = "made-by-demo"
LAST_DECISIONS = 10

JSON = click.option("as_json", "--json", is_flag=True, help="One JSON document on stdout.")
SPEC = click.argument("spec")


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  incumbent demo
  incumbent train flights january.parquet
  incumbent monitor flights
  incumbent status flights""",
)
@click.version_option(package_name="incumbent")
def cli() -> None:
    """Keep the best model you have in production, and prove it.

    SPEC is a model's name (its monitor deployment in prefect.yaml) or a YAML or JSON file
    with the same fields. State lives under .incumbent/, or where INCUMBENT_HOME says.
    """


@cli.command(
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
        from flows import require_server
        from flows.demo import demo as run
        from incumbent.chart import draw

        require_server()
        folder = settings.home / "data" / "flights"
        data = build(folder)
        spec = described.model_copy(
            update={"source": str(data.batches[0].parent / "*.parquet"), "labels": None}
        )
        doc = run(spec, str(folder))
        picture = settings.home / "demo.png"
        picture.write_bytes(draw(doc))
        answer(doc, lambda: show.demo(doc, picture, settings))


@cli.command(
    epilog="""\b
Examples:
  incumbent train flights .incumbent/data/flights/reference.parquet
  incumbent train spec.yaml history.csv --json"""
)
@SPEC
@click.argument("data")
@JSON
def train(spec: str, data: str, *, as_json: bool) -> None:
    """Fit, register and install the first champion on DATA (Parquet or CSV, with labels)."""
    with answering(as_json=as_json) as answer:
        model = read_spec(spec)
        require_path(data)
        data = plain_path(data)
        from flows import require_server
        from flows.train import train as run

        require_server()
        doc = run(model, data)
        answer(doc, lambda: show.train(doc))


@cli.command(
    epilog="""\b
Examples:
  incumbent monitor flights
  incumbent monitor flights 2013-02-01_2013-02-15.parquet --labels labels.parquet
  incumbent monitor spec.yaml new.csv --json"""
)
@SPEC
@click.argument("batch", required=False)
@click.option("--labels", metavar="FILE", help="Labels (id, target) that came apart.")
@JSON
def monitor(spec: str, batch: str | None, labels: str | None, *, as_json: bool) -> None:
    """The whole loop for BATCH, or for all that is new in the spec's source."""
    with answering(as_json=as_json) as answer:
        model = read_spec(spec)
        require_path(batch)
        require_path(labels)
        batch, labels = (p and plain_path(p) for p in (batch, labels))
        from flows import require_server
        from flows.monitor import monitor as run

        require_server()
        docs = run(model, batch, labels)
        single = batch is not None and len(docs) == 1
        answer(docs[0] if single else {"batches": docs}, lambda: show.monitor(docs))
    if any(d["validation"]["outcome"] == "quarantine" for d in docs):
        sys.exit(QUARANTINED)


@cli.command(
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


@cli.command(
    epilog="""\b
Examples:
  incumbent status flights
  incumbent status flights --json"""
)
@SPEC
@JSON
def status(spec: str, *, as_json: bool) -> None:
    """Champion, challenger, and the last decisions."""
    with answering(as_json=as_json) as answer:
        from incumbent.gateways.ledger import Ledger

        name = read_spec(spec).name
        ledger = Ledger(Settings.of(os.environ).database_url)
        ids = {entry.batch.digest: entry.batch.id for entry in ledger.batches(name)}
        doc = {
            "model": name,
            "champion": document(ledger.champion(name)),
            "challenger": document(ledger.challenger(name)),
            "previous": document(ledger.previous(name)),
            "decisions": [
                {"at": d.at.isoformat(), "batch": ids[d.batch_digest], **document(d.decision)}
                for d in ledger.decisions(name, LAST_DECISIONS)
            ],
        }
        answer(doc, lambda: show.status(doc))


@cli.command(
    epilog="""\b
Examples:
  incumbent status flights
  incumbent explain b6661dc8971a4e2c"""
)
@click.argument("decision")
@JSON
def explain(decision: str, *, as_json: bool) -> None:
    """Why DECISION was made, and whether its inputs give the same answer again."""
    with answering(as_json=as_json) as answer:
        from incumbent.decision import decide, stored_inputs
        from incumbent.gateways.ledger import Ledger
        from incumbent.reporting import explanation

        ledger = Ledger(Settings.of(os.environ).database_url)
        stored = ledger.decision(decision)
        if stored is None:
            raise UsageError(
                "The ledger has no such decision.",
                decision,
                "the id of a decision",
                "run `incumbent status SPEC`, which lists the last ones",
            )
        inputs, entry = (
            stored_inputs(stored.inputs),
            ledger.batch(stored.model, stored.batch_digest),
        )
        doc = {
            **document(stored.decision),
            "at": stored.at.isoformat(),
            "same_again": decide(inputs) == stored.decision,
            "text": explanation(stored.decision, inputs, entry.batch.id if entry else ""),
            "inputs": document(inputs),
        }
        answer(doc, lambda: show.explain(doc))


def main() -> None:
    """Run the command line; a mistake of the user's ends without a traceback."""
    for name, value in environment_defaults(Settings.of(os.environ)).items():
        os.environ.setdefault(name, value)
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        _fail(_usage(error))
    except IncumbentError as error:
        _fail(error)


@contextmanager
def answering(*, as_json: bool) -> Iterator[Callable[[Any, Callable[[], None]], None]]:
    """Give a command its way to answer: one JSON document, or a page for people.

    Whatever libraries print on standard output meanwhile goes to standard error.
    """
    stdout = sys.stdout
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


def read_spec(name_or_path: str) -> Any:
    """The spec that a name or a file stands for."""
    from incumbent.gateways import specs

    return specs.read(name_or_path, DEPLOYMENTS)


def require_path(path: str | None) -> tuple[str, ...]:
    """The files of a path or pattern; one that is not there is refused before anything starts."""
    from incumbent.gateways import batches

    return () if path is None else batches.require(plain_path(path))


def plain_path(path: str) -> str:
    """A path as a run takes it: without "..", and of the signs that a form lets through.

    Raises:
        UsageError: It has others.
    """
    plain = path if "://" in path else str(Path(path).resolve())
    if not re.fullmatch(SAFE_PATH, plain):
        raise UsageError(
            "The path has signs that a run does not take.",
            path,
            "letters, digits, spaces and any of _ . / : @ = + * ? [ ] { } ( ) , ~ -",
            "rename the file or its folder",
        )
    return plain


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


def _usage(error: click.ClickException) -> UsageError:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "incumbent"
    return UsageError(
        error.format_message(), " ".join(sys.argv[1:]), "see --help", f"run `{command} --help`"
    )


def _fail(error: IncumbentError) -> None:
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps(error.document(), indent=2) + "\n")
    else:
        show.error(error)
    sys.exit(error.exit_code)
