"""False alarms of the whole decision without drift: `python -m benchmarks.alarms`.

A champion is judged on 50 labelled batches without drift, by the functions that `monitor` calls:
all signals of harm, a backtest of an equally good model, and the decision. Days may share an AR(1)
effect that no feature explains. An alarm is a reason that names harm. A training for a gain that is
due to chance costs fits, and the gate decides on its model.
"""

from argparse import ArgumentParser
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from incumbent.data.labels import Labelled
from incumbent.model.baseline import baseline_of
from incumbent.monitoring.harm import judge_harm
from incumbent.params import ModelSpec, Task
from incumbent.policy.decision import decide
from incumbent.policy.gain import GAIN, BacktestDesign, measure_gain
from incumbent.policy.shadow import pair
from incumbent.records import (
    Action,
    DecisionInputs,
    JudgedBatch,
    ModelCard,
    Outcome,
    Predictions,
    Profile,
    TrainingSet,
)
from incumbent.statistics.metrics import Scored, row_losses, truth_of
from incumbent.statistics.slope import calibration_slope

STREAMS, LOOKS = 1_000, 50
DAYS, ROWS_A_DAY, BASELINE_DAYS = 10, 40, 60
SPREAD, MODEL_ERROR, DAY_EFFECT = 1.0, 0.3, 0.3
Floats = NDArray[np.float64]


@dataclass
class World:
    """A source of rows without drift, whose days may share an effect."""

    task: Task
    correlation: float | None
    random: np.random.Generator
    effect: float = 0.0

    def rows(self, days: int) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
        """Rows of the next days: predictions of two equally good models, truth, and days."""
        n = days * ROWS_A_DAY
        signal = self.random.normal(-1.0, SPREAD, n)
        shift = np.repeat([self._next_day() for _ in range(days)], ROWS_A_DAY)
        first, second = (signal + self.random.normal(0, MODEL_ERROR, n) for _ in range(2))
        day = np.repeat(np.arange(days), ROWS_A_DAY)
        if self.task is Task.REGRESSION:
            truth = signal + shift + self.random.normal(0, 1, n)
            return first[:, None], second[:, None], truth, day
        truth = (self.random.random(n) < expit(signal + shift)).astype(float)
        return _shares(first), _shares(second), truth, day

    def _next_day(self) -> float:
        if self.correlation is None:
            return 0.0
        fresh = (1 - self.correlation**2) ** 0.5 * self.random.normal()
        self.effect = self.correlation * self.effect + fresh
        return DAY_EFFECT * self.effect


def stream(world: World) -> set[str]:
    """The signals that gave a reason at least once; whether any alarm or training occurred."""
    card, judged_batches, seen = _card(world), tuple[JudgedBatch, ...](), set[str]()
    for look in range(LOOKS):
        inputs = _inputs(world, card, judged_batches, look)
        decision = decide(inputs)
        retrained = decision.action is Action.RETRAIN
        seen |= {r.signal for r in decision.reasons} | ({"training"} if retrained else set())
        seen |= {"any alarm"} if {r.signal for r in decision.reasons} - {GAIN} else set()
        judged_batches += (_past(inputs, retrained=retrained),)
    return seen


def _inputs(
    world: World, card: ModelCard, judged_batches: tuple[JudgedBatch, ...], look: int
) -> DecisionInputs:
    values, others, outcomes, day = world.rows(DAYS)
    n, spec = len(outcomes), card.spec
    ids = np.arange(n).astype(str).astype(object)
    predictions = Predictions(ids, day, values, np.ones(n, bool))
    is_number = spec.task is Task.REGRESSION
    labels = pd.Series(outcomes if is_number else outcomes.astype(int).astype(str))
    earlier = [p.loss for p in judged_batches if p.loss is not None]
    harm = judge_harm(Labelled(predictions, np.arange(n), labels, 0), n, card, earlier)
    truth = truth_of(labels, spec.task, card.classes)
    losses = [row_losses(v, truth, spec.task) for v in (values, others)]
    gain = measure_gain(
        pair(losses[0], losses[1], day),
        card,
        BacktestDesign(
            rows=n,
            learnt=n,
            look=look + 1,
            slope=calibration_slope(others, truth, spec.task, spec.harm_confidence),
        ),
    )
    return DecisionInputs(
        spec,
        str(look),
        1,
        Outcome.PASS,
        None,
        harm,
        None,
        waiting=False,
        gain=gain,
        judged_batches=judged_batches,
    )


def _past(inputs: DecisionInputs, *, retrained: bool) -> JudgedBatch:
    harm, gain = inputs.harm, inputs.gain
    assert harm is not None  # noqa: S101 - made above
    assert gain is not None  # noqa: S101 - made above
    loss = harm.metrics[harm.metric_name]
    return JudgedBatch(inputs.batch, harm.rows, 1, retrained, gain.saved, loss)


def _card(world: World) -> ModelCard:
    spec = ModelSpec(name="still", task=world.task, target="y")
    values, _, truth, day = world.rows(BASELINE_DAYS)
    classes = () if spec.task is Task.REGRESSION else ("0", "1")
    baseline = baseline_of(Scored(values, truth, day), spec, None if not classes else 0.5)
    return ModelCard(
        spec,
        classes,
        0.5 if classes else None,
        Profile(0, 0, {}),
        baseline,
        TrainingSet("still", 0, None, ()),
    )


def _shares(log_odds: Floats) -> Floats:
    p = expit(log_odds)
    return np.column_stack([1 - p, p])


def main() -> None:
    """Print the share of streams in which each signal gave a reason at least once."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=STREAMS)
    streams = parser.parse_args().streams
    for task in (Task.BINARY, Task.REGRESSION):
        for correlation in (None, 0.3, 0.5, 0.7):
            random = np.random.default_rng(7)
            found = Counter(
                name for _ in range(streams) for name in stream(World(task, correlation, random))
            )
            days = "exchangeable" if correlation is None else f"AR(1) {correlation}"
            shares = ", ".join(f"{name} {k / streams:.3f}" for name, k in found.most_common())
            print(f"{task.value}, {days}: {shares or 'silent'}", flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
