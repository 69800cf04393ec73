"""Decisions with everything that is needed to recompute them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, select

from incumbent.gateways.ledger.database import Database, insert_once
from incumbent.gateways.ledger.judgement import clear, remember
from incumbent.gateways.ledger.schema import decisions
from incumbent.records import Decision, JudgedBatch
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

    def record_decision(self, made: StoredDecision, judged: JudgedBatch | None = None) -> None:
        """Enter a decision; one whose id is there already stays as it is.

        Args:
            made: The decision and its inputs, which are stored as plain JSON values, NaN as null.
            judged: What later decisions need to know of it; None where no labels were judged.
        """
        with self._writing_about(made.model) as connection:
            new = insert_once(connection, decisions)
            connection.execute(
                new.values(
                    id=made.decision.id,
                    model=made.model,
                    batch_digest=made.batch_digest,
                    decision=plain(made.decision),
                    inputs=plain(made.inputs),
                    at=made.at,
                )
            )
            remember(connection, made.model, made.batch_digest, made.decision, judged)
            clear(connection, made.model, (made.inputs.get("gain") or {}).get("cleared", ()))

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
