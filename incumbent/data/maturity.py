"""Maturity: which share of a batch's labels was in after how long, counted in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from incumbent.records import BatchEntry, Cohort, MaturityPoint, PooledPoint

if TYPE_CHECKING:  # heavy, and only handed in: a command that prints imports neither
    import pandas as pd

    from incumbent.data.labels import Labelled

HARDLY_ANY = 0.005


def maturity(
    labelled: Labelled, labels: pd.DataFrame, later: Mapping[str, int], rows: int
) -> tuple[MaturityPoint, ...]:
    """Which share of a batch's rows had a label after how many further batches.

    Args:
        labelled: The rows whose labels have come.
        labels: Every label that came, with columns `id` and `arrival`.
        later: How many further batches had come by each arrival.
        rows: Rows of the batch.

    Returns:
        A point wherever the share grows; the last one is what has matured by now. A label that
        came more than once counts from the first time.
    """
    first = labels["arrival"].map(later).groupby(labels["id"]).min()
    lags, counts = np.unique(first.reindex(labelled.predictions.ids), return_counts=True)
    shares = (counts.cumsum() / max(rows, 1)).tolist()
    return tuple(MaturityPoint(int(k), share) for k, share in zip(lags, shares, strict=True))


def cohorts(entries: Sequence[BatchEntry], newest: int) -> list[Cohort]:
    """How the labels of handled batches came in, as their documents say.

    Args:
        entries: Batches with their documents; one that is older than this knowledge is left out.
        newest: Ordinal of the newest batch that has come.
    """
    curves = [(entry, (entry.document or {}).get("maturity")) for entry in entries]
    return [
        Cohort(newest - entry.ordinal, entry.batch.rows, tuple(MaturityPoint(**p) for p in curve))
        for entry, curve in curves
        if curve is not None
    ]


def share_after(points: Sequence[MaturityPoint], batches_later: int) -> float:
    """The share of rows that had a label by then.

    >>> share_after((MaturityPoint(1, 0.5), MaturityPoint(3, 0.9)), 2)
    0.5
    """
    return max((p.share for p in points if p.batches_later <= batches_later), default=0.0)


def pooled(cohorts: Sequence[Cohort]) -> tuple[PooledPoint, ...]:
    """The maturity of many batches together, rows counting alike, up to the last growth.

    A batch counts at a lag only once a later batch has closed it (its age is greater): younger
    ones may still get labels there, and would make labels look slower than they are. The batches
    therefore differ from lag to lag, and where they do the share may fall.

    >>> young, old = Cohort(0, 100, ()), Cohort(1, 100, (MaturityPoint(0, 0.8),))
    >>> pooled([young, old])
    (PooledPoint(batches_later=0, share=0.8, batches=1),)
    """
    reached = [p.batches_later for c in cohorts for p in c.maturity if p.batches_later < c.age]
    closed = [[c for c in cohorts if c.age > lag] for lag in range(max(reached, default=0) + 1)]
    return tuple(_pool(lag, old) for lag, old in enumerate(closed) if old)


def describe_maturity(points: Sequence[MaturityPoint | PooledPoint]) -> str:
    """When labels come, in a sentence; nothing where nothing is known.

    It names the lag after which hardly any (half a percent of rows) are still to come.

    >>> describe_maturity((MaturityPoint(0, 0.62), MaturityPoint(3, 0.97)))
    'Labels: 62% come with the batch, 97% within 3 batches.'
    >>> describe_maturity((MaturityPoint(1, 0.5),))
    'Labels: 0% come with the batch, 50% within 1 batch.'
    """
    if not points:
        return ""
    at_once = points[0].share if points[0].batches_later == 0 else 0.0
    nearly = next(p for p in points if p.share > points[-1].share - HARDLY_ANY)
    lag = nearly.batches_later
    within = f", {nearly.share:.0%} within {lag} batch{'es' * (lag > 1)}" if lag else ""
    return f"Labels: {at_once:.0%} come with the batch{within}."


def _pool(lag: int, cohorts: Sequence[Cohort]) -> PooledPoint:
    rows = sum(c.rows for c in cohorts)
    came = sum(share_after(c.maturity, lag) * c.rows for c in cohorts)
    return PooledPoint(lag, came / max(rows, 1), len(cohorts))
