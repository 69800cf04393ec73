"""Spikes: one value that fills a share of a column of numbers, and did not in training.

A sentinel (-999), a default (0) or a mean that was filled in. A change of the world moves the
values around a point as well; a spike stands alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from incumbent.data.profile.windows import FEWEST_BLOCKS
from incumbent.monitoring.data_faults.evidence import ENOUGH_ROWS, Evidence, Examined, Floats
from incumbent.monitoring.data_faults.shape import limits_of
from incumbent.records import ColumnProfile

ZEROS = 0.1  # share of zeros that needs a reason
SPIKE = 0.05  # growth of the share of one value that needs a reason
RARE_BEFORE = 0.1  # share of a spike that training may have held
SENTINEL_SHARE, FEWEST = 0.005, 3  # share and rows of a known sentinel that are no accident
LARGEST = 0.5  # share of the far values that a single one holds, where it is a spike
ISOLATED = 0.05  # gap between 0 and the other values, as a share of their range
FILL, FAR_MORE = 0.15, 3.0  # share of a default, and how often it is that of any value in training

NINES = np.array([sign * (10.0**k - 1) for k in range(1, 10) for sign in (1, -1)])  # 9, -9, 99 ...
POWERS = [sign * 10.0**k for k in (10, 20, 30) for sign in (1, -1)]
INTEGERS = [-32768, 32767, 65535, -(2.0**31), 2.0**31 - 1, 2.0**32 - 1, -(2.0**63), 2.0**63]
LIMITS = np.array([*INTEGERS, *POWERS, -2208988800])  # the last one is 1900 in seconds
LONG_ENOUGH = 999
LONG = np.append(NINES[4:], LIMITS)  # sentinels in a column of few values as well, such as a flag
SENTINELS = np.concatenate([NINES, LIMITS, [-1.0]])
DEFAULTS = np.append(SENTINELS, 0.0)


@dataclass(frozen=True)
class Values:
    """The distinct values of a column, with their shares in the batch and in training."""

    found: Floats
    counts: NDArray[np.int64]
    shares: Floats
    before: Floats

    @property
    def rose(self) -> NDArray[np.bool_]:
        """Which values have grown beyond what training held of them."""
        grown = self.shares - self.before >= SPIKE
        return np.asarray(grown & (self.before <= RARE_BEFORE * self.shares))


def spike(batch: Examined, name: str, known: Floats) -> Evidence | None:
    """The largest spike of a column that is a sentinel, a default, or what nulls became.

    Args:
        batch: The batch beside the training set.
        name: The column.
        known: Its values that are no nulls, shape (n,), n > 0.
    """
    there = batch.reference.columns[name]
    found, counts = np.unique(known, return_counts=True)
    values = Values(found, counts, counts / len(known), _shares_before(found, there))
    marked = _sentinels(values, there) | _defaults(batch, name, values)
    if marked.any():
        at = int(np.argmax(np.where(marked, counts, 0)))
        text = f"{counts[at]:,} of {len(known):,} values are {batch.shown(name, found[at])}"
        expected = f"it in {values.before[at]:.2%} of the rows, as in training"
        return Evidence("sentinel", name, text, expected, int(counts[at]))
    return _filled_in(batch, name, values)


def _sentinels(values: Values, reference: ColumnProfile) -> NDArray[np.bool_]:
    """Known sentinels outside the range of training, and any value far outside it."""
    low, high, room = limits_of(reference)
    outside = (values.found < low) | (values.found > high)
    word = outside & np.isin(values.found, SENTINELS if room else LONG)
    far = (room > 0) & ((values.found < low - room) | (values.found > high + room))
    below_zero = (values.found < 0) & (low >= 0)
    word &= below_zero | far | (np.abs(values.found) >= LONG_ENOUGH)  # 9 and 99 are numbers, too
    enough = values.counts >= FEWEST
    marked: NDArray[np.bool_] = word & enough & (values.shares >= SENTINEL_SHARE)
    alone = values.counts >= LARGEST * max(int(values.counts[far].sum()), 1)
    return marked | (far & alone & enough & (values.shares >= SPIKE))


def _defaults(batch: Examined, name: str, values: Values) -> NDArray[np.bool_]:
    """Zeros, and known sentinels in the range of training, that fill more rows than any value did.

    Rows of a day may share a value: rows are counted as independent draws, or over some days.
    """
    zeros: NDArray[np.bool_] = values.rose & (values.found == 0) & (values.shares >= ZEROS)
    if batch.draws(name) < ENOUGH_ROWS and not _is_isolated(values.found):
        zeros[:] = False
    if batch.spec.timestamp is not None and batch.counted.blocks < FEWEST_BLOCKS:
        return zeros
    there = batch.reference.columns[name]
    usual = float(there.counts[1::2].max()) / max(there.rows - there.nulls, 1)
    filled = values.rose & (values.shares >= max(FILL, FAR_MORE * usual))
    found: NDArray[np.bool_] = zeros | (filled & np.isin(values.found, DEFAULTS))
    return found


def _filled_in(batch: Examined, name: str, values: Values) -> Evidence | None:
    """Nulls that became one value: their share fell by what the share of the value rose."""
    here, there = batch.counted.columns[name], batch.reference.columns[name]
    fell = there.nulls / max(there.rows, 1) - here.nulls / max(here.rows, 1)
    short = batch.spec.timestamp is not None and batch.counted.blocks < FEWEST_BLOCKS
    at = int(np.argmax(values.shares - values.before))
    rose = float(values.shares[at] - values.before[at])
    if short or fell < SPIKE or rose < fell / 2 or values.before[at] > RARE_BEFORE * rose:
        return None
    value = batch.shown(name, values.found[at])
    text = f"{values.counts[at]:,} values are {value}, and nulls fell by {fell:.1%} of the rows"
    return Evidence("default_filled_in", name, text, "nulls, as in training")


def _is_isolated(found: Floats) -> bool:
    """Whether 0 lies apart from the other values: a change of the world brings what is between."""
    others = found[found != 0]
    if len(others) == 0:
        return True
    return bool(np.abs(others).min() > ISOLATED * max(np.ptp(others), np.abs(others).max()))


def _shares_before(found: Floats, reference: ColumnProfile) -> Floats:
    """Share of each value in training; 0 for one between two cuts."""
    edges = reference.edges
    at = np.clip(np.searchsorted(edges, found), 0, len(edges) - 1)
    known = reference.counts[1::2][at] / max(reference.rows - reference.nulls, 1)
    return np.where(edges[at] == found, known, 0.0)
