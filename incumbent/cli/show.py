"""Output for the terminal: tables, summaries and next steps."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from incumbent.data.maturity import describe_maturity
from incumbent.errors import IncumbentError
from incumbent.plain_text import plain, plain_lines, without_secrets
from incumbent.records import PooledPoint
from incumbent.replay.policy_name import named_policy
from incumbent.settings import Settings

Document = Mapping[str, Any]

MOST_COLUMNS = 40
MOST_LAGS = 12


def say(text: str) -> None:
    """Lines on the terminal, without secrets and without signs that it would obey."""
    Console(soft_wrap=True, highlight=False).print(escape(without_secrets(plain_lines(text))))


def cell(text: str) -> str:
    """A text from data or a person in one line, which neither rich nor the terminal obeys."""
    return escape(plain(text))


def error(problem: IncumbentError) -> None:
    """An error on standard error: what, observed, allowed, next."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(f"[bold red]Error[/] {cell(problem.what)}")
    console.print(f"  observed: {cell(problem.observed)}")
    console.print(f"  allowed:  {cell(problem.allowed)}")
    console.print(f"  next:     {cell(problem.next_step)}")


def train(doc: Document) -> None:
    """The first champion and its baseline."""
    threshold = "" if doc["threshold"] is None else f", decision threshold {doc['threshold']:.3f}"
    say(
        f"Version {doc['version']} of {doc['model']} is the champion:"
        f" {_name(doc['metric_name'])} {doc['metric']:.4f} on the held-out tail"
        f" of {doc['rows']} rows{threshold}."
    )


def monitor(docs: Sequence[Document]) -> None:
    """A paragraph for each batch."""
    if not docs:
        say("Nothing new.")
    for doc in docs:
        batch, decision = doc["batch"], doc["decision"]
        again = " (handled before)" if doc["duplicate"] else ""
        say(f"{batch['id']}: {batch['rows']} rows{again}, decision {decision['action']}")
        validation(doc["validation"])
        for reason in decision["reasons"]:
            say(f"  {reason['signal']}: {reason['text']}")
        if (harm := doc["harm"]) and harm["conflicts"]:
            say(f"  labels: {harm['conflicts']} ids have two different ones, and are left out")
        if (skew := doc["skew"]) and (given := skew["answers"]) and given["mismatches"]:
            say(
                f"  answers: {given['mismatches']} of {given['rows']} logged are not the champion's"
            )
        for reason in decision["blocked"]:
            say(f"  blocked by {reason['signal']}: {reason['text']}")
        if doc["verdict"]:
            before, after = doc["champion"]["version_before"], doc["champion"]["version_after"]
            say(f"  verdict {doc['verdict']['verdict']}: champion v{before} -> v{after}")


def validation(found: Document) -> None:
    """A line for each failed expectation, and one where a person has released the batch."""
    if reason := found.get("released"):
        say(f"  released from quarantine: {plain(reason)}")
    for failure in found["failures"]:
        column = f" on {failure['column']}" if failure["column"] else ""
        found_there = f"{failure['observed']}, expected {failure['expected']}"
        line = f"{failure['severity']}: {failure['expectation']}{column}: {found_there}"
        say(f"  {plain(line)}")


def promotion(doc: Document) -> None:
    """A change of champion, with its reason."""
    before, after = doc["champion"]["version_before"], doc["champion"]["version_after"]
    instead = "" if before is None else f", in place of version {before}"
    say(f"{doc['model']}: version {after} is the champion{instead}.")
    say(f"Reason: {doc['reason']}")


def status(doc: Document) -> None:
    """The champion, and the last decisions."""
    versions = {k: doc[k]["number"] for k in ("champion", "challenger", "previous") if doc[k]}
    holders = ", ".join(f"{role} v{number}" for role, number in versions.items())
    say(f"{doc['model']}: {holders or 'no champion yet'}")
    if count := doc["quarantined"]:
        batches = f"{count} batch{' is' if count == 1 else 'es are'}"
        say(f"{batches} in quarantine: `incumbent quarantine list {doc['model']}`")
    for d in doc["decisions"]:
        say(f"\n{d['batch']}  {d['action']}  (decision {d['id']}, {d['at'][:16]})")
        for reason in (*d["reasons"], *d["blocked"]):
            say(f"  {reason['signal']}: {reason['text']}")
    if doc["maturity"]:
        _maturity([PooledPoint(**point) for point in doc["maturity"]])


def _maturity(points: Sequence[PooledPoint]) -> None:
    table = Table("batches later", "labels in", "batches", box=None)
    for point in points[:MOST_LAGS]:
        table.add_row(str(point.batches_later), f"{point.share:.1%}", str(point.batches))
    say(f"\n{describe_maturity(points)}")
    Console(highlight=False).print(table)
    say(
        "0 batches later: with the batch, or before the next. Each line counts only batches older"
        " than that, since younger ones may still get labels: from line to line they differ."
    )


def explain(doc: Document) -> None:
    """A decision as a paragraph, and whether recomputing it gives the same result."""
    say(doc["text"])
    again = "give the same decision" if doc["same_again"] else "DO NOT give the same decision"
    say(f"\nMade again now, its inputs {again}.")


