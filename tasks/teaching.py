"""Lessons: the labelled rows of batches that a model may learn from, and be judged on."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from incumbent.data.intake import canonical
from incumbent.data.labels import join
from incumbent.data.profile import kinds_in
from incumbent.errors import IntegrityError
from incumbent.monitoring.harm import UNRELATED
from incumbent.monitoring.label_faults import MOST_SUSPECTS
from incumbent.params import ModelSpec, Task
from incumbent.records import BatchEntry, BatchStatus, Champion
from tasks.gateways import LOGGER, Gateways
from tasks.intake import read_again
from tasks.labels import scored_predictions

SUSPECT = {UNRELATED}  # faults that a changed world has as well


def labelled_rows(
    gateways: Gateways, spec: ModelSpec, champion: Champion, entry: BatchEntry
) -> pd.DataFrame:
    """The rows of the newest batch that may be learnt from, with the labels that it has by now.

    Rows that the expectations exclude are left out, and ids whose labels disagree. Its file is
    read once, whatever is asked of it.
    """
    key = entry.batch.digest, champion.version
    if key not in gateways.tables:
        table = _read(spec, champion, entry)
        gateways.tables.clear()
        gateways.tables[key] = table
    return _with_labels(gateways, spec, champion, entry, gateways.tables[key])


def _read(spec: ModelSpec, champion: Champion, entry: BatchEntry) -> pd.DataFrame:
    """The canonical table of a handled batch, without labels."""
    table = canonical(read_again(entry, spec), spec, kinds_in(champion.model.card.profile))
    return table.drop(columns=spec.target, errors="ignore")


def _with_labels(
    gateways: Gateways, spec: ModelSpec, champion: Champion, entry: BatchEntry, frame: pd.DataFrame
) -> pd.DataFrame:
    predictions = scored_predictions(gateways, spec, entry)
    labels = gateways.predictions.read_labels(spec.name, entry.batch.digest)
    if predictions is None or labels.empty:
        return frame.iloc[:0].assign(**{spec.target: None})
    labelled = join(predictions, labels)
    rows = frame.iloc[labelled.positions].assign(**{spec.target: labelled.labels.to_numpy()})
    sound = labelled.predictions.trainable
    if spec.task is Task.BINARY:  # a third class is a mistake in the labels, no news
        sound = sound & rows[spec.target].isin(champion.model.card.classes).to_numpy()
    return rows[sound].reset_index(drop=True)


@dataclass(frozen=True)
class TrainingBatch:
    """The rows of one batch that a model may learn from, and the batch's digest."""

    batch: str
    rows: pd.DataFrame


def unlearnt_batches(
    gateways: Gateways, spec: ModelSpec, champion: Champion, before: int
) -> list[TrainingBatch]:
    """Labelled rows of every batch older than `before` that the champion has not learnt from.

    A batch whose labels were found faulty, when they were last judged, is none of them, unless a
    later batch has cleared it.
    """
    return _training_batches(
        gateways,
        spec,
        champion,
        before,
        lambda faults, cleared: not faults or (cleared and faults == SUSPECT),
    )


def suspected_since(
    gateways: Gateways, spec: ModelSpec, champion: Champion, before: int
) -> list[TrainingBatch]:
    """The newest of those whose labels looked shuffled, cleared since or not."""
    found = _training_batches(gateways, spec, champion, before, lambda faults, _: faults == SUSPECT)
    return found[-MOST_SUSPECTS:]


def _training_batches(
    gateways: Gateways,
    spec: ModelSpec,
    champion: Champion,
    before: int,
    wanted: Callable[[set[str], bool], bool],
) -> list[TrainingBatch]:
    """The rows of the batches whose faults, and whether they were cleared, are as wanted."""
    learnt = champion.model.card.training.batches
    handled = gateways.ledger.batches(spec.name, status=BatchStatus.HANDLED)
    newer = [e for e in handled if e.ordinal <= before and e.batch.digest not in learnt]
    made = {
        e.batch.digest: gateways.ledger.decisions_about(spec.name, e.batch.digest) for e in newer
    }
    gains = (stored.inputs.get("gain") or {} for about in made.values() for stored in about)
    cleared = {digest for gain in gains for digest in gain.get("cleared", ())}
    faults = {
        d: {f.signal for f in about[0].decision.faults} if about else set()
        for d, about in made.items()
    }
    chosen = (
        e
        for e in newer
        if e.ordinal < before and wanted(faults[e.batch.digest], e.batch.digest in cleared)
    )
    training_batches = [_training_batch(gateways, spec, champion, entry) for entry in chosen]
    return [
        training_batch
        for training_batch in training_batches
        if training_batch is not None and not training_batch.rows.empty
    ]


def _training_batch(
    gateways: Gateways, spec: ModelSpec, champion: Champion, entry: BatchEntry
) -> TrainingBatch | None:
    """The rows of a batch; None where its file is no longer what was handled."""
    try:
        table = _read(spec, champion, entry)
        return TrainingBatch(
            entry.batch.digest, _with_labels(gateways, spec, champion, entry, table)
        )
    except IntegrityError as error:
        logging.getLogger(LOGGER).warning("batch left out of training: %s", error)
        return None
