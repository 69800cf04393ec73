"""Means with their noise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A mean with its two-sided interval; blocks (days), not rows, are the unit of noise."""

    value: float
    low: float | None
    high: float | None
    standard_error: float | None
    n: int
    blocks: int
