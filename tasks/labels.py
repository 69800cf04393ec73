"""Labels: read once per run, kept by batch, joined by id whenever they come."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd
from prefect import task

from incumbent.digest import table_digest
from incumbent.errors import UnreadableError
from incumbent.gateways import batches
from incumbent.labels import labels_of
from incumbent.params import ModelSpec
from incumbent.records import BatchEntry, BatchStatus, Predictions
from tasks.doors import OUTSIDE, Doors
from tasks.intake import Arrival


@dataclass(frozen=True)
class LabelTable:
    """Labels that came together: columns `id` and `label`, known by their digest."""

    path: str
    digest: str
    table: pd.DataFrame


@task(name="labels", **OUTSIDE)
def collect_labels(spec: ModelSpec, labels: str | None) -> tuple[LabelTable, ...]:
    """Every label file that is asked for, or that the spec's pattern finds."""
    if labels is not None:
        paths = batches.require(labels)
    else:
        paths = batches.find(spec.labels) if spec.labels else ()
    return tuple(_read(path, spec) for path in paths)


def labels_within(arrival: Arrival, spec: ModelSpec) -> tuple[LabelTable, ...]:
    """The labels in the target column of a batch itself, where there are any."""
    raw = arrival.content
    needed = {spec.target, spec.id or spec.target}
    if isinstance(raw, UnreadableError) or not needed <= set(raw.columns):
        return ()
    return (_table(arrival.entry.batch.path, raw, spec),)


def keep_labels(
    doors: Doors,
    spec: ModelSpec,
    entry: BatchEntry,
    predictions: Predictions,
    tables: Iterable[LabelTable],
) -> bool:
    """Keep what is new among the labels of a batch; True where there was something new."""
    known = set(doors.predictions.read_labels(spec.name, entry.batch.digest)["arrival"])
    came = False
    for table in tables:
        ours = table.table["id"].isin(predictions.ids).to_numpy()
        if table.digest in known or not ours.any():
            continue
        rows = table.table[ours]
        doors.predictions.write_labels(
            spec.name, entry.batch.digest, table.digest, rows["id"].to_numpy(object), rows["label"]
        )
        doors.ledger.record_labels(
            spec.name, table.digest, table.path, [entry.batch.digest], {}, datetime.now(UTC)
        )
        came = True
    return came


def find_late(
    doors: Doors, spec: ModelSpec, tables: list[LabelTable], only: BatchEntry | None
) -> tuple[BatchEntry, ...]:
    """Batches handled before whose labels have come alone, oldest first.

    Args:
        doors: Where batches and labels are known.
        spec: The model.
        tables: The labels that have come.
        only: Look at this batch alone.
    """
    waiting = pd.Index(pd.concat([t.table["id"] for t in tables])) if tables else pd.Index([])
    found = []
    handled = doors.ledger.batches(spec.name, status=BatchStatus.HANDLED)
    for entry in [only] if only else reversed(handled):
        predictions = None if waiting.empty else scored_predictions(doors, spec, entry)
        if predictions is None:
            continue
        if keep_labels(doors, spec, entry, predictions, tables):
            found.append(entry)
        waiting = waiting[~waiting.isin(predictions.ids)]
    return tuple(reversed(found))


def scored_predictions(doors: Doors, spec: ModelSpec, entry: BatchEntry) -> Predictions | None:
    """What the champion of its time said of a batch; None for one that was not scored."""
    stored = doors.ledger.batch(spec.name, entry.batch.digest)
    if stored is None or stored.status is BatchStatus.QUARANTINED:
        return None
    if stored.document is not None:
        number = stored.document["champion"]["version_before"]
        return doors.predictions.read(spec.name, entry.batch.digest, number)
    champion = doors.ledger.champion(spec.name)
    number = champion.number if champion else 0
    return doors.predictions.read(spec.name, entry.batch.digest, number)


def _read(path: str, spec: ModelSpec) -> LabelTable:
    raw = batches.read(path)
    missing = [c for c in (spec.id, spec.target) if c is not None and c not in raw]
    if missing:
        raise UnreadableError(
            f"Label file {batches.stem(path)!r} lacks columns.",
            f"columns {list(raw.columns)[:10]}",
            f"columns {spec.id!r} and {spec.target!r}",
            "mend the file, or `id` and `target` in the spec",
        )
    return _table(path, raw, spec)


def _table(path: str, raw: pd.DataFrame, spec: ModelSpec) -> LabelTable:
    table = labels_of(raw, spec)
    return LabelTable(path, table_digest(table), table)
