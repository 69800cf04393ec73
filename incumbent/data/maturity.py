"""Label maturity: the share of a batch's rows with a label, by the number of later batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from incumbent.records import BatchEntry, Cohort, MaturityPoint, PooledPoint

if TYPE_CHECKING:  # both are slow to import, and commands that only print need neither
    import pandas as pd

    from incumbent.data.labels import Labelled

NEGLIGIBLE = 0.005


def maturity(
    labelled: Labelled, labels: pd.DataFrame, later: Mapping[str, int], rows: int
) -> tuple[MaturityPoint, ...]:
    """The share of a batch's rows that had a label, by the number of later batches.

    Args:
        labelled: The labelled rows.
        labels: All labels that arrived, with columns `id` and `arrival`.
        later: The number of later batches at each arrival.
        rows: Rows of the batch.

    Returns:
        A point for each increase of the share; the last one is today's share. A label that
        arrived more than once counts from its first arrival.
    """
    first = labels["arrival"].map(later).groupby(labels["id"]).min()
    lags, counts = np.unique(first.reindex(labelled.predictions.ids), return_counts=True)
    shares = (counts.cumsum() / max(rows, 1)).tolist()
    return tuple(MaturityPoint(int(k), share) for k, share in zip(lags, shares, strict=True))


def cohorts(entries: Sequence[BatchEntry], newest: int) -> list[Cohort]:
    """Label maturity of handled batches, from their documents.

    Args:
        entries: Batches with their documents; a document without maturity is left out.
        newest: Ordinal of the newest batch.
    """
    curves = [(entry, (entry.document or {}).get("maturity")) for entry in entries]
    return [
        Cohort(newest - entry.ordinal, entry.batch.rows, tuple(MaturityPoint(**p) for p in curve))
        for entry, curve in curves
        if curve is not None
    ]


def share_after(points: Sequence[MaturityPoint], batches_later: int) -> float:
    """The share of rows with a label after `batches_later` later batches.

    >>> share_after((MaturityPoint(1, 0.5), MaturityPoint(3, 0.9)), 2)
    0.5
    """
    return max((p.share for p in points if p.batches_later <= batches_later), default=0.0)


def pooled(cohorts: Sequence[Cohort]) -> tuple[PooledPoint, ...]:
    """Label maturity of many batches, weighted by rows, up to the last increase.

    A batch counts at a lag only if its age is greater: younger batches can still receive labels
    at that lag, and would bias the share downwards. The set of batches therefore depends on the
    lag, and the share may fall where it changes.

    >>> young, old = Cohort(0, 100, ()), Cohort(1, 100, (MaturityPoint(0, 0.8),))
    >>> pooled([young, old])
    (PooledPoint(batches_later=0, share=0.8, batches=1),)
    """
    reached = [p.batches_later for c in cohorts for p in c.maturity if p.batches_later < c.age]
    closed = [[c for c in cohorts if c.age > lag] for lag in range(max(reached, default=0) + 1)]
    return tuple(_pool(lag, old) for lag, old in enumerate(closed) if old)


def describe_maturity(points: Sequence[MaturityPoint | PooledPoint]) -> str:
    """One sentence on when labels arrive; empty without points.

    It names the lag after which at most half a percent of the rows still receive a label.

    >>> describe_maturity((MaturityPoint(0, 0.62), MaturityPoint(3, 0.97)))
    'Labels: 62% come with the batch, 97% within 3 batches.'
    >>> describe_maturity((MaturityPoint(1, 0.5),))
    'Labels: 0% come with the batch, 50% within 1 batch.'
    """
    if not points:
        return ""
    at_once = points[0].share if points[0].batches_later == 0 else 0.0
    nearly = next(p for p in points if p.share > points[-1].share - NEGLIGIBLE)
    lag = nearly.batches_later
    within = f", {nearly.share:.0%} within {lag} batch{'es' * (lag > 1)}" if lag else ""
    return f"Labels: {at_once:.0%} come with the batch{within}."


def _pool(lag: int, cohorts: Sequence[Cohort]) -> PooledPoint:
    rows = sum(c.rows for c in cohorts)
    labelled = sum(share_after(c.maturity, lag) * c.rows for c in cohorts)
    return PooledPoint(lag, labelled / max(rows, 1), len(cohorts))
