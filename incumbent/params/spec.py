"""What can be set about a model, and within which bounds.

One pydantic model is the form in the Prefect UI, the spec file of the command line and the
parameters in MLflow. It is flat; a field's prefix is the stage that reads it.
"""

from pydantic import Field, model_validator

from incumbent.params.data import ModelData
from incumbent.params.types import (
    Column,
    Money,
    Share,
    ThresholdCriterion,
    Trigger,
)


class ModelSpec(ModelData):
    """A model, its data, and the rules it is kept by."""

    trigger: Trigger = Field(
        Trigger.HARM,
        title="Trigger",
        description="What may start a retraining: harm, calibrated drift, or age.",
    )
    schedule_days: float = Field(
        30,
        gt=0,
        allow_inf_nan=False,
        title="Age that retrains (days)",
        description="With trigger 'schedule': days of data since the champion's newest row.",
    )
    validation_null_tolerance: Share = Field(
        0.2,
        title="Null share tolerance",
        description="A column may have this much more nulls than the training set, as a share.",
    )
    drift_q: float = Field(
        0.05,
        gt=0,
        lt=1,
        title="Drift: false discovery rate",
        description="Share of false alarms among drifted columns (Benjamini-Hochberg).",
    )
    drift_effect_floor: Share = Field(
        0.05,
        title="Drift: effect floor",
        description="A smaller distance (Kolmogorov-Smirnov or total variation) never alarms.",
    )
    drift_repeats: int = Field(
        2,
        ge=1,
        le=100,
        title="Drift: repeats",
        description="So many of the last batches must be beyond what is normal before drift"
        " retrains; before it alarms, where the training set is too short to know that well.",
    )
    drift_window: int = Field(
        3,
        ge=1,
        le=100,
        title="Drift: last batches",
        description="Of so many batches, the newest included.",
    )
    harm_min_labels: int = Field(
        200,
        ge=30,
        title="Harm: labels needed",
        description="With fewer matured labels of a batch nothing is concluded.",
    )
    harm_confidence: float = Field(
        0.95,
        ge=0.5,
        lt=1,
        title="Harm: confidence",
        description="One-sided confidence with which harm must be shown.",
    )
    harm_tolerance: Share = Field(
        0.05,
        title="Harm: tolerance",
        description="Loss above the baseline that is tolerated, as a share of the baseline.",
    )
    harm_slices: tuple[Column, ...] = Field(
        (),
        title="Harm: slices",
        description="Columns of codes or text whose values each get metrics of their own. They"
        " inform, and decide nothing.",
    )
    decision_price: Share = Field(
        0.02,
        title="Decision: price of a training",
        description="Loss that newer rows must have saved since the last training before another"
        " one is worth it, as a share of the loss of one batch. Costs, where given, set it.",
    )
    decision_training_cost: Money | None = Field(
        None,
        title="Decision: cost of a training",
        description="With the cost of loss, in the same money, it sets the price of a training.",
    )
    decision_loss_cost: Money | None = Field(
        None,
        title="Decision: cost of loss",
        description="What one unit of loss (log loss, absolute error) costs on one row.",
    )
    decision_cooldown: int = Field(
        1,
        ge=0,
        le=100,
        title="Decision: cooldown (batches)",
        description="After a training as many batches pass before another, unless the champion"
        " is plainly broken.",
    )
    decision_budget: float = Field(
        0.4,
        gt=0,
        le=1,
        title="Decision: training budget",
        description="At most this share of the last fifty batches may be followed by a training"
        " (rounded up). Trainings by age or by hand do not ask.",
    )
    training_max_rows: int = Field(
        1_000_000,
        ge=1_000,
        title="Training: most rows",
        description="A larger training set is sampled, seeded.",
    )
    training_holdout: float = Field(
        0.25,
        gt=0,
        lt=0.9,
        title="Training: held-out tail",
        description="Share of the newest rows that judges the first champion.",
    )
    training_iterations: int = Field(
        60,
        ge=1,
        le=5_000,
        title="Training: boosting iterations",
        description="Trees of the gradient boosting (a tree per class for multiclass).",
    )
    training_learning_rate: float = Field(
        0.1, gt=0, le=1, title="Training: learning rate", description="Shrinkage of each tree."
    )
    training_leaves: int = Field(
        15, ge=2, le=1_024, title="Training: leaves", description="Most leaves of a tree."
    )
    training_half_life: Share = Field(
        0.5,
        title="Training: half-life",
        description="In a retraining, a row that is older by this share of the whole span of"
        " time counts half as much. 0: all rows count alike.",
    )
    training_seed: int = Field(
        0, ge=0, title="Training: seed", description="Seed of everything that is random."
    )
    training_threshold: ThresholdCriterion = Field(
        ThresholdCriterion.BALANCED_ACCURACY,
        title="Training: threshold criterion",
        description="What the decision threshold of a binary model maximises on the held-out tail.",
    )
    shadow_min_labels: int = Field(
        200,
        ge=30,
        title="Shadow: labels needed",
        description="With fewer rows to compare on, the verdict is extend.",
    )
    shadow_confidence: float = Field(
        0.95,
        ge=0.5,
        lt=1,
        title="Shadow: confidence",
        description="One-sided confidence of the verdict.",
    )
    shadow_margin: Share = Field(
        0.02,
        title="Shadow: non-inferiority margin",
        description="Loss that a refresh may lose to the champion, as a share of its loss.",
    )
    promotion_distance: Share = Field(
        0.25,
        title="Promotion: distance bound",
        description="Most that the refitted model's predictions may lie from the judged one's:"
        " total variation for classes, standard deviations of the target for regression.",
    )

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
        if self.labels is not None and self.id is None:
            raise ValueError("labels in files of their own are joined by id: name the id column")
        if (self.decision_training_cost is None) != (self.decision_loss_cost is None):
            raise ValueError("give both, decision_training_cost and decision_loss_cost, or none")
        return self
