"""Values of other rows: the values of a feature agree as a set, and the rows do not."""

from collections.abc import Sequence

import numpy as np

from incumbent.monitoring.skew.found import EXPLAINED, Found, Mismatches
from incumbent.monitoring.skew.pair import Codes, Mask, Pair
from incumbent.records import RowSkew, SkewKind

FEWEST = 2  # rows that can change places
ENOUGH_ROWS, ENOUGH_VALUES = 20, 3  # from which the very same counts of few values are no chance
FEWEST_FEATURES = 2
NEARLY_ALL = 0.8  # of the features that tell rows apart
TELLS_APART = 0.25  # probability that two rows differ in a feature that does
HALF = 0.5


def permuted(rows: Mismatches) -> Found | None:
    """The mismatching rows were served the values of one another."""
    served, offline = rows.keys
    if len(rows) < FEWEST or not _is_evident(served, offline):
        return None
    share = overlap(served, offline)
    text = f"{share:.0%} of the values that were served are offline values of others of these rows"
    return Found(SkewKind.PERMUTED, share, text)


def whole_rows(pairs: Sequence[Pair]) -> tuple[RowSkew | None, Mask]:
    """Rows that were served with all values of other rows, and which they are, shape (n,).

    They mismatch in at least half as many features as two different rows do on average; over
    them, in nearly all features that tell rows apart, the served values are the offline ones as a
    set.
    """
    none: Mask = np.zeros(len(pairs[0].place) if pairs else 0, dtype=bool)
    if sum(bool(pair.differs.any()) for pair in pairs) < FEWEST_FEATURES:
        return None, none
    apart = {pair.feature: _apart(pair.keys[1]) for pair in pairs}
    count = np.sum([pair.differs for pair in pairs], axis=0)
    rows = np.asarray(count >= max(FEWEST_FEATURES, HALF * sum(apart.values())))
    telling = [pair for pair in pairs if apart[pair.feature] >= TELLS_APART]
    if rows.sum() < FEWEST or len(telling) < FEWEST_FEATURES:
        return None, none
    moved = [pair for pair in telling if _moved(pair, rows, apart[pair.feature])]
    evident = any(_is_evident(*(side[rows] for side in pair.keys[:2])) for pair in moved)
    if not evident or len(moved) < max(FEWEST_FEATURES, NEARLY_ALL * len(telling)):
        return None, none
    share, number = float(rows.mean()), int(rows.sum())
    text = (
        f"{number} rows mismatch in nearly all features at once, and were served the values of"
        " one another: other rows under their ids"
    )
    return RowSkew(SkewKind.PERMUTED, number, share, text), rows


def overlap(served: Codes, offline: Codes) -> float:
    """Share of the served values that the offline ones have as well, counted with repeats.

    >>> overlap(np.array([1, 1, 2, 3]), np.array([3, 1, 2, 2]))
    0.75
    """
    size = max(int(served.max()), int(offline.max())) + 2
    counts = (np.bincount(side + 1, minlength=size) for side in (served, offline))
    return float(np.minimum(*counts).sum()) / len(served)


def _is_evident(served: Codes, offline: Codes) -> bool:
    """Whether the sets of values agree further than those of other values of the feature would."""
    share, values = overlap(served, offline), len(np.unique(served))
    if share >= EXPLAINED and values >= max(FEWEST, HALF * len(served)):
        return True
    return share == 1 and len(served) >= ENOUGH_ROWS and values >= ENOUGH_VALUES


def _moved(pair: Pair, rows: Mask, apart: float) -> bool:
    served, offline, _ = pair.keys
    differing = float(pair.differs[rows].mean())
    return differing >= HALF * apart and overlap(served[rows], offline[rows]) >= EXPLAINED


def _apart(codes: Codes) -> float:
    """Probability that two rows drawn at random have different values."""
    shares = np.bincount(codes + 1) / max(len(codes), 1)
    return 1.0 - float(shares @ shares)
