"""`incumbent status` and `incumbent explain`: the state in the ledger."""

import os

import click

from incumbent.cli import show
from incumbent.cli.answers import JSON, answering
from incumbent.cli.arguments import SPEC, read_spec
from incumbent.errors import UsageError
from incumbent.records import document
from incumbent.settings import Settings

LAST_DECISIONS = 10
LAST_BATCHES = 50  # in the maturity curve


@click.command(
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
        from incumbent.api.quarantine import waiting
        from incumbent.data.maturity import cohorts, pooled
        from incumbent.gateways.ledger import Ledger

        name = read_spec(spec).name
        ledger = Ledger(Settings.of(os.environ).database_url)
        entries = ledger.batches(name)
        ids = {entry.batch.digest: entry.batch.id for entry in entries}
        newest = entries[-1].ordinal if entries else 0
        doc = {
            "model": name,
            "champion": document(ledger.champion(name)),
            "challenger": document(ledger.challenger(name)),
            "previous": document(ledger.previous(name)),
            "quarantined": len(waiting(entries)),
            "decisions": [
                {"at": d.at.isoformat(), "batch": ids[d.batch_digest], **document(d.decision)}
                for d in ledger.decisions(name, LAST_DECISIONS)
            ],
            "maturity": document(pooled(cohorts(ledger.documented(name, LAST_BATCHES), newest))),
        }
        answer(doc, lambda: show.status(doc))


@click.command(
    epilog="""\b
Examples:
  incumbent status flights
  incumbent explain b6661dc8971a4e2c"""
)
@click.argument("decision")
@JSON
def explain(decision: str, *, as_json: bool) -> None:
    """Why DECISION was made, and whether recomputing it gives the same result."""
    with answering(as_json=as_json) as answer:
        from incumbent.gateways.ledger import Ledger
        from incumbent.policy.decision import decide, stored_inputs
        from incumbent.report.explanation import explanation

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
