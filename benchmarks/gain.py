"""The gain of retraining, and the share of it that the default policy keeps.

    python -m benchmarks.gain --flights FOLDER FOLDER...

For each history never, always and periodic retraining and the spec's own policy: all four are
fitted on the same rows with the same recipe, and differ in timing only. `plain` is always
retraining with equal row weights. The same on the rows in random order, where only more rows can
bring a gain. Gain kept = (never - policy) / (never - always), at most 1.2 for one history.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.histories import Tables, histories, permuted
from benchmarks.stored_fits import StoredFits
from incumbent.replay.fits import Fits
from incumbent.replay.loop import fixed_policy, occasions, replay_policy
from incumbent.replay.trial import Trial, evenly

CAP = 1.2
LINE = "{:<24} {:>9} {:>9} {:>9} {:>9} {:>9}  {:>5} {:>6} {:>5} {:>5} {:>7} {:>7}  {:>6} {:>8}"
HEAD = (
    *("history", "never", "plain", "always", "periodic", "own"),
    *("train", "always", "fits", "prom", "seconds", "always", "kept", "periodic"),
)


@dataclass(frozen=True)
class Comparison:
    """The policies on one history."""

    name: str
    never: Trial
    plain: Trial
    always: Trial
    periodic: Trial
    own: Trial

    def kept(self, policy: Trial) -> float:
        """The loss that a policy saves, as a share of that of `always`; at most 1.2."""
        gain = self.never.loss - self.always.loss
        return min((self.never.loss - policy.loss) / gain, CAP)


def compare(tables: Tables, settings: dict[str, object], cache: Path | None) -> Comparison:
    """All policies on one history, with these settings of the spec."""
    spec = tables.spec.model_validate({**tables.spec.model_dump(), **settings})
    history = tables.history()
    fits = Fits(history, spec) if cache is None else StoredFits(history, spec, cache)
    own = replay_policy(fits)
    fixed = partial(fixed_policy, fits, without=own.faulty)
    found = Comparison(
        tables.name,
        fixed(()),
        fixed(occasions(fits), recent=False),
        fixed(occasions(fits)),
        fixed(evenly(own.trainings, len(history))),
        own,
    )
    fits.close()
    return found


def table(found: list[Comparison]) -> Iterator[str]:
    """A line for each history, and the means of the gain kept."""
    yield LINE.format(*HEAD)
    for c in found:
        losses = [f"{t.loss:.4f}" for t in (c.never, c.plain, c.always, c.periodic, c.own)]
        counts = (c.own.trainings, c.always.trainings, c.own.fits, c.own.promotions)
        seconds = (f"{t.fit_seconds:.1f}" for t in (c.own, c.always))
        kept = (f"{c.kept(c.own):.3f}", f"{c.kept(c.periodic):.3f}")
        yield LINE.format(c.name, *losses, *counts, *seconds, *kept)
    own, periodic = (
        np.mean([c.kept(getattr(c, name)) for c in found]) for name in ("own", "periodic")
    )
    yield f"mean gain kept {own:.3f}, periodic {periodic:.3f}"


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
    given = words.parse_args()
    settings = dict(pair.split("=", 1) for pair in given.set)
    found = []
    for tables in histories(given.flights, given.folders):
        walked = permuted(tables) if given.permuted else tables
        found.append(compare(walked, settings, given.cache))
    print(*table(found), sep="\n")  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
