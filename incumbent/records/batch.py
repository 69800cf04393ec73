"""A batch, and what validation says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """What validation says of a batch."""

    PASS = "pass"
    WARN = "warn"
    QUARANTINE = "quarantine"


class Severity(StrEnum):
    """What a failed expectation costs: the batch, or a word."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True)
class Period:
    """From the oldest to the newest timestamp, both included."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class ColumnTypes:
    """What is known of some columns before a file without types (CSV) is read.

    Attributes:
        text: Columns that are text whatever they look like: ids, codes, categories.
        numbers: Columns that are numbers wherever they can be read as such.
    """

    text: frozenset[str] = field(default=frozenset())
    numbers: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True)
class Batch:
    """A table that has come in. The digest is of its features, the target left out."""

    id: str
    digest: str
    rows: int
    period: Period | None
    path: str


@dataclass(frozen=True)
class Failure:
    """One expectation that did not hold, on one column (None: on the table)."""

    expectation: str
    column: str | None
    observed: str
    expected: str
    rows: int | None
    severity: Severity


@dataclass(frozen=True)
class ValidationReport:
    """`excluded` holds the positions of rows that are scored but never trained on."""

    outcome: Outcome
    failures: tuple[Failure, ...] = ()
    excluded: tuple[int, ...] = ()


class BatchStatus(StrEnum):
    """Where a batch stands in the ledger; quarantined is handled."""

    STARTED = "started"
    HANDLED = "handled"
    QUARANTINED = "quarantined"


@dataclass(frozen=True)
class BatchEntry:
    """A batch as the ledger knows it. `ordinal` is given once, when it is first seen."""

    batch: Batch
    ordinal: int
    status: BatchStatus
    document: Mapping[str, Any] | None
