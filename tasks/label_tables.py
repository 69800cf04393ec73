"""Tables of labels: what a file, or a batch itself, says of its rows."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from incumbent.data.kinds import column_types
from incumbent.data.labels import labels_of
from incumbent.digest import table_digest
from incumbent.errors import MissingPathError, UnreadableError
from incumbent.gateways import sources
from incumbent.gateways.sources.frame import read_frame
from incumbent.log import warn
from incumbent.params import ModelSpec

NO_BATCH = -1  # was looked at for the rows of a file of labels


@dataclass(frozen=True, eq=False)
class LabelTable:
    """Labels that arrived together: columns `id` and `label`, known by their digest.

    `batch` is the digest of the batch that they arrived in; None where they arrived apart.
    `stamp` is that of their file, and `until` the newest batch that was looked at for their rows
    before; None where this is the first time. `counted` are the batches that this run has counted
    them for.
    """

    path: str
    digest: str
    table: pd.DataFrame
    batch: str | None
    stamp: str | None = None
    until: int | None = None
    counted: set[str] = field(default_factory=set)


def read_labels(path: str, spec: ModelSpec) -> LabelTable:
    """The labels in a file.

    Raises:
        UnreadableError: It lacks the columns, or cannot be read.
        MissingPathError: It is not there.
    """
    raw = read_frame(sources.require_name(path), column_types(spec), spec.largest_table_gb)
    missing = [c for c in (spec.id, spec.target) if c is not None and c not in raw]
    if missing:
        raise UnreadableError(
            f"Label file {sources.stem(path)!r} lacks columns.",
            f"columns {list(raw.columns)[:10]}",
            f"columns {spec.id!r} and {spec.target!r}",
            "correct the file, or `id` and `target` in the spec",
        )
    return table_of(path, raw, spec, None)


def table_of(path: str, raw: pd.DataFrame, spec: ModelSpec, batch: str | None) -> LabelTable:
    """The labels in a table that was read."""
    table = labels_of(raw, spec)
    return LabelTable(path, table_digest(table), table, batch)


def usable(read: Callable[[], LabelTable]) -> LabelTable | None:
    """Labels, or None with a warning where they cannot be used."""
    try:
        return read()
    except (MissingPathError, UnreadableError) as error:
        warn("labels left out: %s", error)
        return None
