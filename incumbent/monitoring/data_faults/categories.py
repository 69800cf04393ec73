"""Faults of a column of categories: a flood of unseen ones, another code, a word for missing."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from incumbent.data.profile.counting import OTHER, UNSEEN
from incumbent.data.wording import flag_of, letters_of
from incumbent.monitoring.data_faults.evidence import ENOUGH_ROWS, Evidence, Examined
from incumbent.records import ColumnProfile

CERTAIN = 3.0  # standard errors that the share of unseen values lies above the tolerance
SHOWN = 3
WORDS = 0.05  # share of a word for a missing value that is no accident
RECODED = 0.5  # share of unseen rows from which another code is looked for
ALIKE = 0.15  # distance of two distributions that one code would explain
MOST_CODES = 12  # categories of a column whose code can be compared by their shares
MISSING = {
    *("", "na", "n/a", "nan", "null", "none", "nil", "missing", "unknown", "undefined", "?"),
    *("-", "--", "-1", "-9", "-99", "-999", "-9999", "#n/a", "(null)", "<na>", "1900-01-01"),
}


def evidence(batch: Examined, name: str) -> Iterator[Evidence]:
    """Categories that training did not hold, and what they look like.

    A model cannot have learnt from a column of one category: others are no flood there.
    """
    sides = batch.sides(name)
    here, there = sides.batch, sides.reference
    known = here.rows - here.nulls
    unseen = int(here.counts[UNSEEN])
    if there.counts[OTHER]:  # more categories than bins: rare and new ones cannot be told apart
        unseen = max(0, round(here.counts[OTHER] - known * there.counts[OTHER] / there.rows))
    if not known or not unseen:
        return
    counted = batch.frame[name].value_counts()
    new = counted[~counted.index.isin(there.categories)]
    share = unseen / known
    examples = ", ".join(batch.shown(name, str(value)) for value in new.index[:SHOWN])
    text = f"{unseen:,} of {known:,} values unseen in training, e.g. {examples}"
    limit = f"at most {batch.spec.validation_unseen_tolerance:.0%} unseen values"
    if (word := _missing(new, known)) is not None:
        text = f"{int(new[word]):,} of {known:,} values are {batch.shown(name, word)}"
        yield Evidence("sentinel", name, text, "nulls, as in training", int(new[word]))
    elif share >= RECODED and (code := _recoded(new, there)):
        yield Evidence("recoded", name, f"{text}: {code}", "the categories of training", unseen)
    elif len(there.categories) > 1 and _floods(
        there, batch.draws(name), share, batch.spec.validation_unseen_tolerance
    ):
        yield Evidence("unseen", name, text, limit, unseen)
    else:
        some = there.categories[:SHOWN]
        known_ones = ", ".join(batch.shown(name, category) for category in some)
        more = len(there.categories) - len(some)
        limit = f"one of {known_ones}" + (f" and {more} more" if more else "")
        yield Evidence("new_categories", name, text, limit, unseen)


def _floods(there: ColumnProfile, draws: float, share: float, tolerance: float) -> bool:
    """Whether the share of unseen values is above the tolerance beyond doubt.

    Rows of a day share a category such as the season: independent draws count.
    """
    once = float((there.counts[:OTHER] == 1).sum()) / max(there.rows - there.nulls, 1)
    allowed = tolerance + once  # Good 1953: the share of what training saw once is still unseen
    error = np.sqrt(max(share * (1 - share), allowed) / max(draws, 1.0))
    return bool(draws >= ENOUGH_ROWS and share - CERTAIN * error > allowed)


def _missing(new: pd.Series, known: int) -> str | None:
    """A word for a missing value that training did not use, in a share that is no accident."""
    words = new[new.index.astype(str).str.strip().str.lower().isin(MISSING)]
    return str(words.index[0]) if words.sum() >= WORDS * known and len(words) else None


def _recoded(new: pd.Series, reference: ColumnProfile) -> str | None:
    """The code of training that the new categories stand for, in words."""
    names = [str(name) for name in new.index]
    for say, form in (("another case or spaces", letters_of), ("flags in other words", flag_of)):
        known = {form(category) for category in reference.categories} - {None}
        hits = [name for name in names if form(name) in known]
        if hits and new[new.index.isin(hits)].sum() >= RECODED * new.sum():
            return say
    there = np.sort(reference.counts[: len(reference.categories)])[::-1]
    there = there[there > 0]
    if len(names) != len(there) or not 1 < len(names) <= MOST_CODES:
        return None
    here = np.sort(new.to_numpy())[::-1]
    apart = float(np.abs(here / here.sum() - there / there.sum()).sum()) / 2
    return "as many categories as in training, as frequent" if apart <= ALIKE else None
