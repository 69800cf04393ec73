"""Shadow comparisons: how often a champion was compared, and the challenger still in hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import func, insert, select, update

from incumbent.gateways.ledger.database import Database, insert_once
from incumbent.gateways.ledger.schema import challengers, shadows
from incumbent.records import Challenger, PairedBlock, Version
from incumbent.records import document as plain

_EVIDENCE = TypeAdapter(tuple[PairedBlock, ...])


@dataclass(frozen=True)
class Look:
    """One comparison of a challenger with the champion.

    Attributes:
        champion: Version that was challenged.
        challenger: Version of the challenger, None where it is not registered.
        look: Number of this look at challengers of this champion.
        evidence: Digest of the evidence.
        report: The result.
    """

    champion: int
    challenger: int | None
    look: int
    evidence: str
    report: Mapping[str, Any]


class Shadows(Database):
    """Every look that was taken at a challenger counts against all of its successors."""

    def record_shadow(self, model: str, look: Look, now: datetime) -> None:
        """Enter a look; the first report of a look stands."""
        with self._writing_about(model) as connection:
            new = insert_once(connection, shadows)
            values = vars(look) | {"report": plain(look.report)}
            connection.execute(new.values(model=model, at=now, **values))

    def look_at(self, model: str, champion: int, evidence: str) -> int:
        """The number of a look at challengers of this version: 1, 2, 3, ...

        A look at the same evidence, taken again by a run that goes on where another broke off,
        is the same look.
        """
        mine = (shadows.c.model == model, shadows.c.champion == champion)
        same = select(shadows.c.look).where(*mine, shadows.c.evidence == evidence)
        with self._reading() as connection:
            taken = connection.scalar(same.limit(1))
            looks = connection.scalar(select(func.count()).where(*mine)) or 0
        return looks + 1 if taken is None else int(taken)

    def last_shadow(self, model: str, champion: int) -> Mapping[str, Any] | None:
        """The report of the newest look at a challenger of this version."""
        mine = (shadows.c.model == model, shadows.c.champion == champion)
        query = select(shadows.c.report).where(*mine).order_by(shadows.c.look.desc()).limit(1)
        with self._reading() as connection:
            found: Mapping[str, Any] | None = connection.scalar(query)
        return found

    def challenger(self, model: str) -> Challenger | None:
        """The challenger that waits for more evidence, None if there is none."""
        query = select(challengers).where(*_open(model))
        with self._reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        version = Version(row.model, row.version, row.run_id, row.digest)
        return Challenger(version, row.champion, _EVIDENCE.validate_python(row.evidence))

    def keep_challenger(self, model: str, challenger: Challenger, now: datetime) -> None:
        """Keep a challenger with its evidence so far; it takes the place of the one before.

        Of the same version the evidence is replaced; one of another version is closed.
        """
        version = challenger.version
        evidence = {
            "run_id": version.run_id,
            "digest": version.digest,
            "champion": challenger.champion,
            "evidence": plain(challenger.evidence),
            "kept_at": now,
        }
        mine = challengers.c.version == version.number
        with self._writing_about(model) as connection:
            others = update(challengers).where(*_open(model), ~mine)
            connection.execute(others.values(closed_at=now))
            same = update(challengers).where(*_open(model), mine)
            if connection.execute(same.values(evidence)).rowcount == 0:
                new = insert(challengers)
                connection.execute(new.values(model=model, version=version.number, **evidence))

    def close_challenger(self, model: str, now: datetime) -> None:
        """Let go of the challenger in hand, if there is one."""
        with self._writing_about(model) as connection:
            connection.execute(update(challengers).where(*_open(model)).values(closed_at=now))


def _open(model: str) -> tuple[Any, Any]:
    return challengers.c.model == model, challengers.c.closed_at.is_(None)
