"""The price, the cooldown and the budget of trainings."""

from pydantic import Field

from incumbent.params.types import Money, Share, Stage


class DecisionRules(Stage):
    """The price, the cooldown and the budget of trainings."""

    decision_price: Share = Field(
        0.02,
        title="Decision: price of a training",
        description="Loss that newer rows must have saved since the last training to justify"
        " another one, as a share of the loss of one batch. The costs, where set,"
        " replace it.",
    )
    decision_training_cost: Money | None = Field(
        None,
        title="Decision: cost of a training",
        description="Cost of one training. With the cost of loss, in the same currency, it sets"
        " the price of a training.",
    )
    decision_loss_cost: Money | None = Field(
        None,
        title="Decision: cost of loss",
        description="Cost of one unit of loss (log loss, absolute error) on one row.",
    )
    decision_cooldown: int = Field(
        1,
        ge=0,
        le=100,
        title="Decision: cooldown (batches)",
        description="Number of batches without a training after each training, unless the"
        " champion is plainly broken.",
    )
    decision_budget: float = Field(
        0.4,
        gt=0,
        le=1,
        title="Decision: training budget",
        description="Largest share of the last fifty batches that a training may follow, rounded"
        " up. It does not limit trainings by age or by hand.",
    )
