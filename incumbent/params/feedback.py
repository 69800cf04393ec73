"""Which rows are drawn blindly to the model, and whether its decisions choose the labels."""

from pydantic import Field

from incumbent.params.types import Share, Stage


class FeedbackRules(Stage):
    """Which rows are drawn blindly to the model, and whether its decisions choose the labels."""

    feedback_exploration: Share = Field(
        0,
        title="Feedback: exploration",
        description="Share of rows that are drawn by their id, whatever the model predicts for"
        " them. Whoever acts on the model treats them without it, so that their labels are no"
        " footprint of its decisions. 0: none.",
    )
    feedback_influence: bool = Field(
        default=False,
        title="Feedback: influence",
        description="Decisions of the model decide which labels are seen, or change them.",
    )
