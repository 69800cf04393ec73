"""Promotions: written as an intent, then done. The newest that is done names the champion."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, select, update

from incumbent.errors import IncumbentError
from incumbent.gateways.ledger.database import Database, insert_once
from incumbent.gateways.ledger.schema import promotions
from incumbent.records import Promotion, PromotionKind, Version


class Promotions(Database):
    """Who is champion, who was, and which changes a crash has left half done."""

    def intend(self, promotion: Promotion, now: datetime) -> Promotion:
        """Enter the intent to promote; of several with one id the first is returned to all.

        Raises:
            IncumbentError: Another version than `previous` is the champion by now, or another
                promotion of this model is half done.
        """
        version = promotion.version
        with self._writing_about(version.model) as connection:
            if _row(connection, promotion.id) is None:
                _require_next(connection, promotion)
            new = insert_once(connection, promotions)
            intent = replace(promotion, done=False)
            connection.execute(new.values(**_content(intent), intended_at=now))
            return _known(connection, promotion.id)

    def complete(self, promotion: Promotion, now: datetime) -> None:
        """Mark an intent as done: from here on its version is the champion.

        Raises:
            IncumbentError: There is no such intent.
        """
        with self._writing_about(promotion.version.model) as connection:
            done = update(promotions).where(*_pending(promotion)).values(done=True, done_at=now)
            connection.execute(done)
            _known(connection, promotion.id)

    def withdraw(self, promotion: Promotion) -> None:
        """Take back an intent that cannot be finished; one that is done stays."""
        with self._writing_about(promotion.version.model) as connection:
            connection.execute(delete(promotions).where(*_pending(promotion)))

    def recover(self, found: Sequence[Promotion], now: datetime) -> None:
        """Enter promotions that another ledger has made, oldest first, as done: all or none."""
        model = found[-1].version.model
        with self._writing_about(model) as connection:
            for promotion in found:
                new = insert_once(connection, promotions)
                connection.execute(new.values(**_content(promotion), intended_at=now, done_at=now))

    def champion(self, model: str) -> Version | None:
        """The version of the newest promotion that is done, None before the first install."""
        last = self.last_promotion(model)
        return None if last is None else last.version

    def last_promotion(self, model: str) -> Promotion | None:
        """The newest promotion that is done: the one that made the champion."""
        with self._reading() as connection:
            row = connection.execute(_done(model).limit(1)).one_or_none()
        return None if row is None else _read(row)

    def previous(self, model: str) -> Version | None:
        """The version that was champion before the present one, None if there was no other."""
        with self._reading() as connection:
            versions = [_version(row) for row in connection.execute(_done(model))]
        return next((v for v in versions if v.number != versions[0].number), None)

    def promotions(self, model: str) -> tuple[Promotion, ...]:
        """All promotions in the order of their intents, done or not."""
        with self._reading() as connection:
            rows = connection.execute(_of(model).order_by(promotions.c.sequence))
            return tuple(_read(row) for row in rows)

    def open_intents(self, model: str) -> tuple[Promotion, ...]:
        """Promotions that were intended and not done, oldest first."""
        return tuple(p for p in self.promotions(model) if not p.done)


def _content(promotion: Promotion) -> dict[str, Any]:
    version = promotion.version
    return {
        "id": promotion.id,
        "model": version.model,
        "kind": promotion.kind.value,
        "version": version.number,
        "run_id": version.run_id,
        "digest": version.digest,
        "previous": promotion.previous,
        "reason": promotion.reason,
        "done": promotion.done,
    }


def _of(model: str) -> Select[Any]:
    return select(promotions).where(promotions.c.model == model)


def _done(model: str) -> Select[Any]:
    newest_first = promotions.c.sequence.desc()
    return _of(model).where(promotions.c.done.is_(True)).order_by(newest_first)


def _row(connection: Connection, promotion_id: str) -> Row[Any] | None:
    query = select(promotions).where(promotions.c.id == promotion_id)
    return connection.execute(query).one_or_none()


def _pending(promotion: Promotion) -> tuple[Any, Any]:
    return promotions.c.id == promotion.id, promotions.c.done.is_(False)


def _require_next(connection: Connection, promotion: Promotion) -> None:
    """A promotion takes the place of the present champion, and one at a time is under way."""
    model = promotion.version.model
    last = connection.execute(_done(model).limit(1)).one_or_none()
    half_done = connection.execute(_of(model).where(promotions.c.done.is_(False))).first()
    champion = None if last is None else last.version
    if champion == promotion.previous and half_done is None:
        return
    raise IncumbentError(
        f"Version {promotion.version.number} of {model!r} was not promoted.",
        f"champion {champion}, promotion half done: {half_done is not None}",
        f"champion {promotion.previous}, and no promotion half done",
        "run it again: every run begins by finishing what is half done",
    )


def _known(connection: Connection, promotion_id: str) -> Promotion:
    row = _row(connection, promotion_id)
    if row is None:
        raise IncumbentError(
            "The ledger holds no intent of this promotion.",
            promotion_id,
            "the id of a promotion that was intended",
            "look at the promotions with: incumbent status SPEC",
        )
    return _read(row)


def _version(row: Row[Any]) -> Version:
    return Version(row.model, row.version, row.run_id, row.digest)


def _read(row: Row[Any]) -> Promotion:
    kind = PromotionKind(row.kind)
    return Promotion(row.id, kind, _version(row), row.previous, row.reason, row.done)
