"""Dispositions: what people ordered about quarantined batches, and why."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from incumbent.errors import IncumbentError
from incumbent.gateways.ledger.database import Database
from incumbent.gateways.ledger.schema import batches, dispositions, files
from incumbent.records import IN_QUARANTINE, BatchStatus, Disposal, Disposition

ORDERED = {Disposal.RELEASE: BatchStatus.RELEASED, Disposal.DISCARD: BatchStatus.DISCARDED}


class Dispositions(Database):
    """The orders of people about quarantined batches; each is kept, and the newest stands."""

    def dispose(self, model: str, digest: str, made: Disposition) -> Disposition:
        """Enter an order about a batch that is in quarantine, and return the one that stands.

        The same order again changes nothing. Labels that wait for their rows are looked for in a
        released batch, however many batches came after it.

        Raises:
            IncumbentError: The batch is not in quarantine.
        """
        with self._writing_about(model) as connection:
            status = _status(connection, model, digest)
            if status is ORDERED[made.disposal]:
                return _standing(connection, model)[digest]
            values = {"disposal": made.disposal.value, "reason": made.reason, "at": made.at}
            new = insert(dispositions).values(model=model, batch_digest=digest, **values)
            connection.execute(new)
            mine = (batches.c.model == model, batches.c.digest == digest)
            ordered = ORDERED[made.disposal].value
            connection.execute(update(batches).where(*mine).values(status=ordered))
            if made.disposal is Disposal.RELEASE:
                _look_again(connection, model, digest)
            return _standing(connection, model)[digest]

    def dispositions(self, model: str) -> Mapping[str, Disposition]:
        """The order that stands about each batch, by digest."""
        with self._reading() as connection:
            return _standing(connection, model)


def _standing(connection: Connection, model: str) -> dict[str, Disposition]:
    mine = select(dispositions).where(dispositions.c.model == model)
    rows = connection.execute(mine.order_by(dispositions.c.sequence))
    return {row.batch_digest: _read(row) for row in rows}


def _status(connection: Connection, model: str, digest: str) -> BatchStatus:
    mine = (batches.c.model == model, batches.c.digest == digest)
    found = connection.scalar(select(batches.c.status).where(*mine))
    if found is None or (status := BatchStatus(found)) not in IN_QUARANTINE:
        raise IncumbentError(
            "The batch is not in quarantine.",
            f"{digest}, {found or 'unknown'}",
            "the digest of a quarantined batch",
            f"run `incumbent quarantine list {model}`",
        )
    return status


def _look_again(connection: Connection, model: str, digest: str) -> None:
    """Let labels that wait for their rows be looked for in this batch once more."""
    mine = (batches.c.model == model, batches.c.digest == digest)
    ordinal: Any = connection.scalar(select(batches.c.ordinal).where(*mine))
    waiting = (files.c.model == model, files.c.until >= ordinal)
    connection.execute(update(files).where(*waiting).values(until=ordinal - 1))


def _read(row: Row[Any]) -> Disposition:
    return Disposition(Disposal(row.disposal), row.reason, row.at)
