"""When a champion does harm, and the slices with metrics of their own."""

from pydantic import Field

from incumbent.params.types import Column, Share, Stage


class HarmRules(Stage):
    """When a champion does harm, and the slices with metrics of their own."""

    harm_min_labels: int = Field(
        200,
        ge=30,
        le=1_000_000_000,
        title="Harm: labels needed",
        description="With fewer matured labels of a batch, harm is not judged.",
    )
    harm_confidence: float = Field(
        0.95,
        ge=0.5,
        lt=1,
        title="Harm: confidence",
        description="One-sided confidence at which harm is significant.",
    )
    harm_tolerance: Share = Field(
        0.05,
        title="Harm: tolerance",
        description="Tolerated loss above the baseline, as a share of the baseline.",
    )
    harm_slices: tuple[Column, ...] = Field(
        (),
        title="Harm: slices",
        description="Columns of codes or text. Each of their values gets its own metrics, which"
        " are reported and decide nothing.",
    )
