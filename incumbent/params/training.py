"""How a model is trained."""

from pydantic import Field

from incumbent.params.types import Share, Stage, ThresholdCriterion


class TrainingRules(Stage):
    """How a model is trained."""

    training_max_rows: int = Field(
        1_000_000,
        ge=1_000,
        le=1_000_000_000,
        title="Training: most rows",
        description="Larger training sets are sampled with the seed.",
    )
    training_holdout: float = Field(
        0.25,
        gt=0,
        lt=0.9,
        title="Training: held-out tail",
        description="Share of the newest rows that is held out to evaluate the first champion.",
    )
    training_iterations: int = Field(
        60,
        ge=1,
        le=5_000,
        title="Training: boosting iterations",
        description="Iterations of the gradient boosting, with one tree each (one per class for"
        " multiclass).",
    )
    training_learning_rate: float = Field(
        0.1, gt=0, le=1, title="Training: learning rate", description="Shrinkage of each tree."
    )
    training_leaves: int = Field(
        15,
        ge=2,
        le=1_024,
        title="Training: leaves",
        description="Largest number of leaves of a tree.",
    )
    training_half_life: Share = Field(
        0.5,
        title="Training: half-life",
        description="In a retraining, a row that is older by this share of the whole period gets"
        " half the weight. 0: equal weights.",
    )
    training_seed: int = Field(
        0, ge=0, le=2**32 - 1, title="Training: seed", description="Seed of all sampling and fits."
    )
    training_threshold: ThresholdCriterion = Field(
        ThresholdCriterion.BALANCED_ACCURACY,
        title="Training: threshold criterion",
        description="Criterion that the decision threshold of a binary model maximises on the"
        " held-out rows.",
    )
