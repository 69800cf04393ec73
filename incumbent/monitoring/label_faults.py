"""Lessons: what forbids that a batch's labels teach a model.

A fault in labels looks like a changed world, and a model would learn it. What can be told apart
from a change is: labels upside down, shuffled among the rows, of one class alone, and come for
some scores but not for others. A batch with such a fault trains nobody, now or later, until labels
come for it that are sound.
"""

import pandas as pd

from incumbent.data.labels import COVERAGE_GAP, uneven
from incumbent.model.scoring import predictions_and_truth
from incumbent.model.training import fit
from incumbent.monitoring.harm import CONSTANT, INVERSION, UNRELATED
from incumbent.params import ModelSpec
from incumbent.records import DecisionInputs, Estimate, HarmReport, HarmSignal, Reason
from incumbent.statistics.slope import calibration_slope, related

MOST_SUSPECTS = 5  # newest batches that looked shuffled: each is fitted alone while labels do


def faults(inputs: DecisionInputs) -> tuple[Reason, ...]:
    """Why the labels of a batch teach nobody; none where nothing speaks against them."""
    coverage = unbalanced(inputs.harm) if inputs.harm else None
    shown = tuple(map(reason_of, _faulty(inputs)))
    return shown if coverage is None else (coverage, *shown)


def unbalanced(harm: HarmReport) -> Reason | None:
    """A reason where the labels that have come are no sample of the batch."""
    if not uneven(harm.coverage):
        return None
    least, most = min(harm.coverage), max(harm.coverage)
    text = (
        f"labels have come for {least:.0%} to {most:.0%} of rows by score: no sample of the batch"
    )
    return Reason("coverage", None, most - least, COVERAGE_GAP, text)


def shuffled(inputs: DecisionInputs) -> bool:
    """Whether the labels have nothing to do with the rows, as far as anything tells.

    In a changed world they have nothing to do with the champion's predictions either, but newer
    rows teach the recipe what they follow; of shuffled labels nothing can be learnt. Without a
    backtest the worse is taken to be true.
    """
    learnable = inputs.gain is not None and related(inputs.gain.slope)
    return UNRELATED in harmed(inputs) and not learnable


def cross_batch_slope(
    training_batch: pd.DataFrame, rows: pd.DataFrame, spec: ModelSpec, kinds: dict[str, str]
) -> Estimate:
    """How the labels of some rows follow what a training batch alone teaches of them.

    In a changed world a model of one suspect batch predicts the next; of shuffled labels it
    predicts nothing.

    Args:
        training_batch: Labelled rows to fit the recipe on, canonical.
        rows: Labelled rows that it is held against.
        spec: The recipe, and the confidence.
        kinds: The features and whether each is numeric or categorical.
    """
    said, came = predictions_and_truth(fit(training_batch, spec, kinds), rows, spec, kinds)
    return calibration_slope(said, came, spec.task, spec.harm_confidence)


def harmed(inputs: DecisionInputs) -> dict[str, HarmSignal]:
    """The signals of harm that are shown, by name; none without labels."""
    return inputs.harm.harmed if inputs.harm else {}


def reason_of(signal: HarmSignal) -> Reason:
    """A signal as a reason."""
    return Reason(signal.signal, None, signal.observed, signal.threshold, signal.text)


def _faulty(inputs: DecisionInputs) -> tuple[HarmSignal, ...]:
    shown = harmed(inputs)
    names = (INVERSION, CONSTANT, *((UNRELATED,) if shuffled(inputs) else ()))
    return tuple(shown[name] for name in names if name in shown)
