"""`incumbent drift`."""

from pathlib import Path
from typing import Any

import click

from incumbent.cli import show
from incumbent.cli.answers import JSON, answering
from incumbent.cli.arguments import OUTPUT


@click.command(
    epilog="""\b
Examples:
  incumbent drift january.parquet february.parquet --timestamp at
  incumbent drift reference.csv batch.csv --ignore comment --html drift.html
  incumbent drift reference.profile.arrow batch.parquet --json"""
)
@click.argument("reference")
@click.argument("batch")
@click.option("--timestamp", metavar="COL", help="Rows of one day share their noise.")
@click.option("--ignore", metavar="COL", multiple=True, help="Leave this column out.")
@click.option("--only", metavar="COL", multiple=True, help="Compare this column only.")
@click.option("--domain", is_flag=True, help="Ask a classifier to tell the two apart, too.")
@click.option("--html", type=OUTPUT, help="Write the report as a page.")
@click.option("--profile", type=OUTPUT, help="Store the reference's profile in this file.")
@JSON
def drift(  # noqa: PLR0913 - the options of the command
    reference: str,
    batch: str,
    timestamp: str | None,
    ignore: tuple[str, ...],
    only: tuple[str, ...],
    html: str | None,
    profile: str | None,
    *,
    domain: bool,
    as_json: bool,
) -> None:
    """Compare BATCH with REFERENCE, column by column: no server, no model.

    Both are Parquet or CSV: a file, a folder or a quoted pattern; REFERENCE may be a stored profile
    (.arrow). Columns that name rows are left out and listed.
    """
    with answering(as_json=as_json, stateless=True) as answer:
        from incumbent.api.comparison import compare, open_reference
        from incumbent.gateways.sources.table import open_table

        if domain:
            from incumbent.cli.domain import check_domain, require_rows

            require_rows(reference)
        table = open_table(batch)
        known = open_reference(reference, timestamp, ignore, only)
        if profile is not None:
            from incumbent.gateways import profiles

            Path(profile).write_bytes(profiles.write(known.profile))
        title = f"{Path(batch).name} and {Path(reference).name}"
        compared = compare(known, table, timestamp, title)
        if domain:
            from incumbent.records import document

            found = check_domain(reference, batch, compared.reference, timestamp)
            compared.doc["domain"] = document(found)
        if html is not None:
            Path(html).write_text(compared.page(), encoding="utf-8")
        answer(compared.doc, lambda: _show(compared.doc, compared.drawn()))


def _show(doc: dict[str, Any], drawn: dict[str, Any]) -> None:
    from incumbent.report.histogram import sparklines

    columns = [
        {**c, "sparklines": sparklines(drawn[c["column"]])} if c["column"] in drawn else c
        for c in doc["columns"]
    ]
    show.drift({**doc, "columns": columns})
