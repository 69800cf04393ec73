"""Earlier and later rows: of the whole table in the order of time, and of one entity."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from incumbent.data.intake import read_times
from incumbent.data.kinds import unusable_type
from incumbent.monitoring.skew.found import EXPLAINED, Found, Mismatches, surprising
from incumbent.monitoring.skew.pair import NULL, Codes, Mask
from incumbent.monitoring.skew.shown import number_of
from incumbent.records import SkewKind

LAGS = (1, -1, 2, -2, 3, -3)  # rows earlier; below 0: later
ENTITY_LAGS = (1, -1, 2)
MOST_ENTITIES = 20
ROWS_OF_ENTITY = 2  # on average
FEWEST_BESIDE = 0.3  # share of the mismatching rows that have such a neighbour
NOWHERE = -1


@dataclass(frozen=True)
class Order:
    """The offline rows in the order of time, within groups or all as one.

    Attributes:
        name: The column that groups them; None: all rows are one group.
        rows: The rows in this order, shape (N,).
        group: The group of each row in this order, shape (N,).
    """

    name: str | None
    rows: Codes
    group: Codes

    @cached_property
    def place(self) -> Codes:
        """The place of each row in this order, shape (N,)."""
        found = np.empty_like(self.rows)
        found[self.rows] = np.arange(len(self.rows))
        return found

    def earlier(self, rows: Codes, lag: int) -> Codes:
        """The row that comes so many before each of some rows; -1 where none does."""
        here = self.place[rows]
        there = here - lag
        inside = (there >= 0) & (there < len(self.rows))
        there = np.where(inside, there, 0)
        same = inside & (self.group[there] == self.group[here])
        return np.where(same, self.rows[there], NOWHERE)

    def words(self, lag: int) -> str:
        """What a lag is called."""
        of = f" of the same {self.name}" if self.name is not None else ""
        return f"{number_of(abs(lag))}{of} {'earlier' if lag > 0 else 'later'}"


class Orders:
    """The orders in which a table is looked at, made when they are first needed.

    Args:
        table: The offline table, shape (N, columns).
        timestamp: Its column of times; None: rows are taken in the order of the table.
        but: Columns that group nothing: the id, and the timestamp.
    """

    def __init__(
        self, table: pd.DataFrame, timestamp: str | None, but: tuple[str | None, ...]
    ) -> None:
        self._table, self._timestamp, self._but = table, timestamp, but

    @cached_property
    def all(self) -> tuple[Order, ...]:
        """All rows as one group, then grouped by each column whose values repeat."""
        time = self._time()
        one = Order(None, np.argsort(time, kind="stable"), np.zeros(len(time), dtype=np.int64))
        return (one, *(self._grouped(name, codes, time) for name, codes in self._entities()))

    def _time(self) -> Codes:
        if self._timestamp is None or self._timestamp not in self._table:
            return np.arange(len(self._table), dtype=np.int64)
        try:
            times = read_times(self._table[self._timestamp], errors="coerce")
        except TypeError:
            return np.arange(len(self._table), dtype=np.int64)
        stamps: Codes = times.dt.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)
        return stamps

    def _entities(self) -> list[tuple[str, Codes]]:
        """Columns that may name what a row is about: text first, then those with most values."""
        found = []
        for name in self._table.columns:
            if name in self._but or not _may_name(self._table[name]):
                continue
            codes, values = pd.factorize(self._table[name])
            if 1 < len(values) <= len(codes) / ROWS_OF_ENTITY:
                rank = pd.api.types.is_numeric_dtype(self._table[name].dtype), -len(values)
                found.append((rank, str(name), codes.astype(np.int64)))
        found.sort(key=lambda entity: entity[:2])
        return [(name, codes) for _, name, codes in found[:MOST_ENTITIES]]

    @staticmethod
    def _grouped(name: str, codes: Codes, time: Codes) -> Order:
        rows = np.lexsort((time, codes))
        return Order(name, rows, codes[rows])


def shifted(rows: Mismatches, orders: Orders) -> Found | None:
    """The served value is the offline value of an earlier or later row.

    Only rows that have such a neighbour count, and only where more of them agree than by chance.
    """
    tries = [*_tries(orders, rows.pair.feature)]
    for order, lag in tries:
        there = order.earlier(rows.pair.place[rows.places], lag)
        beside = there != NOWHERE
        if not beside.sum() >= max(1.0, FEWEST_BESIDE * len(rows)):
            continue
        agree = beside & rows.pair.same(rows.serving, rows.pair.whole[there]) & ~rows.unreadable
        chance = _chance(rows, beside)
        hits, count = int(agree.sum()), int(beside.sum())
        if hits >= EXPLAINED * count and surprising(hits, count, chance, len(tries)):
            text = (
                f"serving is the offline value {order.words(lag)}, in {hits} of {number_of(count)}"
            )
            return Found(SkewKind.SHIFTED, hits / count, text)
    return None


def _may_name(column: pd.Series) -> bool:
    """Whether a column may name something: text, or whole numbers."""
    if unusable_type(column) is not None:
        return False
    if not pd.api.types.is_float_dtype(column.dtype):
        return True
    values = column.dropna().to_numpy(dtype=np.float64)
    return bool((values == np.trunc(values)).all())


def _tries(orders: Orders, feature: str) -> Iterator[tuple[Order, int]]:
    for order in orders.all:
        if order.name != feature:
            yield from ((order, lag) for lag in (LAGS if order.name is None else ENTITY_LAGS))


def _chance(rows: Mismatches, beside: Mask) -> float:
    """Probability that another row's offline value is the served one, on average."""
    _, _, whole = rows.pair.keys
    served, offline = rows.keys
    counts = np.bincount(whole + 1, minlength=max(int(served.max()), int(whole.max())) + 2)
    shares = counts / max(len(whole), 1)
    own = np.where(offline == NULL, shares[0], shares[offline + 1])
    other = shares[served + 1] / np.maximum(1 - own, 1e-9)
    return float(np.minimum(other, 1.0)[beside].mean())
