"""The spec of a model: all its parameters, with their bounds.

One pydantic model is the form in the Prefect UI, the spec file of the command line and the
parameters in MLflow. It is flat: each stage has a class with its own fields, named by the stage's
prefix, and the spec inherits all of them.
"""

from typing import Any

from pydantic import ConfigDict, model_validator

from incumbent.params.data import ModelData
from incumbent.params.decision import DecisionRules
from incumbent.params.drift import DriftRules
from incumbent.params.feedback import FeedbackRules
from incumbent.params.harm import HarmRules
from incumbent.params.promotion import PromotionRules
from incumbent.params.shadow import ShadowRules
from incumbent.params.skew import SkewRules
from incumbent.params.training import TrainingRules
from incumbent.params.trigger import TriggerRules
from incumbent.params.types import Task
from incumbent.params.validation import ValidationRules


def _positions(schema: dict[str, Any]) -> None:
    """Number the fields, so that the run form keeps their order."""
    for position, field in enumerate(schema["properties"].values()):
        field["position"] = position


# Pydantic lists inherited fields from the last base to the first: the form begins with the data.
class ModelSpec(
    PromotionRules,
    ShadowRules,
    TrainingRules,
    DecisionRules,
    HarmRules,
    FeedbackRules,
    SkewRules,
    DriftRules,
    ValidationRules,
    TriggerRules,
    ModelData,
):
    """A model, its data, and the rules it is kept by."""

    model_config = ConfigDict(json_schema_extra=_positions)

    @model_validator(mode="after")
    def _fields_agree(self) -> "ModelSpec":
        taken = [c for c in (self.target, self.timestamp, self.id) if c is not None]
        if len(set(taken)) < len(taken):
            raise ValueError("target, timestamp and id must be different columns")
        if clash := set(taken) & set(self.features):
            raise ValueError(f"features must not hold target, timestamp or id: {sorted(clash)}")
        others = set(self.harm_slices) - set(self.features) if self.features else set(taken)
        if stray := others & set(self.harm_slices):
            raise ValueError(f"harm_slices must be features: {sorted(stray)}")
        if shown := set(self.harm_slices) & set(self.sensitive):
            raise ValueError(f"harm_slices must not be sensitive: {sorted(shown)}")
        if self.classes and self.task is not Task.MULTICLASS:
            raise ValueError("classes can be added to a multiclass model only")
        if self.labels is not None and self.id is None:
            raise ValueError("labels in files of their own are joined by id: name the id column")
        if self.serving_log is not None and self.id is None:
            raise ValueError("the serving log is joined by id: name the id column")
        if self.feedback_exploration > 0 and self.id is None:
            raise ValueError("rows are drawn for exploration by their id: name the id column")
        if (self.decision_training_cost is None) != (self.decision_loss_cost is None):
            raise ValueError("give both, decision_training_cost and decision_loss_cost, or none")
        return self
