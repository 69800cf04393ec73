"""Judgements: what later decisions need to know of earlier ones, a row for each batch."""

from collections.abc import Collection
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, insert, select, update

from incumbent.gateways.ledger.database import Database
from incumbent.gateways.ledger.schema import batches, judgements
from incumbent.records import BatchStatus, Decision, Estimate, JudgedBatch, TrainingBatch
from incumbent.records import document as plain

_ESTIMATE = TypeAdapter(Estimate | None)


class Judgements(Database):
    """The newest judgement of each batch."""

    def judged_batches(self, model: str, but: str, limit: int) -> tuple[JudgedBatch, ...]:
        """The newest batches whose labels were judged, in the order in which they arrived.

        Args:
            model: Name of the model.
            but: Digest of a batch that is left out.
            limit: At most so many.
        """
        query = (
            select(judgements)
            .join(batches, _same_batch())
            .where(judgements.c.model == model, judgements.c.judged.is_(True))
            .where(judgements.c.batch_digest != but)
            .order_by(batches.c.ordinal.desc())
            .limit(limit)
        )
        with self._reading() as connection:
            return tuple(_read(row) for row in connection.execute(query))[::-1]

    def training_candidates(
        self, model: str, before: int, learnt: Collection[str]
    ) -> tuple[TrainingBatch, ...]:
        """Handled batches older than an ordinal that were not learnt, oldest first.

        Args:
            model: Name of the model.
            before: The ordinal.
            learnt: Digests of the batches that the champion has learnt.
        """
        query = (
            select(batches.c.digest, judgements.c.faults, judgements.c.cleared)
            .outerjoin(judgements, _same_batch())
            .where(batches.c.model == model, batches.c.status == BatchStatus.HANDLED.value)
            .where(batches.c.ordinal < before)
            .order_by(batches.c.ordinal)
        )
        with self._reading() as connection:
            rows = [row for row in connection.execute(query) if row.digest not in learnt]
        return tuple(
            TrainingBatch(row.digest, frozenset(row.faults or ()), bool(row.cleared))
            for row in rows
        )


def remember(
    connection: Connection, model: str, batch: str, decision: Decision, judged: JudgedBatch | None
) -> None:
    """Put the judgement of a batch in the place of its earlier one, in the caller's transaction.

    A batch that was followed by a training stays so, and one that was cleared stays cleared.
    """
    mine = (judgements.c.model == model, judgements.c.batch_digest == batch)
    before = connection.execute(select(judgements).where(*mine)).one_or_none()
    values = _values(decision, judged, before)
    if before is None:
        new = insert(judgements).values(model=model, batch_digest=batch, cleared=False, **values)
        connection.execute(new)
    else:
        connection.execute(update(judgements).where(*mine).values(**values))


def clear(connection: Connection, model: str, cleared: Collection[str]) -> None:
    """Note that labels which looked shuffled follow their rows after all."""
    mine = (judgements.c.model == model, judgements.c.batch_digest.in_(cleared))
    connection.execute(update(judgements).where(*mine).values(cleared=True))


def _values(
    decision: Decision, judged: JudgedBatch | None, before: Row[Any] | None
) -> dict[str, Any]:
    faults = sorted(fault.signal for fault in decision.faults)
    if judged is None:
        known = {"judged": False, "rows": 0, "champion": 0, "retrained": False}
        return {"faults": faults, **(known if before is None else {})}
    return {
        "judged": True,
        "rows": judged.rows,
        "champion": judged.champion,
        "retrained": judged.retrained or (before is not None and bool(before.retrained)),
        "saved": plain(judged.saved),
        "loss": plain(judged.loss),
        "estimated": judged.estimated,
        "faults": faults,
    }


def _same_batch() -> Any:
    return (judgements.c.model == batches.c.model) & (judgements.c.batch_digest == batches.c.digest)


def _read(row: Row[Any]) -> JudgedBatch:
    saved, loss = (_ESTIMATE.validate_python(found) for found in (row.saved, row.loss))
    return JudgedBatch(
        row.batch_digest, row.rows, row.champion, row.retrained, saved, loss, row.estimated
    )
