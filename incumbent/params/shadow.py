"""What a challenger must prove against the champion."""

from pydantic import Field

from incumbent.params.types import Share, Stage


class ShadowRules(Stage):
    """What a challenger must prove against the champion."""

    shadow_min_labels: int = Field(
        200,
        ge=30,
        le=1_000_000_000,
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
        description="Loss by which a refresh may exceed the champion's, as a share of the"
        " champion's loss.",
    )
