"""`incumbent retrain`, `promote`, `rollback`, `recover`: change the champion, with a reason."""

import os
from collections.abc import Callable
from contextlib import closing
from typing import Any

import click

from incumbent.cli import show
from incumbent.cli.answers import JSON, answering
from incumbent.cli.arguments import REASON, SPEC, read_spec
from incumbent.cli.flow import running
from incumbent.settings import Settings

CHAMPION = click.option(
    "--champion",
    type=click.IntRange(min=1),
    help="The champion whose place is to be taken; else the one of now.",
)


@click.command(
    epilog="""\b
Examples:
  incumbent retrain flights --reason "new airports since May"
  incumbent retrain flights --reason "new airports since May" --json"""
)
@SPEC
@REASON
@JSON
def retrain(spec: str, reason: str, *, as_json: bool) -> None:
    """Request a retraining by hand; the gate still decides on the challenger."""
    _by_hand("retrain", spec, reason=reason, as_json=as_json, page=lambda doc: show.monitor([doc]))


@click.command(
    epilog="""\b
Examples:
  incumbent status flights
  incumbent promote flights --reason "reviewed by hand, the labels are slow"
  incumbent promote flights --champion 3 --reason "seen beside version 3" """
)
@SPEC
@REASON
@CHAMPION
@JSON
def promote(spec: str, reason: str, champion: int | None, *, as_json: bool) -> None:
    """Promote the challenger that waits for more labels, on the evidence so far.

    With --champion, a request that is repeated is carried out once.
    """
    _by_hand("promote", spec, reason=reason, champion=champion, as_json=as_json)


@click.command(
    epilog="""\b
Examples:
  incumbent rollback flights --reason "complaints since Tuesday"
  incumbent rollback flights --version 3 --reason "the last one before the new feed" """
)
@SPEC
@REASON
@CHAMPION
@click.option(
    "--version",
    type=click.IntRange(min=1),
    help="A former champion; else the last that was not gone back from.",
)
@JSON
def rollback(
    spec: str, reason: str, champion: int | None, version: int | None, *, as_json: bool
) -> None:
    """Return to the previous champion, or to an earlier one.

    A version that was gone back from is chosen by --version alone. With --champion, a request that
    is repeated is carried out once.
    """
    _by_hand("rollback", spec, reason=reason, champion=champion, version=version, as_json=as_json)


@click.command(
    epilog="""\b
Examples:
  incumbent recover flights --reason "the disk with the ledger was lost" """
)
@SPEC
@REASON
@JSON
def recover(spec: str, reason: str, *, as_json: bool) -> None:
    """Take the champion of the registry into a ledger that has lost it."""
    _by_hand("recover", spec, reason=reason, as_json=as_json)


def _by_hand(
    flow: str,
    spec: str,
    *,
    as_json: bool,
    page: Callable[[show.Document], None] = show.promotion,
    **given: Any,
) -> None:
    """Run the flow of this name for a model, and print its document."""
    with answering(as_json=as_json) as answer:
        model = read_spec(spec)
        if "champion" in given and given["champion"] is None:
            given["champion"] = _champion_now(model.name)
        with running(flow) as run:
            doc = run(model, **given)
        answer(doc, lambda: page(doc))


def _champion_now(model: str) -> int:
    """Its number before this command waits for another: what a person has seen."""
    from incumbent.api.champion import require_champion
    from incumbent.gateways.ledger import Ledger

    with closing(Ledger(Settings.of(os.environ).database_url)) as ledger:
        return require_champion(ledger, model).number
