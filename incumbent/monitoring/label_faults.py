"""Faults of a batch: reasons to exclude it from training.

Faulty labels look like concept drift, and a model would learn them. Four faults can be told from
a real change: inverted labels, labels shuffled among the rows, labels of one class only, and
label coverage that depends on the score. Such a batch is excluded from training until corrected
labels arrive. So is one whose rows were served with other values than it holds, and one whose
outcomes follow the champion's own decisions.
"""

import pandas as pd

from incumbent.model.scoring import predictions_and_truth
from incumbent.model.training import fit
from incumbent.monitoring.coverage import COVERAGE_GAP, Coverage, gap_of, uneven
from incumbent.monitoring.feedback import feedback_reason
from incumbent.monitoring.harm import CONSTANT, INVERSION, UNRELATED
from incumbent.monitoring.skew.limit import skew_fault
from incumbent.params import ModelSpec
from incumbent.records import (
    DecisionInputs,
    Estimate,
    Failure,
    HarmReport,
    HarmSignal,
    Outcome,
    Reason,
)
from incumbent.statistics.slope import calibration_slope, related

INVALID = "labels"
MOST_SUSPECTS = 5  # newest batches that look shuffled; each costs a fit of its own


def faults(inputs: DecisionInputs) -> tuple[Reason, ...]:
    """Reasons to exclude a batch from training; empty where its labels and features are sound."""
    doubts = () if quarantined(inputs) else tuple(map(doubt, inputs.failures))
    coverage = unbalanced(inputs.harm) if inputs.harm else None
    tolerance = inputs.spec.validation_row_tolerance
    invalid = strange_labels(inputs.harm, tolerance) if inputs.harm else None
    found = (*doubts, invalid, coverage, *map(reason_of, _faulty(inputs)), skew_fault(inputs))
    found = (*found, feedback_reason(inputs.feedback))
    return tuple(fault for fault in found if fault is not None)


def quarantined(inputs: DecisionInputs) -> bool:
    """Whether validation has set the batch aside, so that nothing is learnt of it anyway."""
    return inputs.outcome is Outcome.QUARANTINE


def doubt(failure: Failure) -> Reason:
    """A failure of validation as a reason."""
    where = f" on {failure.column}" if failure.column else ""
    text = f"{failure.expectation}{where}: {failure.observed}, expected {failure.expected}"
    return Reason("data", failure.column, failure.observed, failure.expected, text)


def strange_labels(harm: HarmReport, tolerance: float) -> Reason | None:
    """A reason where more labels are none of the model's than single mistakes explain."""
    share = harm.invalid / max(harm.invalid + harm.matured, 1)
    if share <= tolerance:
        return None
    examples = ", ".join(map(repr, harm.examples))
    text = (
        f"{harm.invalid} of {harm.invalid + harm.matured} labels are none that the model knows"
        + (f", e.g. {examples}" if examples else "")
        + "; a class that is new belongs in `classes` of the spec"
    )
    return Reason(INVALID, None, share, tolerance, text)


def unbalanced(harm: HarmReport) -> Reason | None:
    """A reason where label coverage depends on the score."""
    if not uneven(Coverage(harm.coverage, harm.coverage_p)):
        return None
    least, most = min(harm.coverage), max(harm.coverage)
    text = f"{least:.0%} to {most:.0%} of rows have labels, depending on the score: no fair sample"
    return Reason("coverage", None, gap_of(harm.coverage), COVERAGE_GAP, text)


def shuffled(inputs: DecisionInputs) -> bool:
    """Whether the labels look shuffled among the rows.

    After a complete change labels do not depend on the champion's predictions either, but a model
    fitted on newer rows predicts them; no model predicts shuffled labels. Without a backtest the
    labels are taken to be shuffled.
    """
    learnable = inputs.gain is not None and related(inputs.gain.slope)
    return UNRELATED in harmed(inputs) and not learnable


def cross_batch_slope(
    training_batch: pd.DataFrame, rows: pd.DataFrame, spec: ModelSpec, kinds: dict[str, str]
) -> Estimate:
    """Calibration slope, on some rows, of a model fitted on one training batch alone.

    After a real change a model fitted on one suspect batch predicts the next; fitted on shuffled
    labels it predicts nothing.

    Args:
        training_batch: Labelled rows to fit the recipe on, canonical.
        rows: Labelled rows to evaluate it on, canonical.
        spec: The recipe, and the confidence.
        kinds: The features and whether each is numeric or categorical.
    """
    values, truth = predictions_and_truth(fit(training_batch, spec, kinds), rows, spec, kinds)
    return calibration_slope(values, truth, spec.task, spec.harm_confidence)


def harmed(inputs: DecisionInputs) -> dict[str, HarmSignal]:
    """The significant signals of harm by name; empty without labels."""
    return inputs.harm.harmed if inputs.harm else {}


def reason_of(signal: HarmSignal) -> Reason:
    """A signal as the reason of a decision."""
    return Reason(signal.signal, None, signal.observed, signal.threshold, signal.text)


def _faulty(inputs: DecisionInputs) -> tuple[HarmSignal, ...]:
    signals = harmed(inputs)
    names = (INVERSION, CONSTANT, *((UNRELATED,) if shuffled(inputs) else ()))
    return tuple(signals[name] for name in names if name in signals)
