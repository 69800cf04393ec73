"""Everything that Incumbent raises on purpose, and the exit code each kind ends with.

    IncumbentError                     1  anything else
    ├── UsageError                     2  the caller can mend it: a path, a spec field
    │   ├── MissingPathError
    │   ├── SpecError
    │   ├── ChampionExistsError
    │   └── NoChampionError
    ├── QuarantineError                3  the data cannot be used at all
    │   └── UnreadableError
    ├── OutOfReachError                4  MLflow, Prefect or the database did not answer
    ├── IntegrityError                 1  what was read is not what was written
    └── LeaseError                     1  another run works on the model, or has taken it over

Each error says what happened, what was observed, what is allowed, and the next step.
"""

from typing import ClassVar


class IncumbentError(Exception):
    """An error whose reader is a person: what, observed, allowed, next.

    Args:
        what: One sentence that names the thing that is wrong.
        observed: The value that was found.
        allowed: The values that would have been fine.
        next_step: What to do now, as a command where there is one.

    >>> error = UsageError("No such file.", "jan.parquet", "a readable file", "check the path")
    >>> print(error)
    No such file. Observed: jan.parquet. Allowed: a readable file. Next: check the path.
    >>> error.exit_code
    2
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, observed: object, allowed: object, next_step: str) -> None:
        self.what = what
        self.observed = str(observed)
        self.allowed = str(allowed)
        self.next_step = next_step
        super().__init__(what, self.observed, self.allowed, next_step)

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
    """The caller asked for something that cannot be done as asked."""

    exit_code = 2


class MissingPathError(UsageError):
    """A path or pattern that matches nothing."""


class SpecError(UsageError):
    """A spec with an unknown or impossible field, or no spec of that name."""


class ChampionExistsError(UsageError):
    """The model has a champion already: `monitor` retrains it."""


class NoChampionError(UsageError):
    """The model has no champion yet: `train` installs the first."""


class QuarantineError(IncumbentError):
    """Data that cannot be used at all."""

    exit_code = 3


class UnreadableError(QuarantineError):
    """A file that is truncated, empty, or not of a format that can be read."""


class OutOfReachError(IncumbentError):
    """MLflow, Prefect or the database did not answer. Never read as 'not found'."""

    exit_code = 4


class IntegrityError(IncumbentError):
    """Bytes whose digest is not the one that was recorded."""


class LeaseError(IncumbentError):
    """Another run works on the model, or has taken it over from this one."""
