"""Tolerances of validation."""

from pydantic import Field

from incumbent.params.types import Share, Stage


class ValidationRules(Stage):
    """Tolerances of validation."""

    validation_null_tolerance: Share = Field(
        0.2,
        title="Null share tolerance",
        description="Share of nulls that a column may have beyond that of the training set.",
    )
