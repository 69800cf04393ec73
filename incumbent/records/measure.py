"""Estimates with intervals."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """An estimate with its two-sided interval; blocks (days), not rows, are the unit of noise.

    `noise_blocks` is the number of blocks behind the standard error, where other blocks than the
    estimate's own contribute to it.
    """

    value: float
    low: float | None
    high: float | None
    standard_error: float | None
    n: int
    blocks: int
    noise_blocks: int | None = None

    @property
    def known_from(self) -> int:
        """The number of blocks behind the standard error."""
        return self.blocks if self.noise_blocks is None else self.noise_blocks
