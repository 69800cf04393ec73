"""What a refitted model must satisfy to be promoted."""

from pydantic import Field

from incumbent.params.types import Share, Stage


class PromotionRules(Stage):
    """What a refitted model must satisfy to be promoted."""

    promotion_distance: Share = Field(
        0.25,
        title="Promotion: distance bound",
        description="Largest distance between the predictions of the refitted and the judged"
        " model: total variation for classes, standard deviations of the target for"
        " regression.",
    )
