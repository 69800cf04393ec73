"""How often the sequential test alarms, and how soon: `python -m benchmarks.sequential`.

Streams of 50 looks, a block of 20 labels each, an error rate of .10, known from
a baseline of 100 blocks.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from incumbent.records import Estimate
from incumbent.statistics.intervals import block_mean
from incumbent.statistics.sequential import risk_above

STREAMS, LOOKS, ROWS, BASELINE_BLOCKS = 1_000, 50, 20, 100
CONFIDENCE, FIRST = 0.95, 5


def first_alarm(means: NDArray[np.float64], baseline: Estimate, tolerance: float) -> int | None:
    """The look, from 1, at which a stream of block means first alarms."""
    for t in range(FIRST, len(means) + 1):
        error = float(means[:t].std(ddof=1)) / t**0.5
        seen = Estimate(float(means[:t].mean()), None, None, error, t * ROWS, t)
        found = risk_above([seen], baseline, tolerance, CONFIDENCE)
        if found is not None and found.low is not None and found.low > 0:
            return t
    return None


def stream(
    random: np.random.Generator, blocks: int, rate: float, correlation: float
) -> NDArray[np.float64]:
    """Block means of errors; with a correlation the blocks share an AR(1) effect on the logit."""
    effect, shock = np.zeros(blocks), random.normal(size=blocks)
    if correlation:
        effect[0] = shock[0]
        for t in range(1, blocks):
            effect[t] = correlation * effect[t - 1] + (1 - correlation**2) ** 0.5 * shock[t]
    rates = expit(logit(rate) + (0.3 if correlation else 0.0) * effect)
    return np.asarray(random.binomial(ROWS, rates) / ROWS, dtype=np.float64)


def alarms(rate: float, correlation: float, tolerance: float, seed: int) -> list[int | None]:
    """The first alarm of each stream against a baseline of its own."""
    random, found = np.random.default_rng(seed), []
    for _ in range(STREAMS):
        held_out = stream(random, BASELINE_BLOCKS, 0.1, correlation)
        baseline = block_mean(held_out, np.arange(BASELINE_BLOCKS), CONFIDENCE)
        found.append(first_alarm(stream(random, LOOKS, rate, correlation), baseline, tolerance))
    return found


def share(found: list[int | None], within: int) -> float:
    """Share of streams that alarm within so many looks."""
    return sum(t is not None and t <= within for t in found) / len(found)


def main() -> None:
    """Print the shares."""
    lines = [
        f"benign, exchangeable, no tolerance: {share(alarms(0.1, 0, 0.0, 1), LOOKS):.3f}",
        f"benign, exchangeable, tolerance .05: {share(alarms(0.1, 0, 0.05, 2), LOOKS):.3f}",
        *(
            f"benign, AR(1) {phi} day effects, tolerance .05:"
            f" {share(alarms(0.1, phi, 0.05, 3), LOOKS):.3f}"
            for phi in (0.3, 0.5, 0.7)
        ),
        f"error .10 -> .20 within 500 labels: {share(alarms(0.2, 0, 0.05, 4), 500 // ROWS):.3f}",
    ]
    print(*lines, sep="\n")  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
