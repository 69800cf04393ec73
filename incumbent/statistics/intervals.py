"""Means with confidence intervals over blocks: rows of one day are correlated."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, stdtrit

from incumbent.records import Estimate

JACKKNIFE_GROUPS = 20
FEW_BLOCKS = 5
FEWEST_BLOCKS = 2
FEW_BLOCKS_FACTOR = 1.33  # 2.1859 / 1.6449: see `serial_mean`


def block_mean(
    values: NDArray[np.float64], blocks: NDArray[np.int64], confidence: float
) -> Estimate:
    """Mean over rows, with an interval over blocks.

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


def share_interval(hits: int, rows: int, confidence: float) -> tuple[float, float]:
    """Bounds of a share of independent rows (Clopper and Pearson, 1934).

    Args:
        hits: Rows that count.
        rows: All rows; without any, nothing is known.
        confidence: Confidence of each of the two bounds, one-sided.

    >>> low, high = share_interval(0, 300, 0.95)
    >>> low, round(high, 4)
    (0.0, 0.0099)
    """
    if rows == 0:
        return 0.0, 1.0
    low = 0.0 if hits == 0 else float(betaincinv(hits, rows - hits + 1, 1 - confidence))
    high = 1.0 if hits == rows else float(betaincinv(hits + 1, rows - hits, confidence))
    return low, high


def serial_mean(
    values: NDArray[np.float64], blocks: NDArray[np.int64], confidence: float
) -> Estimate:
    """Mean over rows whose blocks are autocorrelated in time.

    The standard error of `block_mean` times sqrt(R) (1 + 1.33 b). R = 1 + 2 sum_l w_l r_l is the
    long-run variance over that of independent blocks, at least 1, with the Bartlett weights
    w_l = 1 - l / (L + 1) of the L = round(B^(1/3)) first autocorrelations r_l (Newey and West,
    1987); b = (L + 1) / B, and 1 + 1.33 b corrects for the estimation of R from few blocks
    (Kiefer and Vogelsang, 2005, table 1: the first-order term of the Bartlett kernel at 95%).

    Args:
        values: One number per row, shape (n,).
        blocks: The block that each row belongs to, shape (n,); greater is later.
        confidence: Confidence of each of the two bounds, one-sided.

    Returns:
        Below five blocks the result of `block_mean`: too few to estimate autocorrelations.
    """
    found = block_mean(values, blocks, confidence)
    if found.blocks < FEW_BLOCKS or found.standard_error is None:
        return found
    _, index = np.unique(blocks, return_inverse=True)
    residual = np.bincount(index, weights=values - found.value).astype(np.float64)
    error = found.standard_error * _serial_inflation(residual)
    return with_interval(replace(found, standard_error=error), confidence)


def ratio_of_blocks(
    top: NDArray[np.float64], bottom: NDArray[np.float64], n: int, confidence: float
) -> Estimate:
    """As `block_ratio`, from the sums of each block, shape (B,)."""
    count, total = len(top), float(bottom.sum())
    if count == 0 or total == 0:
        return Estimate(math.nan, None, None, None, n, count)
    ratio = float(top.sum()) / total
    if count < FEWEST_BLOCKS or not math.isfinite(ratio):
        return Estimate(ratio, None, None, None, n, count)
    with np.errstate(over="ignore"):  # an error too large for a float64 gives no bounds
        residual = top - ratio * bottom
        error = math.sqrt(count / (count - 1) * float(residual @ residual)) / total
    return with_interval(Estimate(ratio, None, None, error, n, count), confidence)


def with_interval(estimate: Estimate, confidence: float) -> Estimate:
    """The estimate with the bounds of the t interval of its standard error.

    Degrees of freedom: the number of blocks that the error was computed from, minus one. An
    error that is None or not finite gives None for the error and both bounds.
    """
    error, value = estimate.standard_error, estimate.value
    if error is None or not math.isfinite(error):
        return Estimate(value, None, None, None, estimate.n, estimate.blocks)
    reach = float(stdtrit(estimate.known_from - 1, confidence)) * error
    return replace(estimate, low=value - reach, high=value + reach)


def difference(new: Estimate, old: Estimate, confidence: float) -> Estimate:
    """New minus old of two independent samples; the smaller degrees of freedom count.

    Bounds are None where the standard error of either sample is None.
    """
    value, blocks = new.value - old.value, min(new.blocks, old.blocks)
    if new.standard_error is None or old.standard_error is None:
        return Estimate(value, None, None, None, new.n, blocks)
    error = math.hypot(new.standard_error, old.standard_error)
    known_from = min(new.known_from, old.known_from)
    return with_interval(Estimate(value, None, None, error, new.n, blocks, known_from), confidence)


def borrow_noise(estimate: Estimate, known: Estimate, confidence: float) -> Estimate:
    """An estimate from few blocks, with its standard error bounded below by another estimate's.

    The mean of B blocks has the standard error s / sqrt(B), with s from the other's blocks.
    From five blocks on, or where the other has no standard error, the estimate is unchanged.
    """
    if estimate.blocks >= FEW_BLOCKS:
        return estimate
    return share_noise(estimate, known, confidence)


def share_noise(estimate: Estimate, known: Estimate, confidence: float) -> Estimate:
    """The estimate with the greater of its own and another estimate's standard error.

    The other's error is scaled to the same number of blocks. Degrees of freedom add up, because
    the greater error is at least the pooled one. A missing error of five blocks or more stays
    None.
    """
    if not math.isfinite(estimate.value) or estimate.blocks == 0 or known.standard_error is None:
        return estimate
    if estimate.standard_error is None and estimate.blocks >= FEW_BLOCKS:
        return estimate
    error = known.standard_error * math.sqrt(known.blocks / estimate.blocks)
    error = max(error, estimate.standard_error or 0.0)
    known_from = known.known_from
    known_from += 0 if estimate.standard_error is None else estimate.known_from - 1
    known_error = replace(estimate, standard_error=error, noise_blocks=known_from)
    return with_interval(known_error, confidence)


def jackknife(
    statistic: Callable[[NDArray[np.bool_]], float],
    blocks: NDArray[np.int64],
    confidence: float,
) -> Estimate:
    """A statistic of rows, with a delete-a-group jackknife interval over blocks.

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
    return with_interval(Estimate(value, None, None, error, len(blocks), count), confidence)


def _serial_inflation(residual: NDArray[np.float64]) -> float:
    """Factor on the standard error of independent blocks, at least 1."""
    count, power = len(residual), float(residual @ residual)
    lags = round(math.cbrt(count))
    products = np.array([residual[lag:] @ residual[:-lag] for lag in range(1, lags + 1)])
    weights = 1 - np.arange(1, lags + 1) / (lags + 1)
    ratio = 1 + 2 * float(weights @ products) / power if power else 1.0
    return math.sqrt(max(ratio, 1.0)) * (1 + FEW_BLOCKS_FACTOR * (lags + 1) / count)