def policies(doc: Document) -> None:
    """A table of all policies."""
    metric = _name(doc["metric_name"])
    table = Table(
        "policy",
        metric,
        "regret",
        "trainings",
        "fits",
        "fit seconds",
        "promoted",
        "refused",
        box=None,
    )
    for name, p in doc["policies"].items():
        numbers = (
            p["trainings"],
            p["fits"],
            f"{p['fit_seconds']:.1f}",
            p["promotions"],
            p["refusals"],
        )
        losses = ("" if p[key] is None else f"{p[key]:.4f}" for key in ("metric", "regret"))
        table.add_row(cell(name), *losses, *map(str, numbers))
        if name in _late(doc):
            table.add_row("  at once", f"{doc['delay'][name]['at_once']:.4f}")
    Console().print("\n", table)


def replay(doc: Document) -> None:
    """All policies, the cost of late labels, and the recommendation."""
    policies(doc)
    late, metric = _late(doc), _name(doc["metric_name"])
    if late:
        batches = doc["delay"]["batches"]
        costs = (f"{name} {_cost(doc['delay'][name])}" for name in late)
        by = f"{batches} batch{'es' if batches > 1 else ''} late"
        say(f"\nLabels that arrive {by} cost {' and '.join(costs)} of {metric}.")
    if doc["recommendation"]:
        _recommendation(doc["recommendation"], metric)


def _recommendation(found: Mapping[str, Any], metric: str) -> None:
    names = "policy", metric, "trainings", "value", "older", "newer"
    table = Table(*names, box=None)
    for policy in found["evidence"]:
        named = named_policy(policy["trigger"], policy["settings"]).removeprefix("trigger: ")
        own = "" if policy["settings"] else " (the spec)"
        numbers = [policy[key] for key in ("metric", "value", "first_half", "second_half")]
        loss, *values = ("" if number is None else f"{number:.4f}" for number in numbers)
        table.add_row(cell(named + own), loss, str(policy["trainings"]), *values)
    Console(highlight=False).print("\n", table)
    say(f"\nValue: {found['criterion']}; older and newer half of the batches.\n{found['text']}.")


def _late(doc: Document) -> list[str]:
    """The policies whose loss with immediate labels is known."""
    found = doc.get("delay") or {}
    return [name for name in found if name in doc["policies"] and found[name]["cost"] is not None]


def _cost(found: Mapping[str, float]) -> str:
    share = f" ({found['cost'] / found['at_once']:+.1%})" if found["at_once"] else ""
    return f"{found['cost']:+.4f}{share}"


def demo(doc: Document, picture: Path, settings: Settings) -> None:
    """All policies, the picture, and the next commands."""
    policies(doc)
    prefect = settings.home / "prefect"
    say(f"\nPicture:  {picture}")
    say("Status:   incumbent status flights")
    say(f"MLflow:   mlflow ui --backend-store-uri {settings.tracking_uri}")
    say(f"Prefect:  PREFECT_HOME={prefect} prefect server start")


def drift(doc: Document) -> None:
    """The drift of each column with its null; the columns in alarm first."""
    rows, score = doc["rows"], "" if doc["score"] is None else f", mean distance {doc['score']:.3f}"
    verdict = "DRIFT" if doc["alarm"] else "no drift"
    say(
        f"{rows['batch']} rows beside {rows['reference']} of the reference:"
        f" {verdict}{score} ({doc['null_quality']})"
    )
    table = Table("column", "distance", "normal", "q", "reference", "batch", "moved", box=None)
    for column in doc["columns"][:MOST_COLUMNS]:
        table.add_row(*_drift_row(column), style="bold red" if column["alarm"] else None)
    Console(highlight=False).print("\n", table)
    if (more := len(doc["columns"]) - MOST_COLUMNS) > 0:
        say(f"... and {more} columns more (--json has them all)")
    for group in doc["together"]:
        say(f"moved together: {_some(group)}")
    if (domain := doc.get("domain")) and domain["auc"] is not None:
        told = "can be told apart" if domain["alarm"] else "cannot be told apart"
        null = "" if domain["null"] is None else f", windows of the reference {domain['null']:.2f}"
        say(f"all columns together: rows {told} (AUC {domain['auc']:.2f}{null})")
    for reason in sorted(set(doc["left_out"].values())):
        names = [name for name, why in doc["left_out"].items() if why == reason]
        say(f"left out, {reason}: {_some(names)}")


def _drift_row(column: Mapping[str, Any]) -> list[str]:
    lines, numbers = column.get("sparklines") or {}, ("distance", "null_quantile", "q")
    known = ["" if column[n] is None else f"{column[n]:.3g}" for n in numbers]
    moved = "; ".join(column["moved"]) or ("" if column["distance"] is not None else "no answer")
    words = [column["column"], *known, lines.get("reference", ""), lines.get("batch", ""), moved]
    return [cell(word) for word in words]


def _some(names: Sequence[str], most: int = 10) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _name(metric: str) -> str:
    return metric.replace("_", " ")
