"""A finding: what was looked at, how it is, and the next step where it is not well."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from incumbent.errors import IncumbentError

Look = Callable[[], Iterator["Finding"]]


class Health(StrEnum):
    """How bad a finding is: an error needs a person, a warning mends itself or may wait."""

    WELL = "well"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `next_step` is empty where nothing is to be done."""

    part: str
    health: Health
    text: str
    next_step: str = ""


def well(part: str, text: str) -> Finding:
    """Nothing is to be done."""
    return Finding(part, Health.WELL, text)


def warning(part: str, text: str, next_step: str) -> Finding:
    """It mends itself, or may wait."""
    return Finding(part, Health.WARNING, text, next_step)


def failure(part: str, error: IncumbentError, health: Health = Health.ERROR) -> Finding:
    """What an error says."""
    return Finding(part, health, f"{error.what} {error.observed}", error.next_step)


def looked(part: str, look: Look) -> list[Finding]:
    """What a look finds; an error of it is a finding as well."""
    found = list[Finding]()
    try:
        found.extend(look())
    except IncumbentError as error:
        found.append(failure(part, error))
    return found
