"""Batches that are broken, and batches that only differ, made from sound ones.

Each case takes the features, id and timestamp of a batch and gives it as a defect, or as an
ordinary change, would leave it. A case gives None where no column of the batch suits it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from incumbent.params import ModelSpec

FEWEST_VALUES = 12  # distinct values of a column of numbers that varies
MOST_NULL = 0.5
NULLS_USUAL = 0.05  # share of nulls in training that are missed where they are gone
MOST_ALIKE = 0.5  # share of one value in a column that varies


@dataclass(frozen=True)
class Source:
    """A sound batch, with the training set that it is held against.

    Attributes:
        frame: The batch, shape (n, columns).
        training: The training set, shape (m, columns).
        spec: The model.
        kinds: Its features, and whether each is numeric or categorical.
        rng: Chooses columns and rows.
    """

    frame: pd.DataFrame
    training: pd.DataFrame
    spec: ModelSpec
    kinds: Mapping[str, str]
    rng: np.random.Generator

    def number(self, *, positive: bool = False, fractions: bool = False) -> str | None:
        """A column of numbers that vary in both tables."""
        return self._one_of([n for n in self._varied() if self._suits(n, positive, fractions)])

    def two_numbers(self) -> tuple[str, str] | None:
        """Two columns of numbers whose middle halves do not meet."""
        names, spans = self._varied(), {}
        for name in names:
            spans[name] = self.training[name].quantile([0.1, 0.9]).tolist()
        pairs = [
            (a, b)
            for i, a in enumerate(names)
            for b in names[i + 1 :]
            if spans[a][1] < spans[b][0] or spans[b][1] < spans[a][0]
        ]
        return pairs[int(self.rng.integers(len(pairs)))] if pairs else None

    def category(self, fewest: int = 2, most: int = 1_000) -> str | None:
        """A column of categories that vary within days."""
        names = [n for n, kind in self.kinds.items() if kind == "categorical"]
        varied = [n for n in names if fewest <= self.frame[n].nunique() <= most]
        return self._one_of([n for n in varied if self._varies_within_days(n)])

    def rows(self, share: float) -> np.ndarray:
        """A random mask of the rows."""
        return self.rng.random(len(self.frame)) < share

    def _varies_within_days(self, name: str) -> bool:
        if self.spec.timestamp is None:
            return True
        days = self.frame[self.spec.timestamp].dt.floor("D")
        return bool(self.frame.groupby(days)[name].nunique().median() > 1)

    def _varied(self) -> list[str]:
        names = [n for n, kind in self.kinds.items() if kind == "numeric"]
        tables = self.frame, self.training
        return [
            n
            for n in names
            if all(t[n].nunique() >= FEWEST_VALUES for t in tables)
            and all(t[n].isna().mean() < MOST_NULL for t in tables)
            and all(t[n].value_counts(normalize=True).max() < MOST_ALIKE for t in tables)
        ]

    def _suits(self, name: str, positive: bool, fractions: bool) -> bool:  # noqa: FBT001
        values = self.training[name].dropna()
        whole = float((values == values.round()).mean())
        return (not positive or values.min() >= 0) and (not fractions or whole < MOST_ALIKE)

    def _one_of(self, names: list[str]) -> str | None:
        return names[int(self.rng.integers(len(names)))] if names else None


Case = Callable[[Source], pd.DataFrame | None]


def _number(change: Callable[[pd.Series], pd.Series], **wanted: bool) -> Case:
    def case(source: Source) -> pd.DataFrame | None:
        name = source.number(**wanted)
        if name is None:
            return None
        return source.frame.assign(**{name: change(source.frame[name])})

    return case


def _category(change: Callable[[pd.Series], pd.Series], fewest: int = 2, most: int = 1000) -> Case:
    def case(source: Source) -> pd.DataFrame | None:
        name = source.category(fewest, most)
        if name is None:
            return None
        made = change(source.frame[name])
        return None if made.equals(source.frame[name]) else source.frame.assign(**{name: made})

    return case


def _some(value: object, share: float, *, text: bool = False) -> Case:
    def case(source: Source) -> pd.DataFrame | None:
        name = source.category() if text else source.number()
        if name is None:
            return None
        return source.frame.assign(**{name: source.frame[name].mask(source.rows(share), value)})

    return case


def _swapped(source: Source) -> pd.DataFrame | None:
    pair = source.two_numbers()
    if pair is None:
        return None
    a, b = pair
    return source.frame.assign(**{a: source.frame[b], b: source.frame[a]})


def _shifted(source: Source) -> pd.DataFrame | None:
    """All features moved by one column, as by a missing delimiter."""
    names = list(source.kinds)
    moved = {n: source.frame[names[i - 1]].to_numpy() for i, n in enumerate(names)}
    return source.frame.assign(**moved)


def _renamed(source: Source) -> pd.DataFrame | None:
    name = source.number() or source.category()
    if name is None:
        return None
    return source.frame.rename(columns={name: name.replace("_", "").upper()})


def _times(move: Callable[[pd.Series], pd.Series]) -> Case:
    def case(source: Source) -> pd.DataFrame | None:
        name = source.spec.timestamp
        if name is None:
            return None
        return source.frame.assign(**{name: move(source.frame[name])})

    return case


def _fan_out(source: Source) -> pd.DataFrame:
    return pd.concat([source.frame, source.frame[source.rows(0.3)]], ignore_index=True)


def _learnt(source: Source) -> pd.DataFrame:
    columns = list(source.frame.columns)
    return source.training[columns].tail(len(source.frame)).reset_index(drop=True)


def _reused_ids(source: Source) -> pd.DataFrame | None:
    name = source.spec.id
    if name is None or len(source.training) < len(source.frame):
        return None
    return source.frame.assign(**{name: source.training[name].head(len(source.frame)).to_numpy()})


def _nulls_gone(source: Source) -> pd.DataFrame | None:
    names = [n for n in source.kinds if source.training[n].isna().mean() > NULLS_USUAL]
    names = [n for n in names if source.frame[n].isna().any() and source.kinds[n] == "numeric"]
    if not names:
        return None
    name = names[0]
    return source.frame.assign(**{name: source.frame[name].fillna(source.frame[name].median())})


def _infinite(share: float) -> Case:
    return _some(np.inf, share)


def _far(source: Source) -> pd.DataFrame | None:
    name = source.number()
    if name is None:
        return None
    values = source.frame[name].copy()
    values.iloc[0] = source.training[name].max() * 50 + 50
    return source.frame.assign(**{name: values})


def _first_day(source: Source) -> pd.DataFrame | None:
    name = source.spec.timestamp
    if name is None:
        return None
    days = source.frame[name].dt.floor("D")
    return source.frame[days == days.min()].reset_index(drop=True)


BROKEN: Mapping[str, Case] = {
    "unit x1000": _number(lambda x: x * 1000),
    "unit x100": _number(lambda x: x * 100),
    "unit /100": _number(lambda x: x / 100),
    "unit /1000": _number(lambda x: x / 1000),
    "unit x60": _number(lambda x: x * 60),
    "feet for metres": _number(lambda x: x * 3.28084),
    "kilometres for miles": _number(lambda x: x * 1.609344),
    "sign turned": _number(lambda x: -x, positive=True),
    "constant": _number(lambda x: x * 0 + x.median()),
    "constant zero": _number(lambda x: x * 0),
    "constant category": _category(lambda x: x.where(x.isna(), x.mode().iloc[0])),
    "sentinel -999 in a fifth": _some(-999.0, 0.2),
    "sentinel -1 in a fifth": _some(-1.0, 0.2),
    "sentinel 9999 in 2%": _some(9999.0, 0.02),
    "zero in a fifth": _some(0.0, 0.2),
    "'unknown' in a fifth": _some("unknown", 0.2, text=True),
    "null 40%": _some(None, 0.4),
    "null 100%": _some(None, 1.1),
    "category null 40%": _some(None, 0.4, text=True),
    "nulls filled in": _nulls_gone,
    "infinite 5%": _infinite(0.05),
    "absurd 10%": _some(1e12, 0.1),
    "unseen flood": _category(lambda x: "new-" + x.astype(str)),
    "unseen in half": _category(lambda x: x.where(np.arange(len(x)) % 2 == 0, "zzz")),
    "upper case": _category(lambda x: x.str.upper().where(x.str.upper() != x, x.str.lower())),
    "coded as numbers": _category(lambda x: x.astype("category").cat.codes.astype(str) + "#"),
    "swapped": _swapped,
    "shifted columns": _shifted,
    "renamed": _renamed,
    "dropped": lambda s: s.frame.drop(columns=next(iter(s.kinds))),
    "retyped": _number(lambda x: "about " + x.astype(str)),
    "decimal comma": _number(lambda x: x.astype(str).str.replace(".", ",")),
    "future": _times(lambda t: t + pd.Timedelta(days=36_500)),
    "epoch": _times(lambda t: t.mask(np.arange(len(t)) % 4 == 0, pd.Timestamp(0, tz="UTC"))),
    "1900-01-01": _times(
        lambda t: t.mask(np.arange(len(t)) % 5 == 0, pd.Timestamp("1900-01-01", tz="UTC"))
    ),
    "fan-out": _fan_out,
    "rows already learnt": _learnt,
    "ids of the training set": _reused_ids,
}

SOUND: Mapping[str, Case] = {
    "as it is": lambda s: s.frame,
    "column order": lambda s: s.frame[s.frame.columns[::-1]],
    "extra column": lambda s: s.frame.assign(surplus=1.0),
    "float32": lambda s: s.frame.astype(
        {n: "float32" for n, kind in s.kinds.items() if kind == "numeric"}
    ),
    "dictionary encoding": lambda s: s.frame.astype(
        {n: "category" for n, kind in s.kinds.items() if kind == "categorical"}
    ),
    "shuffled": lambda s: s.frame.sample(frac=1, random_state=1),
    "null 5%": _some(None, 0.05),
    "new category 2%": _some("newcomer", 0.02, text=True),
    "one far value": _far,
    "quiet half": lambda s: s.frame[s.rows(0.6)],
    "first day": _first_day,
}
