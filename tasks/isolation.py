"""Isolation: one batch that cannot be taken in, or judged, does not stop those behind it."""

from collections.abc import Iterator
from contextlib import contextmanager

from incumbent.errors import (
    IncumbentError,
    MissingPathError,
    QuarantineError,
    StoredError,
)
from incumbent.gateways.sources import printable
from incumbent.log import warn

# What is wrong with one batch alone; an outage or a lost lease stops the run.
OF_ONE_BATCH = (MissingPathError, QuarantineError, StoredError)


class Isolation:
    """Batches that a run leaves for a later one, with the error of each."""

    def __init__(self) -> None:
        self.errors = dict[str, IncumbentError]()

    @contextmanager
    def of(self, batch: str) -> Iterator[None]:
        """Work on one batch; an error about it is noted, with a warning."""
        try:
            yield
        except OF_ONE_BATCH as error:
            name = printable(batch)
            self.errors[name] = error
            warn("%s is left for a later run: %s", name, error)

    def require_none(self) -> None:
        """End the run with the error of what it has left.

        Raises:
            IncumbentError: Something was left.
        """
        if len(self.errors) == 1:
            raise next(iter(self.errors.values()))
        if self.errors:
            first = next(iter(self.errors))
            raise IncumbentError(
                f"{len(self.errors)} batches are left for a later run; all others were handled.",
                ", ".join(self.errors),
                "batches that can be read, with all that was stored of them",
                f"see the warnings above; of {first}: {self.errors[first].next_step}",
            )
