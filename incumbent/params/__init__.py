"""The parameters of a model, with their bounds."""

from incumbent.params.data import IDENTITY
from incumbent.params.decision import DecisionRules
from incumbent.params.drift import DriftRules
from incumbent.params.feedback import FeedbackRules
from incumbent.params.shadow import ShadowRules
from incumbent.params.skew import SkewRules
from incumbent.params.spec import ModelSpec
from incumbent.params.training import TrainingRules
from incumbent.params.types import (
    MODULE_NAME,
    SAFE_PATH,
    SPEC_NAME,
    BatchName,
    Path,
    ReasonText,
    RuleSeverity,
    Task,
    ThresholdCriterion,
    Trigger,
    VersionNumber,
)
from incumbent.params.validation import RULES

__all__ = [
    "IDENTITY",
    "MODULE_NAME",
    "RULES",
    "SAFE_PATH",
    "SPEC_NAME",
    "BatchName",
    "DecisionRules",
    "DriftRules",
    "FeedbackRules",
    "ModelSpec",
    "Path",
    "ReasonText",
    "RuleSeverity",
    "ShadowRules",
    "SkewRules",
    "Task",
    "ThresholdCriterion",
    "TrainingRules",
    "Trigger",
    "VersionNumber",
]
