"""A column's counts as a few bars, for people to look at."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from incumbent.records import ORDERED, ColumnProfile

BARS = 16
TRIM = 0.01  # share of the reference that falls into the outer bars, on either side
BLOCKS = "▁▂▃▄▅▆▇█"


def bars(batch: ColumnProfile, reference: ColumnProfile) -> dict[str, list[float | str]]:
    """Shares of the rows in a few bars of like width, and what each bar begins with or names.

    >>> from incumbent.data.profile.counting import empty, of_numbers
    >>> bins = empty("numeric", np.array([0.0, 10.0]), ())
    >>> both = of_numbers(np.array([0.0, 0.0, 10.0, 10.0]), bins)
    >>> bars(both, both)["batch"][0], bars(both, both)["batch"][-1]
    (0.5, 0.5)
    """
    if reference.kind in ORDERED:
        labels, at = _by_width(reference)
    else:
        labels, at = _by_category(batch, reference)
    sides = {"reference": reference, "batch": batch}
    shares = {
        side: np.bincount(at, weights=c.counts / max(c.rows, 1), minlength=len(labels)).tolist()
        for side, c in sides.items()
    }
    return {"labels": labels, **shares}


def sparkline(shares: list[float], top: float) -> str:
    """Bars as one line of text; `top` is the share of the highest sign.

    >>> sparkline([0.0, 0.1, 0.2], 0.2)
    ' ▅█'
    """
    steps = len(BLOCKS) - 1
    return "".join(
        BLOCKS[min(steps, round(share / top * steps))] if share > 0 and top > 0 else " "
        for share in shares
    )


def sparklines(drawn: Mapping[str, Any]) -> dict[str, str]:
    """Bars of both sides as text, on one scale."""
    top = max((*drawn["reference"], *drawn["batch"]), default=0.0)
    return {side: sparkline(drawn[side], top) for side in ("reference", "batch")}


def _by_width(reference: ColumnProfile) -> tuple[list[float | str], NDArray[np.int64]]:
    edges = reference.edges
    if len(edges) == 0:
        return [0.0], np.zeros(len(reference.counts), dtype=np.int64)
    share = np.cumsum(reference.counts) / max(1, int(reference.counts.sum()))
    low, high = (
        float(edges[min(int(np.searchsorted(share, level)) // 2, len(edges) - 1)])
        for level in (TRIM, 1 - TRIM)
    )
    bounds = np.linspace(low, high, BARS + 1) if np.isfinite(high - low) else np.array([low, high])
    inner = edges[:-1] / 2 + edges[1:] / 2
    middle = np.empty(len(reference.counts))
    middle[0], middle[-1], middle[1::2], middle[2:-1:2] = -np.inf, np.inf, edges, inner
    at = np.clip(np.searchsorted(bounds, middle, side="right") - 1, 0, len(bounds) - 2)
    labels: list[float | str] = [float(b) for b in bounds[:-1]]
    return labels, at.astype(np.int64)


def _by_category(
    batch: ColumnProfile, reference: ColumnProfile
) -> tuple[list[float | str], NDArray[np.int64]]:
    named = len(reference.categories)
    both = reference.counts / max(reference.rows, 1) + batch.counts / max(batch.rows, 1)
    common = np.argsort(-both[:named], kind="stable")[: BARS - 2]
    at = np.full(named + 2, len(common))
    at[common] = np.arange(len(common))
    at[-1] = len(common) + 1
    labels = [*(reference.categories[i] for i in common), "others", "unseen"]
    return list(labels), at
