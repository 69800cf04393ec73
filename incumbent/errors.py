"""The errors that Incumbent raises, and the exit code of each.

    IncumbentError                     1  anything else
    ├── UsageError                     2  the caller can correct it: a path, a spec field
    │   ├── MissingPathError
    │   ├── SpecError
    │   ├── ChampionExistsError
    │   └── NoChampionError
    ├── QuarantineError                3  the data cannot be used
    │   └── UnreadableError
    ├── OutOfReachError                4  MLflow, Prefect or the database did not answer
    ├── StoredError                    1  what was stored cannot be used
    │   ├── AbsentError                   it is there no longer
    │   └── IntegrityError                a digest differs from the recorded one
    └── LeaseError                     1  another run works on the model, or has taken it over

Each error states what happened, what was observed, what is allowed, and the next step.
"""

from typing import ClassVar

from incumbent.plain_text import without_secrets


class IncumbentError(Exception):
    """An error for a user to read: what, observed, allowed, next. Secrets in addresses are hidden.

    Args:
        what: One sentence that names the problem.
        observed: The observed value.
        allowed: The allowed values.
        next_step: The next step, as a command where there is one.

    >>> error = UsageError("No such file.", "jan.parquet", "a readable file", "check the path")
    >>> print(error)
    No such file. Observed: jan.parquet. Allowed: a readable file. Next: check the path.
    >>> error.exit_code
    2
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, observed: object, allowed: object, next_step: str) -> None:
        texts = (without_secrets(str(text)) for text in (what, observed, allowed, next_step))
        self.what, self.observed, self.allowed, self.next_step = texts
        super().__init__(self.what, self.observed, self.allowed, self.next_step)

    def __str__(self) -> str:
        return (
            f"{self.what} Observed: {self.observed}. Allowed: {self.allowed}."
            f" Next: {self.next_step}."
        )

    def document(self) -> dict[str, dict[str, str]]:
        """The error as the JSON document of the command line."""
        return {
            "error": {
                "what": self.what,
                "observed": self.observed,
                "allowed": self.allowed,
                "next": self.next_step,
            }
        }


class UsageError(IncumbentError):
    """A request that cannot be carried out as given."""

    exit_code = 2


class MissingPathError(UsageError):
    """A path or pattern that matches nothing."""


class SpecError(UsageError):
    """A spec with an unknown field or an invalid value, or no spec of that name."""


class ChampionExistsError(UsageError):
    """The model has a champion already: `monitor` retrains it."""


class NoChampionError(UsageError):
    """The model has no champion yet: `train` installs the first."""


class QuarantineError(IncumbentError):
    """Data that cannot be used."""

    exit_code = 3


class UnreadableError(QuarantineError):
    """A file that is truncated, empty, or in no supported format."""


class OutOfReachError(IncumbentError):
    """MLflow, Prefect or the database did not answer. Never treated as 'not found'."""

    exit_code = 4


class StoredError(IncumbentError):
    """What was stored cannot be used, as a server that was reached has shown."""


class AbsentError(StoredError):
    """What was stored and is there no longer."""


class IntegrityError(StoredError):
    """Stored bytes whose digest differs from the recorded one."""


class LeaseError(IncumbentError):
    """Another run works on the model, or has taken it over from this one."""
