import pytest

from incumbent.errors import UnreadableError
from incumbent.monitoring.validation import outcome, report, unreadable
from incumbent.records import Failure, Outcome, Severity, ValidationReport


def failure(severity):
    return Failure("expect_column_to_exist", "age", "missing", "column to exist", None, severity)


WARNING, CRITICAL = failure(Severity.WARNING), failure(Severity.CRITICAL)


@pytest.mark.parametrize(
    ("failures", "expected"),
    [
        ([], Outcome.PASS),
        ([WARNING], Outcome.WARN),
        ([WARNING, WARNING], Outcome.WARN),
        ([CRITICAL], Outcome.QUARANTINE),
        ([WARNING, CRITICAL, WARNING], Outcome.QUARANTINE),
    ],
)
def test_the_worst_failure_decides(failures, expected):
    assert outcome(failures) is expected


def test_report_sorts_excluded_rows_and_puts_critical_failures_first():
    found = report([WARNING, CRITICAL], [7, 2, 7])
    assert found == ValidationReport(Outcome.QUARANTINE, (CRITICAL, WARNING), (2, 7))


def test_what_cannot_be_read_is_quarantined_and_says_why():
    error = UnreadableError("The file is truncated.", "12 bytes", "a Parquet file", "send it again")
    (found,) = unreadable(error).failures
    assert unreadable(error).outcome is Outcome.QUARANTINE
    assert (found.expectation, found.column, found.severity) == (
        "readable",
        None,
        CRITICAL.severity,
    )
    assert found.observed == "The file is truncated. 12 bytes"
    assert found.expected == "a Parquet file"
