"""Feedback: rows whose label the model could influence, beside rows that were drawn blindly."""

from __future__ import annotations

from dataclasses import dataclass

from incumbent.records.measure import Estimate


@dataclass(frozen=True)
class FeedbackGroup:
    """The explored or the exploited rows of a batch.

    `loss` is the champion's loss on the labelled ones, with an interval over days; None without
    labels.
    """

    rows: int
    labelled: int
    loss: Estimate | None

    @property
    def share(self) -> float:
        """Share of the rows with a label; 0 without rows."""
        return self.labelled / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class FeedbackReport:
    """Explored rows, drawn blindly to the model, beside exploited ones, which it may influence.

    `propensity` is the share of rows that is drawn; None where none is. `influenced` is the share
    of labelled rows whose label a decision of the model may have influenced.

    `gap` is the loss on explored minus that on exploited rows, and `variance_gap` the same of the
    variance of the labels within a score band: both where explored rows are weighted to the score
    bands of the exploited ones, and None without rows of both in one band. `p` and `variance_p`
    are their one-sided p-values over `looks` batches together. `limit` is what `p` must be below
    for an alarm.
    """

    explored: FeedbackGroup
    exploited: FeedbackGroup
    propensity: float | None
    influenced: float
    metric_name: str
    gap: Estimate | None = None
    p: float | None = None
    variance_gap: Estimate | None = None
    variance_p: float | None = None
    looks: int = 1
    limit: float | None = None
    alarm: bool = False
