"""A batch, its validation, and its entry in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """The outcome of validation."""

    PASS = "pass"
    WARN = "warn"
    QUARANTINE = "quarantine"


class Severity(StrEnum):
    """The consequence of a failed expectation.

    A critical one quarantines the batch; a suspect one is told and keeps the batch from training;
    a warning is told.
    """

    CRITICAL = "critical"
    SUSPECT = "suspect"
    WARNING = "warning"


@dataclass(frozen=True)
class Period:
    """From the oldest to the newest timestamp, both included."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class ColumnTypes:
    """Types of columns, given before a file without types (CSV) is read.

    Attributes:
        text: Columns that are always read as text: ids, codes, categories.
        numbers: Columns that are read as numbers where every value is one.
    """

    text: frozenset[str] = field(default=frozenset())
    numbers: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True)
class Batch:
    """A table that arrived as one. The digest covers all columns except the target."""

    id: str
    digest: str
    rows: int
    period: Period | None
    path: str


@dataclass(frozen=True)
class Failure:
    """One failed expectation, on one column (None: on the table)."""

    expectation: str
    column: str | None
    observed: str
    expected: str
    rows: int | None
    severity: Severity


@dataclass(frozen=True)
class ValidationReport:
    """`excluded` holds the positions of rows that are scored but never trained on.

    `released` is the reason of a person who released the batch from quarantine.
    """

    outcome: Outcome
    failures: tuple[Failure, ...] = ()
    excluded: tuple[int, ...] = ()
    released: str | None = None


class BatchStatus(StrEnum):
    """Status of a batch in the ledger; a quarantined batch counts as handled.

    A person releases a quarantined batch, which the next run handles, or discards it.
    """

    STARTED = "started"
    HANDLED = "handled"
    QUARANTINED = "quarantined"
    RELEASED = "released"
    DISCARDED = "discarded"


IN_QUARANTINE = frozenset({BatchStatus.QUARANTINED, BatchStatus.RELEASED, BatchStatus.DISCARDED})


class Disposal(StrEnum):
    """What a person orders about a quarantined batch."""

    RELEASE = "release"
    DISCARD = "discard"


@dataclass(frozen=True)
class Disposition:
    """An order about a quarantined batch, with its reason."""

    disposal: Disposal
    reason: str
    at: datetime


@dataclass(frozen=True)
class BatchEntry:
    """A batch in the ledger. Its `ordinal` is assigned once, when the batch is first seen."""

    batch: Batch
    ordinal: int
    status: BatchStatus
    document: Mapping[str, Any] | None
