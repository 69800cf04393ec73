"""How a batch's labels come in, with further batches as the unit of time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MaturityPoint:
    """Share of a batch's rows that had a label once `batches_later` further batches had come.

    0 batches later is together with the batch, or before the next one.
    """

    batches_later: int
    share: float


@dataclass(frozen=True)
class Cohort:
    """The rows of one batch and how their labels came in; `age` counts the batches after it."""

    age: int
    rows: int
    maturity: tuple[MaturityPoint, ...]


@dataclass(frozen=True)
class PooledPoint:
    """Share of the rows of `batches` batches that had a label after as many further ones."""

    batches_later: int
    share: float
    batches: int
