"""`incumbent quarantine list`, `show`, `release` and `discard`: the batches that were set aside."""

from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from incumbent.cli import show as shown
from incumbent.cli.answers import JSON, answering
from incumbent.cli.arguments import REASON, SPEC, checked, read_spec
from incumbent.cli.flow import running
from incumbent.cli.state import open_state
from incumbent.params import BatchName
from incumbent.plain_text import plain, without_secrets

DIGITS = 8  # of a digest, as it is listed
BATCH = click.argument("batch", metavar="ID", callback=checked(BatchName))


@click.group(
    epilog="""\b
Examples:
  incumbent quarantine list flights
  incumbent quarantine show flights 2013-02-01_2013-02-15
  incumbent quarantine release flights 2013-02-01_2013-02-15 --reason "two ids twice, checked"
  incumbent quarantine discard flights 14 --reason "a test delivery" """
)
def quarantine() -> None:
    """The batches that failed a critical rule: their bytes are kept, and a person decides.

    ID is a batch's id, its ordinal, or 8 digits of its digest or more.
    """


@quarantine.command(
    name="list",
    epilog="""\b
Examples:
  incumbent quarantine list flights
  incumbent quarantine list flights --json""",
)
@SPEC
@JSON
def list_(spec: str, *, as_json: bool) -> None:
    """List what is in quarantine, oldest first."""
    with answering(as_json=as_json) as answer, open_state() as (ledger, store):
        from incumbent.api import quarantine as quarantined

        doc = quarantined.listed(ledger, store, read_spec(spec).name)
        answer(doc, lambda: _list(doc))


@quarantine.command(
    epilog="""\b
Examples:
  incumbent quarantine show flights 2013-02-01_2013-02-15
  incumbent quarantine show flights 5f0c2a9b --json"""
)
@SPEC
@BATCH
@JSON
def show(spec: str, batch: str, *, as_json: bool) -> None:
    """Show what is wrong with the batch ID, where its bytes are, and what was decided."""
    with answering(as_json=as_json) as answer, open_state() as (ledger, store):
        from incumbent.api import quarantine as quarantined
        from incumbent.report.reporting import page

        name = read_spec(spec).name
        doc = quarantined.shown(ledger, store, name, batch)
        answer(doc, lambda: _show(name, doc, page(doc) if "decision" in doc else ""))


@quarantine.command(
    epilog="""\b
Examples:
  incumbent quarantine release flights 2013-02-01_2013-02-15 --reason "two ids twice, checked"
  incumbent quarantine release flights 14 --reason "discarded by mistake" --json"""
)
@SPEC
@BATCH
@REASON
@JSON
def release(spec: str, batch: str, reason: str, *, as_json: bool) -> None:
    """Take the batch ID through the loop after all: scored, judged and learnt from.

    It is read from where it was delivered, or from the copy that is kept. A batch that the champion
    cannot read is refused, and stays in quarantine. A discarded batch may be released.
    """
    _order("release", spec, batch, reason, as_json=as_json)


@quarantine.command(
    epilog="""\b
Examples:
  incumbent quarantine discard flights 2013-02-01_2013-02-15 --reason "delivered again as b2"
  incumbent quarantine discard flights 14 --reason "a test delivery" --json"""
)
@SPEC
@BATCH
@REASON
@JSON
def discard(spec: str, batch: str, reason: str, *, as_json: bool) -> None:
    """Mark the batch ID as one that is never scored or learnt from; nothing is deleted.

    `incumbent quarantine release` takes it back, with another reason.
    """
    _order("discard", spec, batch, reason, as_json=as_json)


def _order(action: str, spec: str, batch: str, reason: str, *, as_json: bool) -> None:
    with answering(as_json=as_json) as answer:
        model = read_spec(spec)
        with running("quarantine") as run:
            doc = run(model, batch, action, reason)
        answer(doc, lambda: _ordered(doc))


def _list(doc: Mapping[str, Any]) -> None:
    if not doc["batches"]:
        shown.say(f"{doc['model']}: nothing is in quarantine.")
        return
    table = Table(box=None)
    for name in ("", "batch", "rows", "digest", "arrived", "status", "bytes", "failed"):
        table.add_column(name, overflow="fold")
    for found in doc["batches"]:
        cells = (
            str(found["ordinal"]),
            found["id"],
            f"{found['rows']:,}",
            found["digest"][:DIGITS],
            found["arrived"][:10],
            found["status"],
            "kept" if found["kept"] else "not kept",
            _failed(found["failures"]),
        )
        table.add_row(*map(shown.cell, cells))
    Console(highlight=False).print(table)
    shown.say(f"\nSee one: `incumbent quarantine show {doc['model']} ID`")


def _failed(failures: list[Mapping[str, Any]]) -> str:
    names = [f["expectation"] + (f" on {f['column']}" if f["column"] else "") for f in failures]
    more = len(names) - 1
    return ", ".join(names[:1]) + (f" and {more} more" if more > 0 else "")


def _show(model: str, doc: Mapping[str, Any], page: str) -> None:
    found = doc["quarantine"]
    shown.say(
        f"{plain(found['id'])}: {found['status']}, batch {found['ordinal']} of {model},"
        f" arrived {found['arrived'][:16]}"
    )
    shown.say(f"  SHA-256 {found['digest']}")
    shown.say(f"  delivered at {plain(found['path'])}")
    if kept := found["kept"]:
        size = sum(file["bytes"] for file in kept["files"])
        shown.say(f"  {size:,} bytes kept, in {len(kept['files'])} file(s): {plain(kept['table'])}")
    else:
        shown.say("  its bytes are not kept: its source alone has them")
    if order := found["order"]:
        shown.say(f"  {order['disposal']} ordered {order['at'][:16]}: {plain(order['reason'])}")
    if page:
        shown.validation(doc["validation"])
        _page(page)
    if found["status"] != "handled":
        shown.say(f"\nNext: `incumbent quarantine release {model} ID --reason TEXT`, or `discard`.")


def _page(text: str) -> None:
    """The page of a report, its Markdown as a terminal shows it."""
    from rich.markdown import Markdown

    Console(highlight=False).print("\n", Markdown(without_secrets(text), hyperlinks=False))


def _ordered(doc: Mapping[str, Any]) -> None:
    name, order = plain(doc["batch"]["id"]), doc["order"]
    if not doc["changed"]:
        since = f", since {order['at'][:16]}: {plain(order['reason'])}" if order else ""
        shown.say(f"{name} is {doc['status']} already{since}. Nothing has changed.")
    elif doc["disposal"] == "release":
        shown.monitor([doc["document"]])
    else:
        shown.say(f"{name} is discarded: {plain(order['reason'])}")
