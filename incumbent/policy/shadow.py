"""The gate: compare champion and challenger on the same rows, and rule on the challenger.

The rows are newer than any row in the challenger's fit. Differences are paired row by row and
summed per day: the day is the unit of noise.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from incumbent.digest import text_digest
from incumbent.params import ModelSpec, ShadowRules, TrainingRules
from incumbent.records import (
    Burden,
    Estimate,
    PairedBlock,
    Ruling,
    ShadowReport,
    Verdict,
    document,
)
from incumbent.statistics.intervals import block_ratio
from incumbent.statistics.metrics import GUARDRAILS, METRIC_NAMES

Losses = dict[str, NDArray[np.float64]]
# The fields of a spec that determine the model fitted on given rows.
RECIPE = (
    "training_iterations",
    "training_learning_rate",
    "training_leaves",
    "training_half_life",
    "training_seed",
)


def pair(
    champion: Losses, challenger: Losses, blocks: NDArray[np.int64]
) -> tuple[PairedBlock, ...]:
    """Losses of both models summed per block; metric name to losses of shape (n,)."""
    days, index = np.unique(blocks, return_inverse=True)
    sums = {
        name: (
            np.bincount(index, weights=champion[name]).tolist(),
            np.bincount(index, weights=challenger[name]).tolist(),
        )
        for name in champion
    }
    rows = np.bincount(index).tolist()
    return tuple(
        PairedBlock(day, n, {name: (first[i], second[i]) for name, (first, second) in sums.items()})
        for i, (day, n) in enumerate(zip(days.tolist(), rows, strict=True))
    )


def compare(evidence: Iterable[PairedBlock], spec: ModelSpec, look: int) -> ShadowReport:
    """Challenger minus champion with intervals, on all the evidence so far.

    Look k gets the share 1 / (k (k + 1)) of the error that the spec allows. The shares of all
    looks at all challengers of one champion add up to at most one (a union bound), so repeated
    looks do not make a worse model pass.
    """
    blocks = tuple(evidence)
    confidence = 1 - (1 - spec.shadow_confidence) / (look * (look + 1))
    primary, guardrail = METRIC_NAMES[spec.task], GUARDRAILS[spec.task]
    n = sum(b.n for b in blocks)
    return ShadowReport(
        primary,
        _mean(blocks, primary, 0),
        _mean(blocks, primary, 1),
        _difference(blocks, primary, confidence),
        {guardrail: _difference(blocks, guardrail, confidence)},
        {name: spec.shadow_margin * _mean(blocks, name, 0) for name in (primary, guardrail)},
        n,
        look,
    )


def evidence_digest(evidence: tuple[PairedBlock, ...]) -> str:
    """SHA-256 of the evidence, so that a resumed run does not count it as a second look."""
    return text_digest([json.dumps(document(evidence))])


def judge(report: ShadowReport, burden: Burden, rules: ShadowRules) -> Verdict:
    """Promote, reject or extend. Missing evidence never promotes.

    A refresh must be non-inferior: the upper bound of its difference is within the margin, overall
    and on every guardrail. A replacement must be better overall, and non-inferior on every
    guardrail. A challenger that is significantly worse than allowed is rejected; otherwise the
    verdict is extend.
    """
    measured = {report.metric_name: report.primary, **report.guardrails}
    if report.n < rules.shadow_min_labels:
        text = f"{report.n} labelled rows to compare on, {rules.shadow_min_labels} needed"
        return Verdict(Ruling.EXTEND, burden, (text,))
    if not all(math.isfinite(e.value) for e in measured.values()):
        return Verdict(Ruling.REJECT, burden, ("a difference could not be computed",))
    allowed = dict(report.margins)
    if burden is Burden.REPLACEMENT:
        allowed[report.metric_name] = 0.0
    rulings = {name: _rule(e, allowed[name], burden) for name, e in measured.items()}
    reasons = tuple(_describe(n, e, allowed[n], rulings[n]) for n, e in measured.items())
    return Verdict(_worst(rulings.values()), burden, reasons)


def burden_of(champion: TrainingRules, challenger: TrainingRules) -> Burden:
    """Refresh for a challenger of the champion's recipe, replacement for any other."""
    return Burden.REFRESH if same_recipe(champion, challenger) else Burden.REPLACEMENT


def same_recipe(one: TrainingRules, other: TrainingRules) -> bool:
    """Whether two recipes fit equal models on equal rows."""
    return all(getattr(one, name) == getattr(other, name) for name in RECIPE)


def _rule(difference: Estimate, allowed: float, burden: Burden) -> Ruling:
    if difference.low is None or difference.high is None:
        return Ruling.EXTEND
    passed = (
        difference.high < allowed if burden is Burden.REPLACEMENT else difference.high <= allowed
    )
    if passed:
        return Ruling.PROMOTE
    return Ruling.REJECT if difference.low > allowed else Ruling.EXTEND


def _worst(rulings: Iterable[Ruling]) -> Ruling:
    return max(rulings, key=(Ruling.PROMOTE, Ruling.EXTEND, Ruling.REJECT).index)


def _describe(name: str, difference: Estimate, allowed: float, ruling: Ruling) -> str:
    if difference.low is None or difference.high is None:
        return f"{name}: all rows are of one block, so there is no interval: {ruling.value}"
    return (
        f"{name} {difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]"
        f" against the champion, allowed {allowed:+.4f}: {ruling.value}"
    )


def _difference(blocks: tuple[PairedBlock, ...], name: str, confidence: float) -> Estimate:
    top = np.array([b.sums[name][1] - b.sums[name][0] for b in blocks], dtype=np.float64)
    rows = np.array([b.n for b in blocks], dtype=np.float64)
    # Two batches may share a day: its rows are one block.
    days = np.array([b.block for b in blocks], dtype=np.int64)
    by_day = block_ratio(top, rows, days, confidence)
    return replace(by_day, n=int(rows.sum()))


def _mean(blocks: tuple[PairedBlock, ...], name: str, model: int) -> float:
    return sum(b.sums[name][model] for b in blocks) / max(sum(b.n for b in blocks), 1)
