"""The comparison of a challenger with its champion, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from incumbent.records.measure import Estimate
from incumbent.records.model import Version


class Ruling(StrEnum):
    """The gate's ruling on a challenger."""

    PROMOTE = "promote"
    REJECT = "reject"
    EXTEND = "extend"


class Burden(StrEnum):
    """The burden of proof: non-inferiority of a refresh, superiority of a replacement."""

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
    """The gate's ruling, its burden of proof, and its reasons."""

    verdict: Ruling
    burden: Burden
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Cost:
    """The number of fits, and their duration in seconds."""

    fits: int
    fit_seconds: float


@dataclass(frozen=True)
class Retraining:
    """The result of a retraining: the comparison, the verdict, and the fits behind them."""

    shadow: ShadowReport
    verdict: Verdict
    fits: int
    fit_seconds: float


@dataclass(frozen=True)
class PairedBlock:
    """Losses of two models summed over one block of rows: metric -> (champion, challenger).

    `batch` is the ordinal of the batch of the rows.
    """

    block: int
    n: int
    sums: Mapping[str, tuple[float, float]]
    batch: int | None = None


@dataclass(frozen=True)
class Challenger:
    """A frozen challenger that waits for more evidence."""

    version: Version
    champion: int
    evidence: tuple[PairedBlock, ...]
