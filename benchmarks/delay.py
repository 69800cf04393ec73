"""What labels that come late cost: always retraining, and the spec's own policy.

    python -m benchmarks.delay --flights FOLDER FOLDER...

Each history is walked in memory with its labels at once, and one and five batches late.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from benchmarks.histories import histories
from incumbent.replay.fits import Fits
from incumbent.replay.labelled_history import LabelledHistory
from incumbent.replay.loop import fixed, replay_policy

DELAYS = 0, 1, 5
LINE = "{:<14} {:>5} {:>8} {:>8} {:>8} {:>8} {:>6} {:>9} {:>6}"
HEAD = ("history", "delay", "never", "always", "cost", "replay_policy", "cost", "trainings", "fits")


def lines(history: LabelledHistory) -> Iterator[str]:
    """A line for each delay; costs are against labels at once."""
    fits, batches, at_once = Fits(history, history.spec), len(history), list[float]()
    never = fixed(fits, ()).loss
    for delay in DELAYS:
        always = fixed(fits, tuple(range(batches - 1 - delay)), delay)
        own = replay_policy(fits, label_delay=delay)
        at_once = at_once or [always.loss, own.loss]
        costs = (
            f"{late.loss / best - 1:+.1%}"
            for late, best in zip((always, own), at_once, strict=True)
        )
        losses = (f"{tried.loss:.4f}" for tried in (always, own))
        pairs = (word for pair in zip(losses, costs, strict=True) for word in pair)
        yield LINE.format(history.name, delay, f"{never:.4f}", *pairs, own.trainings, own.fits)


def main() -> None:
    """Print the table."""
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    words.add_argument("folders", nargs="*", type=Path, help="meta.json, reference, batch_*")
    words.add_argument("--flights", type=Path, help="where the flights of 2013 are, or go")
    given = words.parse_args()
    print(LINE.format(*HEAD))  # noqa: T201 - the answer
    for history in histories(given.flights, given.folders):
        print(*lines(history), sep="\n", flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
