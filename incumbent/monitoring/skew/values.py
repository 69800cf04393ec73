"""Checks of the values alone: null, one constant, other names of the same values."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from incumbent.monitoring.skew.found import EXPLAINED, Found, Mismatches, surprising
from incumbent.monitoring.skew.pair import NULL, Codes, Mask
from incumbent.monitoring.skew.shown import in_words, number_of
from incumbent.records import SkewKind

FEWEST = 3  # rows that a map between values is read from
REPEATS = 2  # rows for each pair of values on average
MOST_NAMED = 5  # values in a sentence
SPELLINGS: dict[str, Callable[[str], str]] = {
    "spaces around the text": str.strip,
    "upper and lower case": str.casefold,
    "case and spaces": lambda text: text.strip().casefold(),
}


def unreadable(rows: Mismatches) -> Found | None:
    """Served text in the place of a number."""
    if not rows.unreadable.any():
        return None
    first = rows.pair.shown("serving", int(rows.places[rows.unreadable.argmax()]))
    text = f"text in the place of a number, such as {in_words(first)}"
    return rows.found(SkewKind.OTHER, rows.unreadable, text)


def missing_in_serving(rows: Mismatches) -> Found | None:
    """Null was served, and the offline value is known."""
    count = int(rows.no_serving.sum())
    text = f"null in serving, not offline, in {number_of(count)}"
    return rows.found(SkewKind.MISSING, rows.no_serving, text) if count else None


def missing_offline(rows: Mismatches) -> Found | None:
    """A value was served, and the offline value is null."""
    count = int(rows.no_offline.sum())
    text = f"null offline, not in serving, in {number_of(count)}"
    return rows.found(SkewKind.MISSING, rows.no_offline, text) if count else None


def default(rows: Mismatches) -> Found | None:
    """One constant was served where the offline values are several, or null."""
    served, offline = rows.keys
    found = _constant(rows)
    if found is None:
        return None
    behind = offline[served == _most_frequent(served)]
    several = len(np.unique(behind)) > 1 or bool((behind == NULL).any())
    return found if several else None


def only_value(rows: Mismatches) -> Found | None:
    """One constant was served where the offline value is another one."""
    return _constant(rows)


def spelled(rows: Mismatches) -> Found | None:
    """The same text in another case, or with spaces."""
    levels = rows.pair.levels
    if levels is None or not rows.both.any():
        return None
    served, offline = (side[rows.both].astype(np.int64) for side in (rows.serving, rows.offline))
    for name, spell in SPELLINGS.items():
        plain = pd.factorize(np.array([spell(text) for text in levels], dtype=object))[0]
        hits = rows.both.copy()
        hits[rows.both] = plain[served] == plain[offline]
        if hits.mean() >= EXPLAINED:
            return rows.found(SkewKind.RECODED, hits, name)
    return None


def recoded(rows: Mismatches) -> Found | None:
    """A one-to-one map of the values that holds in all joined rows.

    A value is mapped where at least nine in ten rows of the offline value, and of the served one,
    have the other.
    """
    served, offline, _ = rows.pair.keys
    known = (served != NULL) & (offline != NULL)
    pairs = pd.DataFrame({"offline": offline[known], "serving": served[known]})
    counted = pairs.value_counts().rename("rows").reset_index()
    of_offline = counted.groupby("offline")["rows"].transform("sum")
    of_serving = counted.groupby("serving")["rows"].transform("sum")
    mapped = counted["rows"] >= EXPLAINED * np.maximum(of_offline, of_serving)
    changed = counted[mapped & (counted["offline"] != counted["serving"])]
    now = dict(zip(changed["offline"], changed["serving"], strict=True))
    mine, theirs = rows.keys
    hits = np.fromiter(
        (now.get(o) == s for s, o in zip(mine, theirs, strict=True)), dtype=bool, count=len(rows)
    )
    if hits.sum() < max(FEWEST, REPEATS * len(now)):
        return None
    return rows.found(SkewKind.RECODED, hits, _mapped(rows, hits, len(now)))


def _constant(rows: Mismatches) -> Found | None:
    _, _, whole = rows.pair.keys
    mine, _ = rows.keys
    value = _most_frequent(mine)
    if value == NULL:
        return None
    hits = mine == value
    if not surprising(int(hits.sum()), len(rows), _chance(whole, value)):
        return None
    first = rows.pair.shown("serving", int(rows.places[hits.argmax()]))
    nulls = int((rows.no_offline & hits).sum())
    filled = " for null" if nulls == hits.sum() else ""
    some = f", for null in {nulls}" if nulls and not filled else ""
    value_shown, count = in_words(first), number_of(int(hits.sum()))
    text = f"{value_shown} was served{filled} in {count}{some}"
    return rows.found(SkewKind.DEFAULT, hits, text)


def _chance(whole: Codes, value: int) -> float:
    """Probability that another row's value is a certain one, where it is not the row's own."""
    shares = np.bincount(whole + 1, minlength=value + 2) / len(whole)
    usual, apart = float(shares[value + 1]), 1.0 - float(shares @ shares)
    return max(usual * (1 - usual) / apart if apart else 0.0, 1 / (len(whole) + 1))


def _most_frequent(codes: Codes) -> int:
    found, counts = np.unique(codes, return_counts=True)
    return int(found[counts.argmax()])


def _mapped(rows: Mismatches, hits: Mask, values: int) -> str:
    _, offline = rows.keys
    firsts = np.unique(np.where(hits, offline, NULL), return_index=True)
    named = [int(at) for code, at in zip(*firsts, strict=True) if code != NULL][:MOST_NAMED]
    pair = rows.pair
    texts = [
        " -> ".join(
            in_words(pair.shown(side, int(rows.places[at]))) for side in ("offline", "serving")
        )
        for at in named
    ]
    more = f" and {values - len(named)} more" if values > len(named) else ""
    return f"offline -> serving: {', '.join(texts)}{more}"
