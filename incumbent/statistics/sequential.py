"""A sequential test, valid after every batch, of whether the risk exceeds the baseline.

The running mean over blocks has an asymptotic confidence sequence: with the stated confidence
its bound holds at all looks together, for any number of looks and any stopping rule.

Reference: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, Time-uniform central limit theory and
asymptotic confidence sequences (Annals of Statistics, 2024), theorem 2.2 and equation (41).
"""

import math
from collections.abc import Sequence

from scipy.special import stdtrit

from incumbent.records import Estimate
from incumbent.statistics.intervals import FEW_BLOCKS

TIGHTEST_AT = 20  # blocks after which the bound is tightest
BASELINE_SHARE = 0.5  # of the error allowed: for the uncertainty of the baseline


def risk_above(
    looks: Sequence[Estimate], baseline: Estimate, tolerance: float, confidence: float
) -> Estimate | None:
    """Excess of the risk since the champion's installation over the limit.

    d = m - (1 + tolerance) p, with m the mean over the t blocks of all looks and p the baseline.
    Half of the error goes to the baseline (Student's t over its own blocks), half to the
    sequence.

    Args:
        looks: The loss of each batch so far, in any order.
        baseline: The champion's baseline loss.
        tolerance: Tolerated loss above the baseline, as a share of it.
        confidence: One-sided, over all looks together.

    Returns:
        d with its lower bound; harm is significant where that is above zero. None below five
        blocks, or where the baseline has no standard error.
    """
    known = [e for e in looks if e.blocks and math.isfinite(e.value)]
    blocks = sum(e.blocks for e in known)
    if blocks < FEW_BLOCKS or baseline.standard_error is None:
        return None
    alpha = (1 - confidence) * BASELINE_SHARE
    mean = sum(e.value * e.blocks for e in known) / blocks
    reach = _deviation(known, baseline) * boundary(blocks, (1 - confidence) - alpha)
    doubt = float(stdtrit(baseline.known_from - 1, 1 - alpha)) * baseline.standard_error
    doubt *= 1 + tolerance
    value, n = mean - (1 + tolerance) * baseline.value, sum(e.n for e in known)
    return Estimate(value, value - reach - doubt, None, None, n, blocks)


def boundary(blocks: int, alpha: float) -> float:
    """Half-width of the sequence after t blocks, in standard deviations of a block; one-sided.

    sqrt((t r + 1) / (t^2 r) log((t r + 1) / (2 alpha)^2)), with r chosen to make it tightest
    after 20 blocks. It decreases with t:

    >>> [round(boundary(t, 0.05), 2) for t in (5, 20, 80)]
    [1.33, 0.62, 0.32]
    """
    twice = 2 * alpha  # a one-sided bound at alpha is a two-sided one at twice that
    best = (-2 * math.log(twice) + math.log(-2 * math.log(twice)) + 1) / TIGHTEST_AT
    spread = blocks * best + 1
    return math.sqrt(spread / (blocks**2 * best) * math.log(spread / twice**2))


def _deviation(looks: Sequence[Estimate], baseline: Estimate) -> float:
    """Standard deviation of a block, pooled over the looks and the blocks of the baseline."""
    pooled = ((e, e.standard_error) for e in (baseline, *looks))
    known = [(e.known_from - 1, e.blocks * s**2) for e, s in pooled if s is not None]
    return math.sqrt(sum(f * square for f, square in known) / sum(f for f, _ in known))
