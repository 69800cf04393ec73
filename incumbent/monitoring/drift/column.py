"""Distance and p-value of one column of a batch against the reference."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from incumbent.data.profile import bin_counts
from incumbent.data.profile.counting import OTHER, UNSEEN
from incumbent.data.profile.spread import deviation
from incumbent.data.profile.windows import NULL_QUANTILE, at_length
from incumbent.records import ORDERED, ColumnDrift, ColumnProfile, NullQuality, Profile, Windows
from incumbent.statistics.distance import (
    area_between,
    binned,
    certified,
    distances,
    jensen_shannon,
    largest_change,
    shares,
    stability_index,
    steps,
)
from incumbent.statistics.evidence import (
    effective_rows,
    p_of_categories,
    p_of_order,
    p_of_share,
    p_of_unseen,
    quantile_of_categories,
    quantile_of_order,
)

FEWEST_ROWS = 20
SOUND_WINDOWS = 20
NORMAL_QUANTILE = 1.6448536269514722  # of NULL_QUANTILE: scipy.special.ndtri(0.95)


@dataclass(frozen=True)
class Sides:
    """One column of batch and reference, with their effective numbers of rows n and m."""

    batch: ColumnProfile
    reference: ColumnProfile
    normal: Windows | None
    n: float
    m: float

    @cached_property
    def counts(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Counts per bin, nulls last."""
        return bin_counts(self.batch), bin_counts(self.reference)

    @cached_property
    def steps(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Cumulative shares of an ordered column."""
        batch, reference = self.counts
        return steps(batch), steps(reference)


def null_quality_of(batch: Profile, reference: Profile) -> NullQuality:
    """Quality of the null: from the rows, and the reference's windows as long as the batch."""
    if min(batch.rows, reference.rows) < FEWEST_ROWS:
        return NullQuality.INSUFFICIENT
    if reference.blocks == 0 or reference.blocks >= SOUND_WINDOWS * max(batch.blocks, 1):
        return NullQuality.SOUND
    return NullQuality.WEAK_NULL


def sides_of(name: str, batch: Profile, reference: Profile) -> Sides:
    """One column of batch and reference, with the correlation of rows within windows."""
    normal = at_length(reference.null.get(name, ()), batch.blocks, reference.blocks)
    correlation = normal.correlation if normal else 0.0
    windows = max(1.0, reference.blocks / max(batch.blocks, 1))
    return Sides(
        batch.columns[name],
        reference.columns[name],
        normal,
        effective_rows(batch.rows, correlation),
        windows * effective_rows(reference.rows / windows, correlation),
    )


def measure(
    name: str, sides: Sides, null_quality: NullQuality, weight: float | None
) -> ColumnDrift:
    """Distance, p-value and null of a column, without q and alarm, which need all columns."""
    kind = sides.reference.kind
    if null_quality is NullQuality.INSUFFICIENT:
        return ColumnDrift(
            name, kind, None, None, None, None, alarm=False, null_quality=null_quality
        )
    batch, reference = sides.counts
    if kind in ORDERED:
        distance, error = certified(*sides.steps)
    else:
        distance, error = float(distances(batch, reference, kind)), 0.0
    p_values = _p_values(sides, batch, reference, distance)
    return ColumnDrift(
        name,
        kind,
        distance,
        min(1.0, len(p_values) * min(p_values.values())),
        None,
        null_quantile(sides),
        alarm=False,
        error=error,
        measures=measures(sides),
        p_values=p_values,
        shares=_shares(sides),
        effective=sides.n,
        null_quality=null_quality,
        weight=weight,
    )


def null_quantile(sides: Sides) -> float:
    """The 95% quantile of the distance for batches of this size and span without drift.

    The larger of the quantile over windows of the reference, and that of as many independent
    rows as the batch's effective size.
    """
    batch, reference = sides.counts
    if sides.reference.kind in ORDERED:
        chance = quantile_of_order(NULL_QUANTILE, sides.n, sides.m)
    else:
        pooled = shares(batch + reference)
        chance = quantile_of_categories(NORMAL_QUANTILE, pooled, sides.n, sides.m)
    return max(chance, sides.normal.distance if sides.normal else 0.0)


def measures(sides: Sides) -> dict[str, float | None]:
    """Further distances by name: PSI in nats, Jensen-Shannon in bits."""
    batch, reference = sides.counts
    if sides.reference.kind in ORDERED:
        batch, reference = binned(batch, reference)
        own = {"wasserstein_sd": _wasserstein(sides)}
    else:
        own = {"largest_change": largest_change(batch, reference)}
    return {
        **own,
        "population_stability_index": stability_index(batch, reference),
        "jensen_shannon_bits": jensen_shannon(batch, reference),
    }


def _p_values(
    sides: Sides, batch: NDArray[np.float64], reference: NDArray[np.float64], distance: float
) -> dict[str, float]:
    n, m = sides.n / sides.batch.rows, sides.m / sides.reference.rows
    found = {}
    if sides.reference.kind in ORDERED:
        found["values"] = p_of_order(distance, sides.n, sides.m)
    else:
        # Nulls are a category too; `other` and `unseen` are pooled first.
        order = [*range(len(batch) - 3), len(batch) - 1, len(batch) - 3, len(batch) - 2]
        found["values"] = p_of_categories(batch[order] * n, reference[order] * m, rest=2)
        found |= _p_of_unseen(sides, n, m)
    if sides.batch.nulls or sides.reference.nulls:
        found["nulls"] = p_of_share(
            sides.batch.nulls * n, sides.n, sides.reference.nulls * m, sides.m
        )
    return found


def _p_of_unseen(sides: Sides, n: float, m: float) -> dict[str, float]:
    """P-value of the share of unseen values; empty where none are unseen or expected."""
    counts = sides.reference.counts
    unseen = int(sides.batch.counts[UNSEEN])
    once, twice = (int((counts[:OTHER] == times).sum()) for times in (1, 2))
    if counts[OTHER] or not (unseen or once):
        return {}
    return {"unseen": p_of_unseen(unseen * n, sides.n, once * m, twice * m, sides.m)}


def _shares(sides: Sides) -> dict[str, float | None]:
    batch, reference = sides.batch, sides.reference
    found: dict[str, float | None] = {
        "nulls_batch": batch.nulls / batch.rows,
        "nulls_reference": reference.nulls / reference.rows,
    }
    if reference.kind in ORDERED:
        return found
    told_apart = not reference.counts[OTHER]
    return {**found, "unseen": int(batch.counts[UNSEEN]) / batch.rows if told_apart else None}


def _wasserstein(sides: Sides) -> float | None:
    """Wasserstein distance in standard deviations of the reference; None where not finite."""
    batch, reference = sides.batch, sides.reference
    scale = deviation(reference)
    if scale is None or not (batch.spread and reference.spread and batch.spread.finite):
        return None
    if batch.spread.infinite or reference.spread.infinite or len(reference.edges) == 0:
        return None
    here, there = batch.spread, reference.spread
    outside = sum(
        abs(a / here.finite - b / there.finite)
        for a, b in ((here.below, there.below), (here.above, there.above))
    )
    f, g = (s[1:-1] / s[-2] for s in sides.steps)
    area = area_between(f - g, reference.edges) + outside
    return area / scale if math.isfinite(area / scale) else None
