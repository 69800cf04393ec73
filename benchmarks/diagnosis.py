"""Diagnosis: broken batches that are found, and sound or drifted ones that are wrongly blocked.

    python -m benchmarks.diagnosis FOLDER... [--flights FOLDER]

Each history is held against two champions: one trained on its reference, and one trained on its
older half. Every later batch is validated as it is; the first four after each champion are
validated once for each case of `benchmarks.broken_batches` too. Columns and rows are chosen by a
seed that is made of the batch, the champion and the case.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.broken_batches import BROKEN, SOUND, Source
from benchmarks.histories import Tables, histories
from incumbent.data.intake import blocks_of, period_of
from incumbent.data.profile import profile
from incumbent.data.profile.known_rows import known_rows, row_columns
from incumbent.digest import text_digest
from incumbent.records import ModelCard, Outcome, Severity, ValidationReport
from tasks.validation import validate_content

CASES_ON = 4  # batches after each champion that every case is made from
AS_IT_IS = "as it is"


def main() -> None:
    """Print the outcome of every case on every history."""
    parser = argparse.ArgumentParser(description="Faults found, and sound batches blocked.")
    parser.add_argument("folders", nargs="*", type=Path, help="histories with a meta.json")
    parser.add_argument("--flights", type=Path, help="folder of the flights, built if missing")
    given = parser.parse_args()
    told = Console(highlight=False)
    overall = Counter[tuple[str, str]]()
    for tables in histories(given.flights, given.folders):
        told.print(f"{tables.name}: {len(tables.tables) - 1} batches")
        found = Counter[tuple[str, str]]()
        for case, answer in outcomes(tables):
            found[case, answer] += 1
            overall[case, answer] += 1
        print_matrix(told, tables.name, found)
    print_matrix(told, "all", overall)


def outcomes(tables: Tables) -> Iterator[tuple[str, str]]:
    """The case of every batch, and whether it was quarantined, suspected, or let through."""
    spec, count = tables.spec, len(tables.tables)
    for learnt in (1, count // 2):
        training = pd.concat(tables.tables[:learnt], ignore_index=True)
        card = card_of(training, tables)
        for number in range(learnt, count):
            frame = tables.tables[number].drop(columns=spec.target)
            near = number < learnt + CASES_ON
            for name, case in (
                {**SOUND, **BROKEN}.items() if near else [(AS_IT_IS, SOUND[AS_IT_IS])]
            ):
                seed = int(text_digest([tables.name, str(number), str(learnt), name])[:8], 16)
                rng = np.random.default_rng(seed)
                made = case(Source(frame, training, spec, tables.kinds, rng))
                if made is not None:
                    found = validate_content(made, spec, card, datetime.now(UTC)).report
                    yield name, answer_of(found)


def card_of(training: pd.DataFrame, tables: Tables) -> ModelCard:
    """What validation reads of a champion's card: its profile, and the period of its rows."""
    spec, kinds = tables.spec, tables.kinds
    known = profile(training, kinds, None if spec.timestamp is None else blocks_of(training, spec))
    rows = known_rows(training[row_columns(kinds, spec)], spec.id)
    card: Any = SimpleNamespace(
        profile=replace(known, known_rows=rows),
        training=SimpleNamespace(period=period_of(training, spec)),
    )
    return cast("ModelCard", card)


def answer_of(report: ValidationReport) -> str:
    """Quarantined, suspected (scored, and not learnt from), or let through."""
    if report.outcome is Outcome.QUARANTINE:
        return "quarantined"
    suspected = any(f.severity is Severity.SUSPECT for f in report.failures)
    return "suspected" if suspected else "let through"


def print_matrix(told: Console, name: str, found: Counter[tuple[str, str]]) -> None:
    """Broken and sound batches by outcome, and the cases that came out wrong."""
    table = Table(name, "batches", "quarantined", "suspected", "let through", box=None)
    for row, cases in (("broken", BROKEN), ("sound", SOUND), (AS_IT_IS, [AS_IT_IS])):
        counts = [
            sum(found[case, answer] for case in cases)
            for answer in ("quarantined", "suspected", "let through")
        ]
        table.add_row(row, str(sum(counts)), *map(str, counts))
    told.print(table)
    for case in BROKEN:
        through, caught = found[case, "let through"], found[case, "quarantined"]
        if through or found[case, "suspected"]:
            total = through + caught + found[case, "suspected"]
            told.print(f"  {case}: {caught} of {total} quarantined")
    for case in SOUND:
        if found[case, "quarantined"] or found[case, "suspected"]:
            blocked, doubted = found[case, "quarantined"], found[case, "suspected"]
            told.print(f"  {case}: {blocked} quarantined, {doubted} suspected")


if __name__ == "__main__":
    main()
