"""`incumbent skew`."""

from collections.abc import Mapping
from typing import Any

import click

from incumbent.cli import show
from incumbent.cli.answers import JSON, answering

MOST_FEATURES = 40


@click.command(
    epilog="""\b
Examples:
  incumbent skew requests.parquet training.parquet --id request_id
  incumbent skew 'logs/*.parquet' batch.csv --id visit --timestamp at --ignore comment
  incumbent skew served.csv offline.csv --id id --only price --tolerance 1e-4 --json"""
)
@click.argument("serving")
@click.argument("offline")
@click.option("--id", "key", metavar="COL", required=True, help="Column that names a row, in both.")
@click.option("--timestamp", metavar="COL", help="Puts rows in order; it is not compared.")
@click.option("--ignore", metavar="COL", multiple=True, help="Leave this column out.")
@click.option("--only", metavar="COL", multiple=True, help="Compare this column only.")
@click.option(
    "--tolerance", type=float, metavar="X", help="Relative difference of equal numbers (1e-6)."
)
@JSON
def skew(  # noqa: PLR0913 - the options of the command
    serving: str,
    offline: str,
    key: str,
    timestamp: str | None,
    ignore: tuple[str, ...],
    only: tuple[str, ...],
    tolerance: float | None,
    *,
    as_json: bool,
) -> None:
    """Compare rows as they were served with the same rows offline: no server, no model.

    Both are Parquet or CSV: a file, a folder or a quoted pattern. Rows are joined by id and
    compared value by value; what a column holds is read from OFFLINE. Exit code 0 once they are
    compared, with or without a difference.
    """
    with answering(as_json=as_json, stateless=True) as answer:
        from incumbent.api.skew import TOLERANCE
        from incumbent.api.skew import skew as compare

        found = compare(
            serving,
            offline,
            key,
            timestamp,
            ignore=ignore,
            only=only,
            tolerance=TOLERANCE if tolerance is None else tolerance,
        )
        answer(found.doc, lambda: _show(found.doc))


def _show(doc: Mapping[str, Any]) -> None:
    """The features that mismatch, each with its kind and an example."""
    from rich.console import Console
    from rich.table import Column, Table

    from incumbent.report.skew_text import headline, remarks

    show.say(headline(doc))
    features = [found for found in doc["features"] if found["mismatches"]]
    if features:
        names = ("feature", "mismatch", "kind", "evidence", "id: served, offline")
        columns = (Column(name, overflow="fold", no_wrap=name == "mismatch") for name in names)
        table = Table(*columns, box=None)
        for found in features[:MOST_FEATURES]:
            table.add_row(*map(show.cell, _row(found)))
        Console(highlight=False).print("\n", table)
    if (more := len(features) - MOST_FEATURES) > 0:
        show.say(f"... and {more} features more (--json has them all)")
    equal = len(doc["features"]) - len(features)
    show.say(f"\n{equal} of {len(doc['features'])} features are equal in all joined rows")
    for line in remarks(doc):
        show.say(line)


def _row(found: Mapping[str, Any]) -> list[str]:
    from incumbent.report.skew_text import share

    first = found["examples"][0]
    sides = (_written(first[side]) for side in ("serving", "offline"))
    example = f"{first['id']}: {', '.join(sides)}"
    return [found["feature"], share(found), found["kind"], found["evidence"], example]


def _written(value: str | float | None) -> str:
    if value is None:
        return "null"
    return value if isinstance(value, str) else f"{value:.6g}"
