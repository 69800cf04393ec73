"""Taking a batch in: found, read, and known by its digest before anything is done with it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

import pandas as pd
from prefect import task

from incumbent.data.intake import describe, empty_digest
from incumbent.data.kinds import column_types
from incumbent.data.profile import kinds_in
from incumbent.data.written import as_first_written, as_trained
from incumbent.errors import (
    ChampionExistsError,
    IntegrityError,
    MissingPathError,
    OutOfReachError,
    QuarantineError,
    StoredError,
    UnreadableError,
    UsageError,
)
from incumbent.gateways import sources
from incumbent.gateways.ledger import ReadFile
from incumbent.gateways.sources.frame import read_frame
from incumbent.log import warn
from incumbent.params import ModelSpec
from incumbent.records import Batch, BatchEntry, BatchStatus, ValidationReport, Version
from tasks.champion import read_champion
from tasks.gateways import OUTSIDE, Gateways

NO_BYTES = sha256().hexdigest()


@dataclass(frozen=True)
class Arrival:
    """A batch that has arrived: its entry in the ledger, and its table or why there is none.

    `released` stands in the place of a validation: a person has released it from quarantine.
    """

    entry: BatchEntry
    content: pd.DataFrame | UnreadableError
    released: ValidationReport | None = None

    @property
    def handled(self) -> bool:
        """Whether this very batch was handled before."""
        return self.entry.status is not BatchStatus.STARTED


def find_batches(
    gateways: Gateways, spec: ModelSpec, batch: str | None, labels: str | None
) -> dict[str, str | None]:
    """The batch that is asked for, or every file of the source that is new, oldest first.

    A file that was handled and has not changed since is not read again. Labels may arrive alone,
    to a model without a source.

    Returns:
        Path to the stamp of the file; None where it has none.
    """
    if batch is not None:
        return dict.fromkeys(sources.require(batch))
    if spec.source is None and labels is not None:
        return {}
    if spec.source is None:
        raise UsageError(
            f"Model {spec.name!r} has no source of batches.",
            "source: none",
            "a pattern such as data/*.parquet",
            "set `source` in the spec, or name a batch",
        )
    found = sources.stamped(spec.source)
    done = gateways.ledger.files_done(spec.name)
    if not found and not done:
        _require_place(spec.source)
    return sources.unknown(found, done)


def _require_place(source: str) -> None:
    """Refuse a source that names no files, and never has: a typing error is no empty source.

    Raises:
        UsageError: It is a folder, and not a pattern of the files in it.
        MissingPathError: The folder before the pattern is not there.
    """
    if sources.is_folder(source):
        raise UsageError(
            "The source of batches is a folder.",
            source,
            "a pattern of files, each of which is a batch",
            f"set `source: {source.rstrip('/')}/*.parquet` in the spec",
        )
    if "://" not in source and not sources.is_folder(sources.root_of(source)):
        raise MissingPathError(
            "The folder of the source of batches is not there.",
            source,
            "a pattern of files in a folder that exists",
            "correct `source` in the spec, or make the folder",
        )


def unknown_files(gateways: Gateways, spec: ModelSpec, pattern: str) -> dict[str, str | None]:
    """The files of a pattern that were not dealt with, or have changed since, with their stamps."""
    return sources.unknown(sources.stamped(pattern), gateways.ledger.files_done(spec.name))


@task(name="intake", **OUTSIDE)
def take_in(gateways: Gateways, spec: ModelSpec, path: str, stamp: str | None = None) -> Arrival:
    """Read a batch and enter it in the ledger; one that cannot be read is entered by its bytes."""
    content: pd.DataFrame | UnreadableError
    sources.require_name(path)
    try:
        batch, content = _read(gateways, spec, path, sources.stem(path))
    except UnreadableError as error:
        content, name = error, sources.stem(path)
        batch = Batch(name, unread_digest(path, name), 0, None, path)
    entry = gateways.ledger.start_batch(spec.name, batch, datetime.now(UTC))
    if stamp is not None:
        gateways.ledger.record_file(spec.name, ReadFile(path, stamp, batch.digest))
    return Arrival(entry, content)


def unread_digest(path: str, name: str) -> str:
    """What a delivery is known by that cannot be read as a table."""
    digest = sources.bytes_digest(path)
    return empty_digest(name, digest) if digest == NO_BYTES else digest


def _read(gateways: Gateways, spec: ModelSpec, path: str, name: str) -> tuple[Batch, pd.DataFrame]:
    """A batch as it is read with the champion's kinds, and its table in the champion's form.

    It is known by what was read: kinds never change from champion to champion, categories do.
    """
    profile = read_champion(gateways, spec).model.card.profile
    raw = read_frame(path, column_types(spec, kinds_in(profile)), spec.largest_table_gb)
    return describe(path, name, raw, spec), as_trained(raw, profile)


def read_again(gateways: Gateways, spec: ModelSpec, entry: BatchEntry) -> pd.DataFrame:
    """The table of a batch that was taken in before, as it was then.

    It is read from the copy that is kept of a quarantined batch where its file is no longer it.

    Raises:
        IntegrityError: The file has changed, or is gone, and no copy is kept.
        QuarantineError: It is what was taken in, which could not be read then.
        OutOfReachError: The storage did not answer, and no copy is kept.
    """
    try:
        return _read_same(gateways, spec, entry)
    except (IntegrityError, OutOfReachError, UsageError) as error:
        kept = gateways.predictions.quarantined.kept(spec.name, entry.batch.digest)
        if kept is None:
            raise
        warn("%s It is read from the copy that is kept.", error.what)
        copy = replace(entry, batch=replace(entry.batch, path=kept.table))
        return _read_same(gateways, spec, copy)


def _read_same(gateways: Gateways, spec: ModelSpec, entry: BatchEntry) -> pd.DataFrame:
    try:
        path = sources.require(entry.batch.path)[0]
        found, raw = _read(gateways, spec, path, entry.batch.id)
    except MissingPathError as error:
        raise _changed(entry, str(error)) from error
    except UnreadableError as error:
        if unread_digest(path, entry.batch.id) == entry.batch.digest:
            raise
        raise _changed(entry, str(error)) from error
    if found.digest == entry.batch.digest:
        return raw
    if unread_digest(path, entry.batch.id) == entry.batch.digest:
        raise QuarantineError(
            f"Batch {entry.batch.id!r} could not be read when it arrived, and can be now.",
            path,
            "a table that was read when it arrived",
            f"run `incumbent monitor {spec.name} {path}`, which takes it in as a new batch",
        )
    raise _changed(entry, f"SHA-256 {found.digest[:16]}")


def _changed(entry: BatchEntry, observed: str) -> IntegrityError:
    return IntegrityError(
        f"Batch {entry.batch.id!r} is no longer what was handled.",
        observed,
        f"SHA-256 {entry.batch.digest[:16]} at {entry.batch.path}",
        "restore the file; a corrected batch is delivered under a new name",
    )


def refuse_second_champion(gateways: Gateways, spec: ModelSpec, lost: int | None) -> None:
    """Only the first champion is trained from outside the gate, or one in the place of a lost one.

    Args:
        gateways: Where the champion is named and read.
        spec: The model.
        lost: Number of the champion, where a person says that it is lost.

    Raises:
        ChampionExistsError: There is a champion, and it is whole or another one.
    """
    champion = gateways.ledger.champion(spec.name)
    if champion is None or (champion.number == lost and _is_lost(gateways, champion)):
        return
    raise ChampionExistsError(
        f"Model {spec.name!r} has a champion already.",
        f"version {champion.number}"
        + (", whose files are whole" if champion.number == lost else ""),
        "a model without a champion, or one whose champion is lost",
        f"run `incumbent monitor {spec.name}`, which retrains it where that is called for",
    )


def _is_lost(gateways: Gateways, champion: Version) -> bool:
    """Whether the champion cannot be read; that MLflow does not answer is no proof of it."""
    try:
        gateways.registry.load(champion)
    except StoredError:
        return True
    return False


@task(name="intake", **OUTSIDE)
def read_training_data(spec: ModelSpec, path: str) -> pd.DataFrame:
    """The training data, whole: a file, a folder or a pattern of files is one table."""
    return as_first_written(
        read_frame(path, column_types(spec), spec.largest_table_gb), spec.categorical
    )
