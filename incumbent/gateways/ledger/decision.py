"""Decisions with everything that is needed to recompute them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, select

from incumbent.gateways.ledger.database import Database, insert_once
from incumbent.gateways.ledger.schema import decisions
from incumbent.records import Decision
from incumbent.records import document as plain

_DECISION = TypeAdapter(Decision)


@dataclass(frozen=True)
class StoredDecision:
    """A decision with its inputs, as they were when it was made."""

    model: str
    batch_digest: str
    decision: Decision
    inputs: Mapping[str, Any]
    at: datetime


class Decisions(Database):
    """What was decided about each batch, and from what."""

    def record_decision(
        self,
        model: str,
        batch_digest: str,
        decision: Decision,
        inputs: Mapping[str, Any],
        now: datetime,
    ) -> None:
        """Enter a decision; one whose id is there already stays as it is.

        Records among the inputs are stored as plain JSON values, NaN as null.
        """
        with self._writing_about(model) as connection:
            new = insert_once(connection, decisions)
            connection.execute(
                new.values(
                    id=decision.id,
                    model=model,
                    batch_digest=batch_digest,
                    decision=plain(decision),
                    inputs=plain(inputs),
                    at=now,
                )
            )

    def decision(self, decision_id: str) -> StoredDecision | None:
        """The decision of this id, of whichever model."""
        with self._reading() as connection:
            row = connection.execute(
                select(decisions).where(decisions.c.id == decision_id)
            ).one_or_none()
        return None if row is None else _read(row)

    def decisions(self, model: str, limit: int) -> tuple[StoredDecision, ...]:
        """At most `limit` decisions, newest first."""
        query = (
            select(decisions)
            .where(decisions.c.model == model)
            .order_by(decisions.c.sequence.desc())
            .limit(limit)
        )
        with self._reading() as connection:
            return tuple(_read(row) for row in connection.execute(query))

    def decisions_about(self, model: str, batch_digest: str) -> tuple[StoredDecision, ...]:
        """Every decision about a batch, newest first."""
        mine = (decisions.c.model == model, decisions.c.batch_digest == batch_digest)
        query = select(decisions).where(*mine).order_by(decisions.c.sequence.desc())
        with self._reading() as connection:
            return tuple(_read(row) for row in connection.execute(query))


def _read(row: Row[Any]) -> StoredDecision:
    decision = _DECISION.validate_python(row.decision)
    return StoredDecision(row.model, row.batch_digest, decision, row.inputs, row.at)
