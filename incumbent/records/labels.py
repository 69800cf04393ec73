"""Arrivals of labels, and label maturity, with later batches as the unit of time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LabelArrival:
    """A table of labels that arrived together: its digest, and the path of its file."""

    digest: str
    path: str


@dataclass(frozen=True)
class MaturityPoint:
    """Share of a batch's rows with a label once `batches_later` later batches had arrived.

    0 means together with the batch, or before the next one.
    """

    batches_later: int
    share: float


@dataclass(frozen=True)
class Cohort:
    """The rows and the label maturity of one batch; `age` counts the later batches."""

    age: int
    rows: int
    maturity: tuple[MaturityPoint, ...]


@dataclass(frozen=True)
class PooledPoint:
    """Share of the rows of `batches` batches with a label after `batches_later` later batches."""

    batches_later: int
    share: float
    batches: int
