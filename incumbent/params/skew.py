"""When served values count as other ones, and how many of them block a retraining."""

from pydantic import Field

from incumbent.params.types import Column, Share, Stage


class SkewRules(Stage):
    """When served values count as other ones, and how many of them block a retraining."""

    skew_tolerance: float = Field(
        1e-6,
        ge=0,
        lt=1,
        title="Skew: tolerance",
        description="Relative difference up to which a served number equals the offline one; the"
        " default is above the rounding of float32.",
    )
    skew_limit: Share = Field(
        0.02,
        title="Skew: limit",
        description="Share of mismatching rows of a feature above which the batch is not learnt"
        " from, and a retraining is blocked.",
    )
    skew_answer: Column | None = Field(
        None,
        title="Skew: answer",
        description="Column of the serving log with the answer that was given: the class, the"
        " probability of the positive class, or the value. It is compared with the champion's.",
    )
