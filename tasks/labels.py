"""Labels: read once per run, kept by batch, joined by id whenever they arrive."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import pandas as pd
from prefect import task

from incumbent.data.label_domain import domain_of
from incumbent.data.labels import join, newest_deliveries, why_unmatched
from incumbent.data.maturity import maturity
from incumbent.errors import IntegrityError, UnreadableError, UsageError
from incumbent.gateways import sources
from incumbent.gateways.ledger import ReadFile
from incumbent.log import warn
from incumbent.params import ModelSpec
from incumbent.records import BatchEntry, Findings, LabelArrival, Predictions
from tasks.champion import read_champion
from tasks.gateways import OUTSIDE, Gateways
from tasks.intake import Arrival, unknown_files
from tasks.label_tables import NO_BATCH, LabelTable, read_labels, table_of, usable
from tasks.stored import scored_predictions


@task(name="labels", **OUTSIDE)
def collect_labels(gateways: Gateways, spec: ModelSpec, labels: str | None) -> list[LabelTable]:
    """The label file that is asked for, or every one that the spec's pattern finds.

    One of the pattern's that cannot be used is left for the next run, with a warning in the log.
    """
    if labels is not None and spec.id is None:
        raise UsageError(
            "Labels in files of their own are joined by id, and the spec names no id.",
            f"--labels {labels}, id: none",
            "an id column, or the target in the batch itself",
            "name the id column in the spec",
        )
    if labels is not None:
        stamps = sources.stamped(labels)
        named = {path: read_labels(path, spec) for path in sources.require(labels)}
        return [_seen(gateways, spec, table, stamps.get(path)) for path, table in named.items()]
    found = unknown_files(gateways, spec, spec.labels) if spec.labels else {}
    tables = ((usable(partial(read_labels, path, spec)), stamp) for path, stamp in found.items())
    return [_seen(gateways, spec, table, stamp) for table, stamp in tables if table is not None]


def settle_labels(
    gateways: Gateways, spec: ModelSpec, tables: Iterable[LabelTable], *, all_batches: bool
) -> None:
    """Note the files whose labels have all found their rows: they need not be read again.

    A file with a label whose row has not arrived is read again by the next run, and its rows are
    looked for in newer batches alone.

    Args:
        gateways: Where batches and labels are known.
        spec: The model.
        tables: The labels that have arrived.
        all_batches: Whether their rows were looked for in every batch.
    """
    newest = gateways.ledger.documented(spec.name, 1)
    for table in tables:
        if table.stamp is None or table.batch is not None:
            continue
        ids = table.table["id"]
        for batch in gateways.ledger.scored_by_labels(spec.name, table.digest):
            entry = gateways.ledger.batch(spec.name, batch)
            predictions = entry and scored_predictions(gateways, spec, entry)
            ids = ids[~ids.isin(predictions.ids)] if predictions else ids
        if len(ids) == len(table.table) and len(ids) and table.until is None:
            _warn_of_strangers(gateways, spec, table)
        until = newest[0].ordinal if newest and len(ids) else None
        if ids.empty or (all_batches and until is not None):
            file = ReadFile(table.path, table.stamp, table.digest, until)
            gateways.ledger.record_file(spec.name, file)


def _warn_of_strangers(gateways: Gateways, spec: ModelSpec, table: LabelTable) -> None:
    """Say once that no label has found a row, beside ids of the newest batch that was scored."""
    newest = next(iter(gateways.ledger.handled_newest_first(spec.name)), None)
    predictions = newest and scored_predictions(gateways, spec, newest)
    if predictions:
        hidden = spec.id in spec.sensitive
        why = "ids differ" if hidden else why_unmatched(table.table["id"], predictions.ids)
        warn("no label of %s has found its row: %s", sources.stem(table.path), why)


def labels_within(arrival: Arrival, spec: ModelSpec) -> list[LabelTable]:
    """The labels in the target column of a batch itself, where there are any to be used."""
    raw, batch = arrival.content, arrival.entry.batch
    needed = {spec.target, spec.id or spec.target}
    if isinstance(raw, UnreadableError) or not needed <= set(raw.columns):
        return []
    table = usable(partial(table_of, batch.path, raw, spec, batch.digest))
    return [table] if table else []


def keep_labels(
    gateways: Gateways,
    spec: ModelSpec,
    entry: BatchEntry,
    predictions: Predictions,
    tables: Iterable[LabelTable],
) -> dict[str, str]:
    """Keep the labels of a batch that were not judged yet: digest to path of each arrival.

    They count as judged only when the batch is reported: a run that breaks off before leaves
    them to the next.
    """
    digest, arrived = entry.batch.digest, {}
    arrivals = gateways.ledger.arrivals(spec.name, digest)
    judged, newest = {a.digest for a in arrivals}, {a.path: a.digest for a in arrivals}
    for table in tables:
        held = newest.get(table.path, table.digest)  # a file may go back to what it said before
        known = table.digest in judged and (held == table.digest or digest in table.counted)
        if known or table.batch not in {None, digest}:
            continue
        rows = table.table[table.table["id"].isin(predictions.ids)]
        if rows.empty:
            continue
        _write(gateways, spec, digest, table, rows)
        arrived[table.digest] = table.path
        table.counted.add(digest)
    return arrived


def find_late(
    gateways: Gateways, spec: ModelSpec, tables: list[LabelTable], only: list[BatchEntry] | None
) -> list[tuple[BatchEntry, dict[str, str]]]:
    """Batches handled before whose labels have arrived alone, oldest first, with these arrivals.

    Args:
        gateways: Where batches and labels are known.
        spec: The model.
        tables: The labels that have arrived.
        only: Look at these batches alone.
    """
    if not tables:
        return []
    waiting = {t: t.table["id"] for t in tables if t.batch is None}
    own, found = {t.batch: t for t in tables if t.batch is not None}, []
    handled = gateways.ledger.handled_newest_first(spec.name)
    for entry in handled if only is None else only[::-1]:
        waiting = {t: ids for t, ids in waiting.items() if len(ids) and _newer(entry, t)}
        if not waiting and not own:
            break
        within = own.pop(entry.batch.digest, None)
        asked = [*waiting, *([within] if within else [])]
        predictions = scored_predictions(gateways, spec, entry) if asked else None
        if predictions is None:
            continue
        if arrived := keep_labels(gateways, spec, entry, predictions, asked):
            found.append((entry, arrived))
        waiting = {t: ids[~ids.isin(predictions.ids)] for t, ids in waiting.items()}
    return found[::-1]


def _write(
    gateways: Gateways, spec: ModelSpec, batch: str, table: LabelTable, rows: pd.DataFrame
) -> None:
    ids = rows["id"].to_numpy(object)
    arrival = LabelArrival(table.digest, table.path)
    gateways.predictions.write_labels(spec.name, batch, arrival, ids, rows["label"])


def _seen(gateways: Gateways, spec: ModelSpec, table: LabelTable, stamp: str | None) -> LabelTable:
    """Labels with what is known of their file; what it holds now is noted before it is judged."""
    if stamp is None:
        return table
    until = gateways.ledger.looked_until(spec.name, table.path, stamp)
    if until is None:
        file = ReadFile(table.path, stamp, table.digest, NO_BATCH)
        gateways.ledger.record_file(spec.name, file)
    return replace(table, stamp=stamp, until=until)


def _newer(entry: BatchEntry, table: LabelTable) -> bool:
    """Whether a batch was not looked at before for the rows of some labels."""
    return table.until is None or entry.ordinal > table.until


def with_maturity(gateways: Gateways, spec: ModelSpec, findings: Findings) -> Findings:
    """The findings with the maturity of the labels; unchanged where the batch was not scored.

    The time of an arrival is when it was first recorded; one that was never is coming now.
    """
    predictions, batch = findings.predictions, findings.entry.batch
    if predictions is None:
        return findings
    labels = _all_labels(gateways, spec, batch.digest)  # from the first arrival of each
    later = gateways.ledger.batches_later(spec.name, batch.digest, set(labels["arrival"]))
    domain = domain_of(read_champion(gateways, spec).model.card, spec)
    labelled = join(predictions, _newest(gateways, spec, batch.digest, labels), domain)
    return replace(findings, maturity=maturity(labelled, labels, later, batch.rows))


def stored_labels(gateways: Gateways, spec: ModelSpec, batch: str) -> pd.DataFrame:
    """The labels that hold for a batch: a later delivery replaces an earlier one, id by id.

    Those of a damaged file are read from their source.

    Raises:
        IntegrityError: A damaged file cannot be made again: its source has changed, or is gone.
    """
    return _newest(gateways, spec, batch, _all_labels(gateways, spec, batch))


def _all_labels(gateways: Gateways, spec: ModelSpec, batch: str) -> pd.DataFrame:
    """Every label that has arrived for a batch, those that were replaced included."""
    try:
        return gateways.predictions.read_labels(spec.name, batch)
    except IntegrityError as error:
        warn("read from where they arrived: %s", error)
        _write_again(gateways, spec, batch)
        return gateways.predictions.read_labels(spec.name, batch)


def _newest(gateways: Gateways, spec: ModelSpec, batch: str, labels: pd.DataFrame) -> pd.DataFrame:
    if labels["arrival"].unique().size <= 1:  # nothing is asked of the ledger
        return labels
    order = [arrival.digest for arrival in gateways.ledger.arrivals(spec.name, batch)]
    now = gateways.ledger.contents(spec.name, labels["path"].unique().tolist())
    return newest_deliveries(labels, order, now)


def _write_again(gateways: Gateways, spec: ModelSpec, batch: str) -> None:
    for arrival in gateways.ledger.arrivals(spec.name, batch):
        table = usable(partial(read_labels, arrival.path, spec))
        if table is not None and table.digest == arrival.digest:
            _write(gateways, spec, batch, table, table.table)
