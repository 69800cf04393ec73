"""A challenger beside its champion, and what the gate says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from incumbent.records.measure import Estimate
from incumbent.records.model import Version


class Ruling(StrEnum):
    """What the gate says of a challenger."""

    PROMOTE = "promote"
    REJECT = "reject"
    EXTEND = "extend"


class Burden(StrEnum):
    """What a challenger has to prove: non-inferiority or superiority."""

    REFRESH = "refresh"
    REPLACEMENT = "replacement"


@dataclass(frozen=True)
class ShadowReport:
    """Challenger minus champion on the same rows: negative is better for the challenger."""

    metric_name: str
    champion_loss: float
    challenger_loss: float
    primary: Estimate
    guardrails: Mapping[str, Estimate]
    margins: Mapping[str, float]
    n: int
    look: int


@dataclass(frozen=True)
class Verdict:
    """The gate's answer, the burden of proof it was given under, and why."""

    verdict: Ruling
    burden: Burden
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Cost:
    """Fits, and the seconds they took."""

    fits: int
    fit_seconds: float


@dataclass(frozen=True)
class Retraining:
    """What came of a retraining: the shadow, the verdict, and every fit behind them."""

    shadow: ShadowReport
    verdict: Verdict
    fits: int
    fit_seconds: float


@dataclass(frozen=True)
class PairedBlock:
    """Sums over one block of rows that two models scored: metric -> (champion, challenger).

    `batch` is the ordinal of the batch whose rows these are.
    """

    block: int
    n: int
    sums: Mapping[str, tuple[float, float]]
    batch: int | None = None


@dataclass(frozen=True)
class Challenger:
    """A frozen challenger on which the evidence so far was not enough."""

    version: Version
    champion: int
    evidence: tuple[PairedBlock, ...]
