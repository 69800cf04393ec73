"""What triggers a retraining."""

from pydantic import Field

from incumbent.params.types import Stage, Trigger


class TriggerRules(Stage):
    """What triggers a retraining."""

    trigger: Trigger = Field(
        Trigger.HARM,
        title="Trigger",
        description="What can trigger a retraining: a gain or harm, calibrated drift, or age.",
    )
    schedule_days: float = Field(
        30,
        gt=0,
        allow_inf_nan=False,
        le=36_500,
        title="Age that retrains (days)",
        description="With trigger 'schedule': days of data between the newest rows of champion"
        " and batch that trigger a retraining.",
    )
