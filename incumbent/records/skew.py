"""Training-serving skew: the same rows as they were served, beside the offline table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Shown = str | float | None


class SkewKind(StrEnum):
    """How the served values of a feature differ from the offline ones.

    `unit`: a constant factor, an offset or both. `default`: one constant value was served where
    the offline value is another one, or null. `missing`: null on one side. `rounding`: fewer
    digits. `shifted`: the offline value of an earlier or later row. `recoded`: a one-to-one map of
    the values. `another row's value`: the same values, in other rows. `other`: none of these.
    """

    UNIT = "unit"
    DEFAULT = "default"
    MISSING = "missing"
    ROUNDING = "rounding"
    SHIFTED = "shifted"
    RECODED = "recoded"
    PERMUTED = "another row's value"
    OTHER = "other"


@dataclass(frozen=True)
class SkewExample:
    """One row whose value was served otherwise than it is offline; null is None."""

    id: str
    serving: Shown
    offline: Shown


@dataclass(frozen=True)
class FeatureSkew:
    """The skew of one feature over the joined rows.

    `low` and `high` are the 95% interval of the mismatch share (Clopper-Pearson). `kind` is None
    without a mismatch; `explained` is the share of the mismatching rows that the kind accounts for,
    and `evidence` states what was found, in words.
    """

    feature: str
    joined: int
    mismatches: int
    mismatch_share: float
    low: float
    high: float
    kind: SkewKind | None = None
    explained: float | None = None
    evidence: str | None = None
    examples: tuple[SkewExample, ...] = ()


@dataclass(frozen=True)
class RowSkew:
    """Whole rows that were served with the values of other rows: their number and share."""

    kind: SkewKind
    rows: int
    share: float
    evidence: str


@dataclass(frozen=True)
class ScoreSkew:
    """The effect of skew on the champion's predictions, over the joined rows.

    `mean` and `largest` are of |prediction of the served row - prediction of the offline row|: in
    probability (the class that differs most), or in units of the target. `flipped` is the share
    of rows whose predicted class differs; None for a regression.
    """

    rows: int
    mean: float
    largest: float
    flipped: float | None


@dataclass(frozen=True)
class AnswerSkew:
    """Logged requests replayed through the champion, beside the answers that were given.

    In an example `serving` is the logged answer, and `offline` the champion's.
    """

    rows: int
    mismatches: int
    mismatch_share: float
    examples: tuple[SkewExample, ...] = ()


@dataclass(frozen=True)
class SkewReport:
    """Skew of a table: its features, those that mismatch most first.

    `rows` counts rows and ids: `serving` and `offline` rows, `joined` rows, `mismatching` ones (in
    any feature), ids in one table only (`serving_only`, `offline_only`), ids that one table has
    twice (`serving_twice`, `offline_twice`), and rows without an id (`serving_unnamed`,
    `offline_unnamed`). `mismatch_share` is the largest of a feature. `whole_rows` is set where the
    same rows mismatch in nearly all features. `left_out` holds the columns that were not compared,
    with the reason.
    """

    features: tuple[FeatureSkew, ...]
    rows: Mapping[str, int]
    mismatch_share: float
    whole_rows: RowSkew | None = None
    score: ScoreSkew | None = None
    answers: AnswerSkew | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
