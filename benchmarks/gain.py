"""What retraining brings, and how much of it the default policy keeps.

    python -m benchmarks.gain --flights FOLDER FOLDER...

For each history: never, always and periodic retraining on all rows alike, and the spec's own
policy; the same on the rows in random order, where nothing is to be gained but by more rows.
Gain kept = (never - ours) / (never - always), at most 1.2 for one history.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.histories import histories, permuted
from benchmarks.kept import KeptFits
from incumbent.replay.fits import Fits
from incumbent.replay.history import evenly
from incumbent.replay.labelled_history import LabelledHistory
from incumbent.replay.loop import fixed, replay_policy
from incumbent.replay.state import Trial

CAP = 1.2
LINE = "{:<24} {:>9} {:>9} {:>9} {:>9}  {:>5} {:>6} {:>5} {:>5}  {:>6} {:>8}"
HEAD = ("history", "never", "always", "periodic", "replay_policy")
COUNTS = ("train", "always", "fits", "prom", "kept", "periodic")


@dataclass(frozen=True)
class Comparison:
    """The policies on one history."""

    name: str
    never: Trial
    always: Trial
    periodic: Trial
    replay_policy: Trial

    def kept(self, policy: Trial) -> float:
        """The share of what always retraining saves that a policy saves, at most 1.2."""
        gain = self.never.loss - self.always.loss
        return min((self.never.loss - policy.loss) / gain, CAP)


def compare(
    history: LabelledHistory, settings: dict[str, object], cache: Path | None
) -> Comparison:
    """All policies on one history, with these settings of the spec."""
    spec = history.spec.model_validate({**history.spec.model_dump(), **settings})
    fits = Fits(history, spec) if cache is None else KeptFits(history, spec, cache)
    batches = len(history)
    own = replay_policy(fits)
    return Comparison(
        history.name,
        fixed(fits, ()),
        fixed(fits, tuple(range(batches - 1))),
        fixed(fits, evenly(own.trainings, batches)),
        own,
    )


def table(found: list[Comparison]) -> Iterator[str]:
    """A line for each history, and the means of the gain kept."""
    yield LINE.format(*HEAD, *COUNTS)
    for c in found:
        losses = [f"{t.loss:.4f}" for t in (c.never, c.always, c.periodic, c.replay_policy)]
        counts = (
            c.replay_policy.trainings,
            c.always.trainings,
            c.replay_policy.fits,
            c.replay_policy.promotions,
        )
        kept = (f"{c.kept(c.replay_policy):.3f}", f"{c.kept(c.periodic):.3f}")
        yield LINE.format(c.name, *losses, *counts, *kept)
    means = [np.mean([c.kept(t) for c, t in pairs]) for pairs in _pairs(found)]
    yield f"mean gain kept {means[0]:.3f}, periodic {means[1]:.3f}"


def _pairs(found: list[Comparison]) -> tuple[list[tuple[Comparison, Trial]], ...]:
    return [(c, c.replay_policy) for c in found], [(c, c.periodic) for c in found]


def main() -> None:
    """Print the tables."""
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    words.add_argument("folders", nargs="*", type=Path, help="meta.json, reference, batch_*")
    words.add_argument("--flights", type=Path, help="where the flights of 2013 are, or go")
    words.add_argument("--cache", type=Path, help="keep fits in this folder")
    words.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE", help="of the spec")
    words.add_argument("--permuted", action="store_true", help="the rows in random order")
    words.add_argument("--verbose", action="store_true", help="each decision")
    given = words.parse_args()
    settings = dict(pair.split("=", 1) for pair in given.set)
    found = []
    for history in histories(given.flights, given.folders):
        walked = permuted(history) if given.permuted else history
        found.append(compare(walked, settings, given.cache))
        if given.verbose:
            print(*found[-1].replay_policy.said, sep="\n")  # noqa: T201 - the answer
    print(*table(found), sep="\n")  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
