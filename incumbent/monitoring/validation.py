"""What failed expectations mean for a batch: accept it, accept it with a word, or set it aside."""

from collections.abc import Iterable, Sequence

from incumbent.errors import UnreadableError
from incumbent.records import Failure, Outcome, Severity, ValidationReport


def outcome(failures: Iterable[Failure]) -> Outcome:
    """Quarantine after one critical failure, warn after any other, pass without any.

    >>> outcome([])
    <Outcome.PASS: 'pass'>
    >>> outcome([Failure("present", "age", "missing", "present", None, Severity.CRITICAL)])
    <Outcome.QUARANTINE: 'quarantine'>
    """
    severities = {failure.severity for failure in failures}
    if Severity.CRITICAL in severities:
        return Outcome.QUARANTINE
    return Outcome.WARN if severities else Outcome.PASS


def report(failures: Sequence[Failure], excluded: Iterable[int] = ()) -> ValidationReport:
    """The report of a batch, with rows to exclude from training sorted and counted once."""
    return ValidationReport(outcome(failures), tuple(failures), tuple(sorted(set(excluded))))


def unreadable(error: UnreadableError) -> ValidationReport:
    """The report of a batch that could not be read, and so met no expectation but the first."""
    failure = Failure(
        expectation="readable",
        column=None,
        observed=f"{error.what} {error.observed}",
        expected=error.allowed,
        rows=None,
        severity=Severity.CRITICAL,
    )
    return report([failure])
