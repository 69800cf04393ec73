"""What a check of the mismatching rows of a feature has found."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc

from incumbent.monitoring.skew.pair import Codes, Floats, Mask, Pair
from incumbent.records import SkewKind

EXPLAINED = 0.9  # share of the mismatching rows that a kind must account for
CHANCE = 1e-3  # more likely by chance than this is no evidence


@dataclass(frozen=True)
class Found:
    """One pattern: its kind, the share of the mismatching rows that it explains, and words."""

    kind: SkewKind
    explained: float
    evidence: str


class Mismatches:
    """The m mismatching rows of a feature.

    Args:
        pair: The feature on both sides.
    """

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.places: NDArray[np.int64] = np.flatnonzero(pair.differs)
        self.serving: Floats = pair.serving[self.places]
        self.offline: Floats = pair.offline[self.places]
        self.unreadable: Mask = pair.unreadable[self.places]
        self.no_serving: Mask = np.isnan(self.serving) & ~self.unreadable
        self.no_offline: Mask = np.isnan(self.offline)
        self.both: Mask = ~(np.isnan(self.serving) | self.no_offline)

    def __len__(self) -> int:
        """The number of mismatching rows."""
        return len(self.places)

    @property
    def keys(self) -> tuple[Codes, Codes]:
        """Codes of like values of the mismatching rows, served and offline; null is -1."""
        served, offline, _ = self.pair.keys
        return served[self.places], offline[self.places]

    def found(self, kind: SkewKind, hits: Mask, evidence: str) -> Found:
        """A pattern that explains some of the mismatching rows, shape (m,)."""
        return Found(kind, float(hits.mean()), evidence)


def surprising(hits: int, rows: int, chance: float, tries: int = 1) -> bool:
    """Whether so many hits are too many for chance.

    Args:
        hits: Rows that fit a pattern.
        rows: Rows that could.
        chance: Probability that a row fits by chance.
        tries: Patterns that were tried.
    """
    if hits == 0 or chance >= 1:
        return False
    return float(bdtrc(hits - 1, rows, max(chance, 0.0))) * tries < CHANCE
