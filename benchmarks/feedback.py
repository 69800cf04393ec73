"""How soon feedback is noticed, and what it costs: `python -m benchmarks.feedback`.

A logistic model is retrained on every batch, for 20 cycles of 2,000 rows. With probability u (the
usage) the outcome of a row is the model's own decision; otherwise it is the truth. Three models
learn from the same stream:

    naive     every cycle, on all labels so far
    rule      5% of the rows are explored; after an alarm it is trained no more, and a batch with
              an alarm is not learnt from
    explored  every cycle, on the labels of explored rows alone

Also: how often selective labels are told from labels that are missing at random.

The true error is the share of wrong decisions on 20,000 rows whose outcome nobody has influenced;
the true log loss is of the same rows. Both are means over 20 seeds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from incumbent.data.labels import Labelled
from incumbent.monitoring.coverage import Coverage, coverage, gap_of, uneven
from incumbent.monitoring.feedback import draw, measure_feedback
from incumbent.params import ModelSpec, Task
from incumbent.records import (
    Baseline,
    Estimate,
    Exploration,
    FeedbackReport,
    ModelCard,
    Predictions,
    Profile,
    TrainingSet,
)

USAGES, SEEDS, CYCLES = (0.0, 0.3, 0.6, 0.9), 20, 20
FIRST, ROWS, DAYS, TEST_ROWS, FEATURES = 300, 2_000, 10, 20_000, 8
SPEC = ModelSpec(name="m", task=Task.BINARY, target="y", id="i", feedback_exploration=0.05)
NAIVE, RULE, EXPLORED = "naive", "rule", "explored"
BATCHES, BATCH, WIDE = 2_000, 250, 0.2 + 1e-9
THRESHOLD = 0.5

Floats = NDArray[np.float64]


@dataclass
class World:
    """Rows whose true outcome is logistic in their features."""

    random: np.random.Generator
    weights: Floats

    def rows(self, n: int) -> tuple[Floats, Floats]:
        """Features, shape (n, p), and true outcomes, shape (n,)."""
        x = self.random.normal(size=(n, FEATURES))
        return x, (self.random.random(n) < expit(x @ self.weights)).astype(np.float64)


@dataclass(frozen=True)
class Run:
    """One model over all cycles: the cycle of its first alarm, its true error and log loss."""

    alarm: int | None
    error: float
    loss: float


def run(usage: float, seed: int, way: str) -> Run:
    """One model that is retrained in one of the three ways."""
    random = np.random.default_rng(seed)
    world = World(random, random.normal(size=FEATURES) / FEATURES**0.5)
    test = world.rows(TEST_ROWS)
    taught = [world.rows(FIRST)]
    model, reports, alarm = fitted(taught), list[FeedbackReport](), None
    for cycle in range(CYCLES):
        x, truth = world.rows(ROWS)
        values = model.predict_proba(x)
        exploration = None if way == NAIVE else drawn(seed, cycle)
        explored = np.zeros(ROWS, bool) if exploration is None else exploration.explored
        follows = ~explored & (random.random(ROWS) < usage)
        seen = np.where(follows, values[:, 1] >= THRESHOLD, truth)
        if way == RULE:
            predictions = predictions_of(values, seed, cycle)
            reports.append(report_on(predictions, seen, reports))
            alarm = cycle + 1 if alarm is None and reports[-1].alarm else alarm
        if alarm is None:
            kept = explored if way == EXPLORED else np.ones(ROWS, bool)
            taught.append((x[kept], seen[kept]))
            model = fitted(taught)
    score = model.predict_proba(test[0])[:, 1]
    hit = np.where(test[1] == 1, score, 1 - score)
    error = float(((score >= THRESHOLD) != test[1]).mean())
    return Run(alarm, error, float(-np.log(np.maximum(hit, 1e-9)).mean()))


def fitted(taught: list[tuple[Floats, Floats]]) -> LogisticRegression:
    """A logistic regression on all of these rows."""
    x, y = (np.concatenate([table[k] for table in taught]) for k in (0, 1))
    return LogisticRegression(C=10.0).fit(x, y)


@cache
def ids_of(seed: int, cycle: int) -> NDArray[np.object_]:
    """The ids of a batch, shape (n,)."""
    return np.array([f"{seed}-{cycle}-{k}" for k in range(ROWS)], dtype=object)


@cache
def drawn(seed: int, cycle: int) -> Exploration | None:
    """The rows of a batch that are explored, the same for every usage."""
    return draw(ids_of(seed, cycle), SPEC)


def predictions_of(values: Floats, seed: int, cycle: int) -> Predictions:
    """The predictions of a batch, with the rows that were drawn."""
    made = Predictions(
        ids_of(seed, cycle), np.arange(ROWS) % DAYS, values, np.ones(ROWS, dtype=bool)
    )
    return replace(made, exploration=drawn(seed, cycle))


def report_on(
    predictions: Predictions, seen: Floats, earlier: list[FeedbackReport]
) -> FeedbackReport:
    """What the monitor reports of a batch, all of whose labels have arrived."""
    labels = pd.Series(seen.astype(int).astype(str))
    labelled = Labelled(predictions, np.arange(len(labels)), labels, 0)
    none = Estimate(0.0, None, None, None, 0, 0)
    card = ModelCard(
        SPEC,
        ("0", "1"),
        THRESHOLD,
        Profile(0, 0, {}),
        Baseline("log_loss", none, none, {}),
        TrainingSet("", 0, None, ()),
    )
    return measure_feedback(predictions, labelled, card, earlier)


def table() -> Iterator[str]:
    """A line for each usage."""
    yield f"{SEEDS} seeds, {CYCLES} cycles of {ROWS} rows, exploration {SPEC.feedback_exploration}"
    yield f"{'':<6}{'rule':>21}{'true error':>28}{'true log loss':>30}"
    yield (
        f"{'usage':<6}{'alarm':>7}{'median cycle':>14}" + f"{NAIVE:>10}{RULE:>9}{EXPLORED:>10}" * 2
    )
    for usage in USAGES:
        found = {w: [run(usage, s, w) for s in range(SEEDS)] for w in (NAIVE, RULE, EXPLORED)}
        alarms = [r.alarm for r in found[RULE] if r.alarm is not None]
        middle = f"{np.median(alarms):.0f}" if alarms else "-"
        cells = [
            f"{np.mean([getattr(r, name) for r in runs]):.4f}"
            for name in ("error", "loss")
            for runs in found.values()
        ]
        yield f"{usage:<6}{len(alarms) / SEEDS:>7.0%}{middle:>14}" + "".join(
            f"{cell:>{width}}" for cell, width in zip(cells, (10, 9, 10) * 2, strict=True)
        )


def selective() -> Iterator[str]:
    """How often the labels of a batch are called selective, and how often by a gap of .2 alone."""
    random = np.random.default_rng(0)
    cases = [(f"{share:.0%} at random", BATCH, share, share) for share in (0.8, 0.6, 0.4)]
    cases += [("90% of positives, 50% of negatives", rows, 0.9, 0.5) for rows in (BATCH, 1_000)]
    yield f"{'labelled':<38}{'rows':>5}{'selective':>11}{'gap > .2':>10}"
    for name, rows, positives, negatives in cases:
        found = [labelled_by_chance(random, rows, (negatives, positives)) for _ in range(BATCHES)]
        called = np.mean([uneven(c) for c in found])
        gap = np.mean([gap_of(c.shares) > WIDE for c in found])
        yield f"{name:<38}{rows:>5}{called:>11.2%}{gap:>10.2%}"


def labelled_by_chance(
    random: np.random.Generator, rows: int, chances: tuple[float, float]
) -> Coverage:
    """Coverage of a batch whose negatives and positives are labelled with these chances."""
    score = expit(random.normal(0, 1.5, rows))
    chance = np.where(random.random(rows) < score, chances[1], chances[0])
    return coverage(score[:, None], np.flatnonzero(random.random(rows) < chance))


def main() -> None:
    """Print both tables."""
    print(*table(), "", *selective(), sep="\n")  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
