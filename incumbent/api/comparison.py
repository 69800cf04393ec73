"""A table beside a reference: the gateway reads, the core counts, threads share the columns."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import partial
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from incumbent.data.profile.sketch import Piece
from incumbent.data.profile.streaming import (
    Run,
    bins_of_pieces,
    blocks_of_pieces,
    count_pieces,
    sample_pieces,
    with_null,
)
from incumbent.data.profile.windows import number_of
from incumbent.errors import UsageError
from incumbent.gateways import profiles
from incumbent.gateways.sources.arrays import every
from incumbent.gateways.sources.memory import Readable
from incumbent.gateways.sources.storage import content_of
from incumbent.gateways.sources.table import open_table
from incumbent.monitoring.drift import drift
from incumbent.monitoring.drift.together import MOST_ROWS, with_groups
from incumbent.params import DriftRules
from incumbent.records import Profile, document
from incumbent.report.drift_text import described
from incumbent.report.histogram import bars

Floats = NDArray[np.float64]

THREADS = 2
WORTH_THREADS = 10_000_000  # values
STORED = ".arrow"
MOST_DRAWN = 200
SHOWN = 20


@dataclass(frozen=True)
class Reference:
    """A reference as it is compared with, and the columns left out of it, with the reasons."""

    profile: Profile
    left_out: dict[str, str]


@dataclass(frozen=True)
class ColumnSelection:
    """The columns that are compared, what each holds, and those left out with the reason."""

    kinds: dict[str, str]
    left_out: dict[str, str] = field(default_factory=dict)


def open_reference(
    path: str, timestamp: str | None, ignore: Sequence[str], only: Sequence[str]
) -> Reference:
    """The profile of a reference: one that was kept, or that of a table."""
    if path.endswith(STORED):
        profile, out = profiles.read(content_of(path)), {}
        for name in profile.columns:
            if name in ignore or (only and name not in only):
                out[name] = "ignored" if name in ignore else "not asked for"
        kept = {n: c for n, c in profile.columns.items() if n not in out}
        return Reference(replace(profile, columns=kept), out)
    return reference_of(open_table(path), timestamp, ignore, only)


def reference_of(
    table: Readable, timestamp: str | None, ignore: Sequence[str], only: Sequence[str]
) -> Reference:
    """The profile of a table as a reference."""
    return Reference(*profile_reference(table, choose(table, timestamp, ignore, only), timestamp))


@dataclass(frozen=True, repr=False)
class Comparison:
    """A batch beside its reference.

    Attributes:
        doc: The document for machines: what `incumbent drift --json` prints.
        batch: The batch as counts.
        reference: The reference as counts, and what is normal in it.
        title: What was compared.
    """

    doc: dict[str, Any]
    batch: Profile
    reference: Profile
    title: str = "batch and reference"

    @property
    def alarm(self) -> bool:
        """Whether the batch as a whole has moved beyond chance and beyond what is normal."""
        return bool(self.doc["alarm"])

    @property
    def drifted(self) -> tuple[str, ...]:
        """The columns in alarm, those that moved most first."""
        return tuple(c["column"] for c in self.doc["columns"] if c["alarm"])

    def to_dict(self) -> dict[str, Any]:
        """The document, of plain values that JSON has, for the caller to keep and change."""
        return deepcopy(self.doc)

    def drawn(self) -> dict[str, dict[str, Any]]:
        """Bars of the columns that are shown, the first of the report."""
        shown = [c["column"] for c in self.doc["columns"][:MOST_DRAWN]]
        return {n: bars(self.batch.columns[n], self.reference.columns[n]) for n in shown}

    def page(self) -> str:
        """The report as a page of HTML that stands alone."""
        from incumbent.report.drift_page import page  # noqa: PLC0415 - the templates cost time

        return page(self.doc, self.drawn(), self.title)

    def __repr__(self) -> str:
        """What moved, in a few lines."""
        return described(self.doc)

    def _repr_html_(self) -> str:
        """The report as a notebook shows it: in a frame, so that its style stays within."""
        style = "width: 100%; height: 32rem; border: 0"
        return f'<iframe style="{style}" srcdoc="{escape(self.page())}"></iframe>'


def compare(
    known: Reference, table: Readable, timestamp: str | None, title: str = "batch and reference"
) -> Comparison:
    """A batch beside its reference; of the batch, only columns in alarm are read again."""
    if timestamp is not None and timestamp not in table.schema.names:
        raise _no_column("batch", timestamp, table)
    batch, reference = profile_batch(table, known.profile, timestamp)
    found = with_groups(
        drift(batch, reference, DriftRules()), partial(_some_rows, table, reference)
    )
    doc = document(found)
    missing = [n for n in known.profile.columns if n not in reference.columns]
    doc["left_out"] = known.left_out | dict.fromkeys(missing, "not in the batch")
    return Comparison(doc, batch, reference, title)


def choose(
    table: Readable, timestamp: str | None, ignore: Sequence[str], only: Sequence[str]
) -> ColumnSelection:
    """Which columns of a reference to compare.

    Raises:
        UsageError: A column that was named is not there.
    """
    for name in (*ignore, *only, *([timestamp] if timestamp else [])):
        if name not in table.schema.names:
            raise _no_column("reference", name, table)
    asked = dict.fromkeys(ignore, "ignored")
    asked |= {name: "not asked for" for name in table.schema.names if only and name not in only}
    asked |= {timestamp: "the timestamp"} if timestamp else {}
    asked |= {n: "of a type that has no bins" for n in table.schema.names if n not in table.kinds}
    return ColumnSelection({n: k for n, k in table.kinds.items() if n not in asked}, asked)


def profile_reference(
    table: Readable, chosen: ColumnSelection, timestamp: str | None
) -> tuple[Profile, dict[str, str]]:
    """Profile of a reference with its null, and the columns left out of it, with the reasons."""
    with _running(table, len(chosen.kinds)) as run:
        pieces = partial(table.pieces, timestamp=timestamp)
        bins, names_rows = bins_of_pieces(
            pieces(list(chosen.kinds), chosen.kinds), chosen.kinds, run
        )
        columns = count_pieces(pieces(list(bins), chosen.kinds), bins, run, first=True)
        rows = max((c.rows for c in columns.values()), default=0)
        profile = Profile(rows, 0, columns)
        if timestamp is not None:
            by_block = blocks_of_pieces(pieces(list(columns), chosen.kinds), columns, run)
            profile = with_null(profile, by_block)
    return profile, chosen.left_out | dict.fromkeys(names_rows, "names rows")


def profile_batch(
    table: Readable, reference: Profile, timestamp: str | None
) -> tuple[Profile, Profile]:
    """Profile of a batch on the bins of a reference, and the reference of those columns.

    The table is read once. A column that it does not have is left out of both.
    """
    names = [n for n in reference.columns if n in table.kinds]
    kinds = {n: reference.columns[n].kind for n in names}
    days: Counter[int] = Counter()
    with _running(table, len(names)) as run:
        read = table.pieces(names, kinds, timestamp=timestamp)
        pieces = _watched(read, days, timestamp, next(iter(names), None))
        columns = count_pieces(pieces, {n: reference.columns[n] for n in names}, run)
    rows = max((c.rows for c in columns.values()), default=0)
    shared = replace(reference, columns={n: reference.columns[n] for n in names})
    return Profile(rows, number_of(np.array([days[d] for d in sorted(days)])), columns), shared


def _some_rows(table: Readable, reference: Profile, names: list[str], _: list[bool]) -> Floats:
    columns = {name: reference.columns[name] for name in names}
    step = max(1, -(-(table.rows or 0) // MOST_ROWS))
    read = table.pieces(names, {n: c.kind for n, c in columns.items()})
    pieces = (replace(piece, batch=every(piece.batch, step)) for piece in read)
    return sample_pieces(pieces, columns, MOST_ROWS, days=False)[0]


def _no_column(side: str, name: str, table: Readable) -> UsageError:
    names = ", ".join(table.schema.names[:SHOWN])
    return UsageError(f"The {side} has no such column.", name, names, "check the name")


def _watched(
    pieces: Iterable[Piece], days: Counter[int], timestamp: str | None, first: str | None
) -> Iterator[Piece]:
    """The pieces, while the rows of each day are counted: once, where pieces share rows."""
    for piece in pieces:
        if timestamp is not None and first in piece.columns:
            named, rows = np.unique(piece.days(), return_counts=True)
            days.update(dict(zip(named.tolist(), rows.tolist(), strict=True)))
        yield piece


@contextmanager
def _running(table: Readable, columns: int) -> Iterator[Run]:
    """Two threads, or none where starting them would cost more than it saves."""
    if table.rows is not None and table.rows * columns < WORTH_THREADS:
        yield map
        return
    with ThreadPoolExecutor(THREADS) as pool:
        yield pool.map
