"""Registrations: the versions and runs that this ledger began to make in the registry."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select, update

from incumbent.gateways.ledger.database import Database, insert_once
from incumbent.gateways.ledger.schema import promotions, registrations, runs
from incumbent.records import Version

LONGEST_PAUSE = timedelta(days=7)  # of a run between its registration and the version


class Registrations(Database):
    """What this ledger began, and may therefore take away: nothing else is its own."""

    def begin_registration(self, stored: Version, now: datetime) -> None:
        """Enter that a stored model is about to become a version."""
        with self._writing_about(stored.model) as connection:
            new = insert_once(connection, registrations)
            content = {"model": stored.model, "digest": stored.digest, "begun_at": now}
            connection.execute(new.values(run_id=stored.run_id, **content))

    def begin_run(self, model: str, key: str) -> bool:
        """Enter that a run is about to be written; whether it was begun before."""
        with self._writing_about(model) as connection:
            new = insert_once(connection, runs).values(model=model, key=key).returning(runs.c.key)
            return connection.scalar(new) is None

    def unpromoted_registrations(self, model: str, now: datetime) -> tuple[str, ...]:
        """Runs whose version was begun, and neither promoted nor archived, oldest first.

        A run without a version is listed for a week, because a stopped process may still make it.
        """
        promoted = select(promotions.c.run_id).where(promotions.c.model == model)
        query = (
            select(registrations.c.run_id)
            .where(registrations.c.model == model, registrations.c.archived_at.is_(None))
            .where(registrations.c.begun_at > now - LONGEST_PAUSE)
            .where(registrations.c.run_id.not_in(promoted))
            .order_by(registrations.c.begun_at)
        )
        with self._reading() as connection:
            return tuple(connection.scalars(query))

    def archive_registrations(self, model: str, archived: Collection[str], now: datetime) -> None:
        """Enter that the versions of these runs are archived."""
        with self._writing_about(model) as connection:
            mine = registrations.c.model == model, registrations.c.run_id.in_(archived)
            connection.execute(update(registrations).where(*mine).values(archived_at=now))

    def knows_run(self, model: str, run: str) -> bool:
        """Whether the version of a run was begun or promoted by this ledger."""
        begun = select(registrations.c.run_id).where(
            registrations.c.model == model, registrations.c.run_id == run
        )
        promoted = select(promotions.c.run_id).where(
            promotions.c.model == model, promotions.c.run_id == run
        )
        with self._reading() as connection:
            return connection.scalar(begun.union(promoted)) is not None
