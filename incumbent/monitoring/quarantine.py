"""A release from quarantine: what a person's word makes of a validation."""

from collections.abc import Iterable
from dataclasses import replace

from incumbent.records import Outcome, ValidationReport


def released(found: ValidationReport, reason: str, excluded: Iterable[int]) -> ValidationReport:
    """The report of a released batch: it keeps its failures, and warns.

    Args:
        found: What validation reported.
        reason: Why a person released the batch.
        excluded: Positions of rows that break a limit of the model's own expectations; validation
            stops at its first critical suite, and may not have come to them.
    """
    rows = tuple(sorted({*found.excluded, *excluded}))
    return replace(found, outcome=Outcome.WARN, excluded=rows, released=reason)
