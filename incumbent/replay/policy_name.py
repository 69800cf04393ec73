"""The name of a policy in output and in messages."""

from collections.abc import Mapping
from typing import Any


def named_policy(trigger: str, settings: Mapping[str, Any]) -> str:
    """A policy by the fields of its spec.

    >>> named_policy("schedule", {"schedule_days": 15.0})
    'trigger: schedule, schedule_days: 15'
    """
    parts = [f"trigger: {trigger}", *(f"{name}: {value:g}" for name, value in settings.items())]
    return ", ".join(parts)
