"""Frozen records that rooms exchange, without logic.

A missing value is None, never NaN. `document` turns any record into plain JSON values.
"""

from typing import Any, cast

from pydantic_core import to_jsonable_python

from incumbent.records.batch import (
    IN_QUARANTINE,
    Batch,
    BatchEntry,
    BatchStatus,
    ColumnTypes,
    Disposal,
    Disposition,
    Failure,
    Outcome,
    Period,
    Severity,
    ValidationReport,
)
from incumbent.records.conclusion import (
    Conclusion,
    Findings,
)
from incumbent.records.decision import (
    Action,
    Decision,
    DecisionInputs,
    JudgedBatch,
    Reason,
    TrainingBatch,
)
from incumbent.records.drift import (
    ColumnDrift,
    DomainReport,
    DriftReport,
    NullQuality,
)
from incumbent.records.feedback import FeedbackGroup, FeedbackReport
from incumbent.records.harm import (
    Attribution,
    Cause,
    EstimateReport,
    GainReport,
    HarmReport,
    HarmSignal,
    SliceMetrics,
    TrackRecord,
    Trust,
)
from incumbent.records.labels import (
    Cohort,
    LabelArrival,
    MaturityPoint,
    PooledPoint,
)
from incumbent.records.measure import (
    Estimate,
)
from incumbent.records.model import (
    Baseline,
    Champion,
    Exploration,
    FittedModel,
    HeldOutEvaluation,
    Latency,
    ModelCard,
    Predictions,
    RegisteredVersion,
    TrainingSet,
    Version,
)
from incumbent.records.profile import (
    ORDERED,
    ColumnProfile,
    Kind,
    KnownRows,
    Profile,
    Spread,
    Windows,
)
from incumbent.records.promotion import (
    Lease,
    Promotion,
    PromotionKind,
    RunRecord,
)
from incumbent.records.shadow import (
    Burden,
    Challenger,
    Cost,
    PairedBlock,
    Retraining,
    Ruling,
    ShadowReport,
    Verdict,
)
from incumbent.records.skew import (
    AnswerSkew,
    FeatureSkew,
    RowSkew,
    ScoreSkew,
    SkewExample,
    SkewKind,
    SkewReport,
)

__all__ = [
    "IN_QUARANTINE",
    "ORDERED",
    "Action",
    "AnswerSkew",
    "Attribution",
    "Baseline",
    "Batch",
    "BatchEntry",
    "BatchStatus",
    "Burden",
    "Cause",
    "Challenger",
    "Champion",
    "Cohort",
    "ColumnDrift",
    "ColumnProfile",
    "ColumnTypes",
    "Conclusion",
    "Cost",
    "Decision",
    "DecisionInputs",
    "Disposal",
    "Disposition",
    "DomainReport",
    "DriftReport",
    "Estimate",
    "EstimateReport",
    "Exploration",
    "Failure",
    "FeatureSkew",
    "FeedbackGroup",
    "FeedbackReport",
    "Findings",
    "FittedModel",
    "GainReport",
    "HarmReport",
    "HarmSignal",
    "HeldOutEvaluation",
    "JudgedBatch",
    "Kind",
    "KnownRows",
    "LabelArrival",
    "Latency",
    "Lease",
    "MaturityPoint",
    "ModelCard",
    "NullQuality",
    "Outcome",
    "PairedBlock",
    "Period",
    "PooledPoint",
    "Predictions",
    "Profile",
    "Promotion",
    "PromotionKind",
    "Reason",
    "RegisteredVersion",
    "Retraining",
    "RowSkew",
    "Ruling",
    "RunRecord",
    "ScoreSkew",
    "Severity",
    "ShadowReport",
    "SkewExample",
    "SkewKind",
    "SkewReport",
    "SliceMetrics",
    "Spread",
    "TrackRecord",
    "TrainingBatch",
    "TrainingSet",
    "Trust",
    "ValidationReport",
    "Verdict",
    "Version",
    "Windows",
    "document",
]


def document(record: object) -> Any:
    """A record as plain JSON values; NaN and infinities become None.

    >>> document(Failure("rows", None, "0", "> 0", 0, Severity.CRITICAL))["severity"]
    'critical'
    """
    return cast("Any", to_jsonable_python(record, inf_nan_mode="null"))
