"""The findings about a batch before its labels are judged, and the conclusion after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from incumbent.records.batch import BatchEntry, ValidationReport
from incumbent.records.decision import Decision, DecisionInputs, JudgedBatch
from incumbent.records.drift import DriftReport
from incumbent.records.feedback import FeedbackReport
from incumbent.records.harm import EstimateReport, HarmReport
from incumbent.records.labels import MaturityPoint
from incumbent.records.model import Latency, Predictions
from incumbent.records.shadow import Cost, Retraining
from incumbent.records.skew import SkewReport


@dataclass(frozen=True)
class Findings:
    """The findings about a batch before its labels are judged.

    `scored_by` is the version that made the predictions. `learnt` is true where the champion was
    fitted on these rows, which therefore cannot judge it. `arrivals` maps the digests of newly
    arrived labels to their paths. `asked` is the reason of a user who requested a retraining.
    `maturity` is the label maturity; None for a batch that was not scored. `judged_batches` are
    the batches judged earlier.
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
    skew: SkewReport | None = None
    feedback: FeedbackReport | None = None


@dataclass(frozen=True)
class Conclusion:
    """The harm on a batch, the decision with its inputs, and the retraining that followed."""

    inputs: DecisionInputs
    harm: HarmReport | None
    decision: Decision
    retraining: Retraining | None
    backtest: Cost | None = None
