"""Replay: the history read for the other policies, and a line per batch while it runs."""

from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from incumbent.gateways import batches
from incumbent.intake import canonical, kinds_of
from incumbent.params import ModelSpec
from incumbent.replay import History, loss_of

LINE = "{:<23} {:>6} {:>6}  {:>7} {:>9} {:>7}  {:<8} {}"


def open_history(spec: ModelSpec, reference: Path) -> History:
    """The history that starts with the training data of the first champion."""
    raw = batches.read(str(reference))
    kinds = kinds_of(raw, spec)
    return History(spec, kinds, canonical(raw, spec, kinds))


def read_labelled(history: History, batch: Path, labels: Path) -> pd.DataFrame:
    """A batch with its labels, canonical."""
    spec = history.spec
    raw = batches.read(str(batch)).merge(batches.read(str(labels)), on=spec.id, how="inner")
    return canonical(raw, spec, history.kinds)


def tell_start(reference: Path) -> None:
    """Say what comes, and name the columns of the lines."""
    console().print(f"Training the first champion on {reference.stem} ...", highlight=False)
    head = LINE.format(
        "batch", "rows", "drift", "never", "incumbent", "always", "decision", "verdict"
    )
    console().print(head, style="bold", highlight=False)


def tell_batch(doc: dict[str, Any], never: float, always: float) -> None:
    """A line about a batch that has just been handled."""
    drift, verdict = doc["drift"], doc["verdict"]
    line = LINE.format(
        doc["batch"]["id"],
        doc["batch"]["rows"],
        "-" if drift is None else f"{drift['score']:.3f}",
        f"{never:.4f}",
        f"{loss_of(doc):.4f}",
        f"{always:.4f}",
        doc["decision"]["action"],
        "" if verdict is None else f"{verdict['verdict']} v{doc['champion']['version_after']}",
    )
    console().print(line, highlight=False)


def console() -> Console:
    """Standard output, wherever the caller has it lead."""
    return Console(soft_wrap=True)
