"""The domain classifier on evenly spaced rows of two tables in files."""

import numpy as np
from numpy.typing import NDArray

from incumbent.data.profile.streaming import sample_pieces
from incumbent.data.profile.windows import blocks_in
from incumbent.errors import UsageError
from incumbent.gateways.sources.table import Table, open_table
from incumbent.monitoring.drift.domain import domain_check
from incumbent.records import DomainReport, Profile

MOST_ROWS = 20_000  # of a table, from which the check draws
MOST_COLUMNS = 500
MOST_WINDOWS = 4
SEED = 0

Floats = NDArray[np.float64]


def require_rows(reference: str) -> None:
    """Require a reference with rows, on which a classifier can be fitted.

    Raises:
        UsageError: The reference is a stored profile, which has no rows.
    """
    if reference.endswith(".arrow"):
        raise UsageError(
            "A stored profile has no rows to fit a classifier on.",
            reference,
            "a table as the reference",
            "give the table, or leave --domain out",
        )


def check_domain(
    reference: str, batch: str, profile: Profile, timestamp: str | None
) -> DomainReport:
    """Whether a classifier can tell the rows of two tables apart, on the columns of a profile."""
    there, days = _rows(open_table(reference), profile, timestamp)
    here, batch_days = _rows(open_table(batch), profile, timestamp)
    length = blocks_in(batch_days.astype(np.int64))
    windows = _windows(there, days, length) if timestamp else ()
    return domain_check(here, there, SEED, windows)


def _rows(table: Table, profile: Profile, timestamp: str | None) -> tuple[Floats, Floats]:
    columns = dict(list(profile.columns.items())[:MOST_COLUMNS])
    kinds = {name: column.kind for name, column in columns.items()}
    pieces = table.pieces(list(columns), kinds, timestamp)
    return sample_pieces(pieces, columns, MOST_ROWS, days=timestamp is not None)


def _windows(rows: Floats, days: Floats, length: int) -> tuple[Floats, ...]:
    """A few windows of the reference as long as the batch; empty where fewer than two fit."""
    named = np.unique(days)
    whole = len(named) // max(length, 1)
    if whole < 2:  # noqa: PLR2004 - one window has no others to compare with
        return ()
    starts = np.linspace(0, len(named) - length, min(whole, MOST_WINDOWS)).astype(np.int64)
    return tuple(rows[np.isin(days, named[at : at + length])] for at in starts)
