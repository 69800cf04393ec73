"""Faults of the columns themselves: missing, renamed, or of a type that the model does not read."""

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping

import pandas as pd

from incumbent.data.intake import canonical_features
from incumbent.data.wording import letters_of
from incumbent.errors import UnreadableError
from incumbent.monitoring.data_faults.evidence import Evidence
from incumbent.plain_text import WITHHELD

ALIKE = 0.6  # likeness of two names (difflib) from which one may be the other


def missing(raw: pd.DataFrame, needed: Iterable[str]) -> Iterator[Evidence]:
    """The columns that a table lacks, each with the one that may be it under another name.

    >>> found = missing(pd.DataFrame({"carvalue": [1]}), ["car_value"])
    >>> [e.observed for e in found]
    ["missing; maybe 'carvalue' is 'car_value'"]
    """
    wanted, there = dict.fromkeys(needed), dict.fromkeys(map(str, raw.columns))
    absent = [name for name in wanted if name not in there]
    if not absent:
        return
    free = [name for name in there if name not in wanted]
    for name in absent:
        close = difflib.get_close_matches(name, free, n=1, cutoff=ALIKE)
        close = close or [other for other in free if letters_of(other) == letters_of(name)][:1]
        hint = f"; maybe {close[0]!r} is {name!r}" if close else ""
        yield Evidence("columns", name, f"missing{hint}", "a column that the model reads")


def unread(
    raw: pd.DataFrame, kinds: Mapping[str, str], sensitive: Collection[str] = ()
) -> Iterator[Evidence]:
    """The features whose values the model does not read, such as text in a column of numbers."""
    for name, kind in kinds.items():
        try:
            canonical_features(raw, {name: kind})
        except UnreadableError as error:
            observed = WITHHELD if name in sensitive else error.observed
            yield Evidence("types", name, observed, error.allowed)
