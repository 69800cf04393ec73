"""Leases: one run at a time writes about a model, and none waits for a dead one."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from incumbent.errors import LeaseError
from incumbent.gateways.ledger.database import Database
from incumbent.gateways.ledger.schema import leases
from incumbent.records import Lease


class Leases(Database):
    """Who may write about a model, until when."""

    def acquire(self, model: str, holder: str, length: timedelta, now: datetime) -> Lease | None:
        """Take the lease of a model, with the next fence; None while another holds it."""
        with self._writing_about(model) as connection:
            last = _last(connection, model)
            if last is not None and last.until > now:
                return None
            fence = 1 if last is None else last.fence + 1
            content = {"fence": fence, "holder": holder, "until": now + length}
            if last is None:
                connection.execute(insert(leases).values(model=model, **content))
            else:
                connection.execute(update(leases).where(leases.c.model == model).values(content))
            return Lease(model, fence, holder, now + length)

    def renew(self, lease: Lease, length: timedelta, now: datetime) -> None:
        """Hold a lease for longer; one that has run out is held again if no other run took it.

        Raises:
            LeaseError: Another run has taken it.
        """
        self._end(lease, now + length)

    def release(self, lease: Lease, now: datetime) -> None:
        """Give a lease back.

        Raises:
            LeaseError: Another run has taken it.
        """
        self._end(lease, now)

    def lease(self, model: str) -> Lease | None:
        """The newest lease of a model, run out or not; None before the first."""
        with self._reading() as connection:
            return _last(connection, model)

    def _end(self, lease: Lease, until: datetime) -> None:
        mine = (leases.c.model == lease.model, leases.c.fence == lease.fence)
        with self._writing_about(lease.model) as connection:
            changed = connection.execute(update(leases).where(*mine).values(until=until))
            if changed.rowcount == 0:
                raise LeaseError(
                    f"Another run has taken over model {lease.model!r}.",
                    "a later fence",
                    f"fence {lease.fence}, the one of this run",
                    "nothing is left to do here; the other run finishes the work",
                )


def _last(connection: Connection, model: str) -> Lease | None:
    row = connection.execute(select(leases).where(leases.c.model == model)).one_or_none()
    return None if row is None else Lease(row.model, row.fence, row.holder, row.until)
