"""What can be set about a model, and within which bounds."""

from incumbent.params.data import IDENTITY
from incumbent.params.spec import ModelSpec
from incumbent.params.types import (
    MODULE_NAME,
    SAFE_PATH,
    SPEC_NAME,
    Path,
    ReasonText,
    Task,
    ThresholdCriterion,
    Trigger,
)

__all__ = [
    "IDENTITY",
    "MODULE_NAME",
    "SAFE_PATH",
    "SPEC_NAME",
    "ModelSpec",
    "Path",
    "ReasonText",
    "Task",
    "ThresholdCriterion",
    "Trigger",
]
