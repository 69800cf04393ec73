"""Means with honest intervals: rows of one day share its weather, so days are the unit."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from incumbent.records import Estimate

JACKKNIFE_GROUPS = 20
FEW_BLOCKS = 5
FEWEST_BLOCKS = 2


def block_mean(
    values: NDArray[np.float64], blocks: NDArray[np.int64], confidence: float
) -> Estimate:
    """Mean of rows, with an interval whose unit is the block.

    Args:
        values: One number per row, shape (n,).
        blocks: The block that each row belongs to, shape (n,).
        confidence: Confidence of each of the two bounds, one-sided.

    >>> day = np.repeat(np.arange(4), 100)
    >>> block_mean(np.repeat([0.0, 1.0, 0.0, 1.0], 100), day, 0.95).low < 0
    True
    """
    return block_ratio(values, np.ones(len(values)), blocks, confidence)


def block_ratio(
    numerator: NDArray[np.float64],
    denominator: NDArray[np.float64],
    blocks: NDArray[np.int64],
    confidence: float,
) -> Estimate:
    """Ratio of two sums over rows, with a linearised interval over blocks.

    The variance is that of a ratio of cluster totals (Cochran, Sampling Techniques, 1977,
    eq. 11.30, without the finite-population factor): B/(B-1) sum(e_b^2) / (sum d)^2 with
    e_b = n_b - r d_b. Student's t with B - 1 degrees of freedom.

    Returns:
        The ratio; NaN where the denominators sum to zero. Bounds are None below two blocks,
        and where the ratio or its error is not finite.
    """
    _, index = np.unique(blocks, return_inverse=True)
    top = np.bincount(index, weights=numerator).astype(np.float64)
    bottom = np.bincount(index, weights=denominator).astype(np.float64)
    return ratio_of_blocks(top, bottom, len(numerator), confidence)


def ratio_of_blocks(
    top: NDArray[np.float64], bottom: NDArray[np.float64], n: int, confidence: float
) -> Estimate:
    """The same from sums per block, shape (B,)."""
    count, total = len(top), float(bottom.sum())
    if count == 0 or total == 0:
        return Estimate(math.nan, None, None, None, n, count)
    ratio = float(top.sum()) / total
    if count < FEWEST_BLOCKS or not math.isfinite(ratio):
        return Estimate(ratio, None, None, None, n, count)
    with np.errstate(over="ignore"):  # an error too large for a float64 gives no bounds
        residual = top - ratio * bottom
        error = math.sqrt(count / (count - 1) * float(residual @ residual)) / total
    return with_interval(ratio, error, n, count, confidence)


def with_interval(
    value: float, standard_error: float, n: int, blocks: int, confidence: float
) -> Estimate:
    """An estimate with the t interval of its standard error, blocks - 1 degrees of freedom.

    An error that is not finite says nothing: the bounds are None.
    """
    if not math.isfinite(standard_error):
        return Estimate(value, None, None, None, n, blocks)
    reach = float(stdtrit(blocks - 1, confidence)) * standard_error
    return Estimate(value, value - reach, value + reach, standard_error, n, blocks)


def difference(new: Estimate, old: Estimate, confidence: float) -> Estimate:
    """New minus old of two independent samples; the fewer blocks give the degrees of freedom.

    Bounds are None where either sample has none: nothing is known of its noise.
    """
    value, blocks = new.value - old.value, min(new.blocks, old.blocks)
    if new.standard_error is None or old.standard_error is None:
        return Estimate(value, None, None, None, new.n, blocks)
    error = math.hypot(new.standard_error, old.standard_error)
    return with_interval(value, error, new.n, blocks, confidence)


def borrow_noise(estimate: Estimate, known: Estimate, confidence: float) -> Estimate:
    """An estimate from few blocks with the noise between blocks that another one has seen.

    The mean of B blocks has the standard error s / sqrt(B), with s from the other's blocks.
    From five blocks on, or where the other knows no noise, the estimate stays as it is.
    """
    if estimate.blocks >= FEW_BLOCKS or not math.isfinite(estimate.value):
        return estimate
    if estimate.blocks == 0 or known.standard_error is None:
        return estimate
    error = known.standard_error * math.sqrt(known.blocks / estimate.blocks)
    error = max(error, estimate.standard_error or 0.0)
    return with_interval(estimate.value, error, estimate.n, known.blocks, confidence)


def jackknife(
    statistic: Callable[[NDArray[np.bool_]], float],
    blocks: NDArray[np.int64],
    confidence: float,
) -> Estimate:
    """Any statistic of rows, with a delete-a-group interval over blocks.

    Args:
        statistic: Takes a mask of the rows to keep, shape (n,).
        blocks: The block of each row, shape (n,); put into at most 20 groups.
        confidence: Confidence of each of the two bounds, one-sided.

    Reference: Shao and Tu, The Jackknife and Bootstrap (1995), section 2.3.
    """
    _, index = np.unique(blocks, return_inverse=True)
    groups = index % JACKKNIFE_GROUPS
    count = int(groups.max()) + 1 if len(groups) else 0
    value = statistic(np.ones(len(blocks), dtype=bool))
    if count < FEWEST_BLOCKS or not math.isfinite(value):
        return Estimate(value, None, None, None, len(blocks), count)
    left_out = np.array([statistic(groups != g) for g in range(count)])
    error = math.sqrt((count - 1) / count * float(((left_out - left_out.mean()) ** 2).sum()))
    return with_interval(value, error, len(blocks), count, confidence)
