"""When drift alarms, and when it retrains."""

from pydantic import Field

from incumbent.params.types import Share, Stage


class DriftRules(Stage):
    """When drift alarms, and when it retrains."""

    drift_q: float = Field(
        0.05,
        gt=0,
        lt=1,
        title="Drift: false discovery rate",
        description="Expected share of false alarms among drifted columns (Benjamini-Hochberg).",
    )
    drift_effect_floor: Share = Field(
        0.05,
        title="Drift: effect floor",
        description="Smaller distances (Kolmogorov-Smirnov or total variation) never alarm.",
    )
    drift_repeats: int = Field(
        2,
        ge=1,
        le=100,
        title="Drift: repeats",
        description="Number of recent batches that must be beyond the null before drift retrains;"
        " with a weak null (a short training set) also before drift alarms.",
    )
    drift_window: int = Field(
        3,
        ge=1,
        le=100,
        title="Drift: last batches",
        description="Number of recent batches in which repeats are counted, the newest included.",
    )
