"""The cost of late labels, for `always` and the spec's own policy.

    python -m benchmarks.delay --flights FOLDER FOLDER...

Each history is replayed in memory with labels immediately, and one and five batches late.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from benchmarks.histories import Tables, histories
from incumbent.replay.fits import Fits
from incumbent.replay.loop import fixed_policy, occasions, replay_policy

DELAYS = 0, 1, 5
LINE = "{:<14} {:>5} {:>8} {:>8} {:>8} {:>8} {:>6} {:>9} {:>6}"
HEAD = ("history", "delay", "never", "always", "cost", "own", "cost", "trainings", "fits")


def lines(tables: Tables) -> Iterator[str]:
    """A line for each delay; costs are relative to immediate labels."""
    fits, at_once = Fits(tables.history(), tables.spec), list[float]()
    for delay in DELAYS:
        own = replay_policy(fits, label_delay=delay)
        never = fixed_policy(fits, ()).loss
        always = fixed_policy(fits, occasions(fits, delay), delay, without=own.faulty)
        at_once = at_once or [always.loss, own.loss]
        costs = (
            f"{late.loss / best - 1:+.1%}"
            for late, best in zip((always, own), at_once, strict=True)
        )
        losses = (f"{trial.loss:.4f}" for trial in (always, own))
        pairs = (word for pair in zip(losses, costs, strict=True) for word in pair)
        yield LINE.format(tables.name, delay, f"{never:.4f}", *pairs, own.trainings, own.fits)
    fits.close()


def main() -> None:
    """Print the table."""
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    words.add_argument("folders", nargs="*", type=Path, help="meta.json, reference, batch_*")
    words.add_argument("--flights", type=Path, help="where the flights of 2013 are, or go")
    given = words.parse_args()
    print(LINE.format(*HEAD))  # noqa: T201 - the answer
    for tables in histories(given.flights, given.folders):
        print(*lines(tables), sep="\n", flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
