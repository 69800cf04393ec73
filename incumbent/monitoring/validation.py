"""The outcome of validation: failed expectations pass, warn or quarantine a batch."""

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
    """The report of a batch; the rows excluded from training are sorted and distinct."""
    worst_first = sorted(failures, key=lambda f: list(Severity).index(f.severity))
    return ValidationReport(outcome(failures), tuple(worst_first), tuple(sorted(set(excluded))))


def unreadable(error: UnreadableError) -> ValidationReport:
    """The report of a batch that could not be read: one critical failure, of `readable`."""
    failure = Failure(
        expectation="readable",
        column=None,
        observed=f"{error.what} {error.observed}",
        expected=error.allowed,
        rows=None,
        severity=Severity.CRITICAL,
    )
    return report([failure])
