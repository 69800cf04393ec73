"""Batches and label arrivals, and what was done with them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, Update, func, select, update

from incumbent.errors import IncumbentError
from incumbent.gateways.ledger.database import Database, insert_once
from incumbent.gateways.ledger.schema import batches, label_batches, labels
from incumbent.records import Batch, BatchEntry, BatchStatus, LabelArrival, Period
from incumbent.records import document as plain

PAGE = 50

# What stands before the document in a row: the database need not read past a document for it.
LISTED = [
    column
    for column in batches.c
    if column.name
    in {"digest", "ordinal", "batch_id", "rows", "period_start", "period_end", "path", "status"}
]


class Batches(Database):
    """Which batches and labels were seen, started and handled."""

    def batch(self, model: str, digest: str) -> BatchEntry | None:
        """The batch of this digest, with its document once it is handled."""
        with self._reading() as connection:
            row = connection.execute(_of(model, digest)).one_or_none()
        return None if row is None else _read(row)

    def batch_at(self, model: str, ordinal: int) -> BatchEntry | None:
        """The batch of this ordinal, with its document once it is handled."""
        mine = (batches.c.model == model, batches.c.ordinal == ordinal)
        with self._reading() as connection:
            row = connection.execute(select(batches).where(*mine)).one_or_none()
        return None if row is None else _read(row)

    def arrived_at(self, model: str, digest: str) -> datetime | None:
        """When a batch was first entered; None where it was not."""
        mine = (batches.c.model == model, batches.c.digest == digest)
        with self._reading() as connection:
            return connection.scalar(select(batches.c.started_at).where(*mine))

    def start_batch(self, model: str, batch: Batch, now: datetime) -> BatchEntry:
        """Enter a batch and give it the next ordinal: 0, 1, 2, ...

        One that is known keeps its ordinal, id and status; its path follows the file.
        """
        with self._writing_about(model) as connection:
            if connection.execute(_of(model, batch.digest)).one_or_none() is None:
                connection.execute(_new(connection, model, batch, now))
            else:
                connection.execute(_known(model, batch.digest).values(path=batch.path))
            return _read(connection.execute(_of(model, batch.digest)).one())

    def finish_batch(
        self,
        model: str,
        digest: str,
        status: BatchStatus,
        document: Mapping[str, Any],
        now: datetime,
    ) -> None:
        """Mark a batch as handled or quarantined; a later document takes the place of this one.

        Raises:
            IncumbentError: The batch was never started.
        """
        changes = {"status": status.value, "document": plain(document), "finished_at": now}
        with self._writing_about(model) as connection:
            if connection.execute(_known(model, digest).values(changes)).rowcount == 0:
                raise IncumbentError(
                    "The ledger does not know this batch.",
                    digest,
                    "the digest of a batch that was started",
                    "hand the batch to monitor",
                )

    def batches(self, model: str) -> tuple[BatchEntry, ...]:
        """All batches by ordinal, without their documents."""
        query = select(*LISTED).where(batches.c.model == model).order_by(batches.c.ordinal)
        with self._reading() as connection:
            return tuple(_read(row) for row in connection.execute(query))

    def released(self, model: str) -> tuple[BatchEntry, ...]:
        """Batches that a person has released and no run has handled since, with their documents."""
        mine = (batches.c.model == model, batches.c.status == BatchStatus.RELEASED.value)
        query = select(batches).where(*mine).order_by(batches.c.ordinal)
        with self._reading() as connection:
            return tuple(_read(row) for row in connection.execute(query))

    def handled_newest_first(self, model: str) -> Iterator[BatchEntry]:
        """Handled batches without their documents, read page by page as they are asked for."""
        mine = (batches.c.model == model, batches.c.status == BatchStatus.HANDLED.value)
        query = select(*LISTED).where(*mine).order_by(batches.c.ordinal.desc()).limit(PAGE)
        page = query
        while True:
            with self._reading() as connection:
                found = [_read(row) for row in connection.execute(page)]
            yield from found
            if len(found) < PAGE:
                return
            page = query.where(batches.c.ordinal < found[-1].ordinal)

    def documented(self, model: str, limit: int) -> tuple[BatchEntry, ...]:
        """At most `limit` handled batches with their documents, the newest, oldest first."""
        mine = (batches.c.model == model, batches.c.status == BatchStatus.HANDLED.value)
        query = select(batches).where(*mine).order_by(batches.c.ordinal.desc()).limit(limit)
        with self._reading() as connection:
            return tuple(_read(row) for row in connection.execute(query))[::-1]

    def scored_by_labels(self, model: str, digest: str) -> tuple[str, ...]:
        """Digests of the batches that an arrival of labels has scored."""
        mine = (label_batches.c.model == model, label_batches.c.digest == digest)
        with self._reading() as connection:
            return tuple(connection.scalars(select(label_batches.c.batch_digest).where(*mine)))

    def record_labels(
        self,
        model: str,
        digest: str,
        path: str,
        batch_digests: Sequence[str],
        now: datetime,
    ) -> None:
        """Enter a label arrival and the batches that it scored.

        Recorded again, its path is replaced and its batches added: labels of a
        batch that arrives after them count from then on.
        """
        mine = (labels.c.model == model, labels.c.digest == digest)
        scored = [{"model": model, "digest": digest, "batch_digest": d} for d in batch_digests]
        with self._writing_about(model) as connection:
            new = insert_once(connection, labels)
            connection.execute(new.values(model=model, digest=digest, recorded_at=now, path=path))
            connection.execute(update(labels).where(*mine).values(path=path))
            if scored:
                connection.execute(insert_once(connection, label_batches), scored)

    def arrivals(self, model: str, batch_digest: str) -> tuple[LabelArrival, ...]:
        """Label arrivals that scored a batch, in the order of their arrival."""
        query = (
            select(labels.c.digest, labels.c.path)
            .join(label_batches)
            .where(label_batches.c.model == model, label_batches.c.batch_digest == batch_digest)
            .order_by(labels.c.recorded_at, labels.c.digest)
        )
        with self._reading() as connection:
            return tuple(LabelArrival(row.digest, row.path) for row in connection.execute(query))

    def batches_later(
        self, model: str, batch_digest: str, arrivals: Collection[str]
    ) -> dict[str, int]:
        """Batches that had arrived after this one when each arrival of labels was recorded.

        One that was never recorded arrives now, after all of them.
        """
        mine = select(batches.c.ordinal).where(
            batches.c.model == model, batches.c.digest == batch_digest
        )
        after = select(batches.c.started_at).where(
            batches.c.model == model, batches.c.ordinal > mine.scalar_subquery()
        )
        recorded = select(labels.c.digest, labels.c.recorded_at).where(
            labels.c.model == model, labels.c.digest.in_(arrivals)
        )
        with self._reading() as connection:
            starts = connection.scalars(after).all()
            arrived = {row.digest: row.recorded_at for row in connection.execute(recorded)}
        return {a: sum(a not in arrived or s <= arrived[a] for s in starts) for a in arrivals}


def _of(model: str, digest: str) -> Select[Any]:
    return select(batches).where(batches.c.model == model, batches.c.digest == digest)


def _known(model: str, digest: str) -> Update:
    return update(batches).where(batches.c.model == model, batches.c.digest == digest)


def _new(connection: Connection, model: str, batch: Batch, now: datetime) -> Any:
    newest = select(func.max(batches.c.ordinal)).where(batches.c.model == model)
    last = connection.scalar(newest)
    return insert_once(connection, batches).values(
        model=model,
        digest=batch.digest,
        ordinal=0 if last is None else last + 1,
        batch_id=batch.id,
        rows=batch.rows,
        period_start=batch.period.start if batch.period else None,
        period_end=batch.period.end if batch.period else None,
        path=batch.path,
        status=BatchStatus.STARTED.value,
        started_at=now,
    )


def _read(row: Row[Any]) -> BatchEntry:
    period = None if row.period_start is None else Period(row.period_start, row.period_end)
    return BatchEntry(
        batch=Batch(row.batch_id, row.digest, row.rows, period, row.path),
        ordinal=row.ordinal,
        status=BatchStatus(row.status),
        document=getattr(row, "document", None),
    )
