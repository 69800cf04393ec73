"""Means with their noise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A mean with its two-sided interval; blocks (days), not rows, are the unit of noise.

    `noise_blocks` are the blocks that its standard error is known from, where it is borrowed.
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
        """The blocks that its standard error is known from."""
        return self.blocks if self.noise_blocks is None else self.noise_blocks
