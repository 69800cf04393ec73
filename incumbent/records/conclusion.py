"""What is known of a batch before its labels are judged, and what followed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from incumbent.records.batch import BatchEntry, ValidationReport
from incumbent.records.decision import Decision, DecisionInputs, JudgedBatch
from incumbent.records.drift import DriftReport
from incumbent.records.harm import EstimateReport, HarmReport
from incumbent.records.labels import MaturityPoint
from incumbent.records.model import Latency, Predictions
from incumbent.records.shadow import Cost, Retraining


@dataclass(frozen=True)
class Findings:
    """What is known of a batch before its labels are judged.

    `scored_by` is the version whose predictions these are. `learnt` says that the champion was
    fitted on these rows: they cannot judge it. `arrivals` are the labels that have just come,
    digest to path. `asked` is the reason of a person who asks for a retraining. `maturity` says
    how the labels came in; None for a batch that was not scored. `judged_batches` are
    the batches judged before.
    """

    entry: BatchEntry
    validation: ValidationReport
    drift: DriftReport | None
    predictions: Predictions | None
    scored_by: int | None
    latency: Latency | None
    labels_only: bool = False
    learnt: bool = False
    arrivals: Mapping[str, str] = field(default_factory=dict)
    asked: str | None = None
    estimate: EstimateReport | None = None
    maturity: tuple[MaturityPoint, ...] | None = None
    judged_batches: tuple[JudgedBatch, ...] = ()


@dataclass(frozen=True)
class Conclusion:
    """What the labels of a batch say, what was decided from what, and what came of it."""

    inputs: DecisionInputs
    harm: HarmReport | None
    decision: Decision
    retraining: Retraining | None
    backtest: Cost | None = None
