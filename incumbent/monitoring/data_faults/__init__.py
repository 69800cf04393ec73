"""Data faults: what is broken in a batch, told from a world that has changed.

Real drift leaves the form of the data as it was: units, codes, the grid of the values, the meaning
of a column. A broken pipeline does not. Each rule looks for one kind of fault on the counts of the
batch, which drift needs as well, and reads values again only where the counts are suspicious.
"""

from collections.abc import Iterator

from incumbent.data.profile.counting import OTHER
from incumbent.monitoring.data_faults import categories, exchanged, numbers, rows, shape
from incumbent.monitoring.data_faults.evidence import Evidence, Examined, failures_of
from incumbent.records import ORDERED, Failure

ORDINARY = {"range", "new_categories"}  # values that training did not hold explain no absent ones


def data_faults(batch: Examined) -> tuple[tuple[Failure, ...], tuple[int, ...]]:
    """The faults of a batch, and the positions of single rows that are not learnt from.

    Rules that the spec switches off are not reported, and exclude no rows.

    Args:
        batch: The batch beside the training set of its champion.
    """
    found = [e for e in _evidence(batch) if e.severity(batch.spec) is not None]
    excluded = {int(row) for e in found for row in e.positions}
    return failures_of(found, batch.spec), tuple(sorted(excluded))


def _evidence(batch: Examined) -> Iterator[Evidence]:
    yield from rows.evidence(batch)
    swapped = list(exchanged.evidence(batch))
    yield from swapped
    explained = {e.column for e in swapped}
    for name, column in batch.reference.columns.items():
        if column.rows == column.nulls and not column.counts[OTHER:].any():
            yield from shape.of_empty(batch, name)
            continue
        found = list(shape.evidence(batch, name))
        if not found and name not in explained:
            rule = numbers if column.kind in ORDERED else categories
            found = list(rule.evidence(batch, name))
        if all(e.rule in ORDINARY for e in found):
            found += shape.of_absent(batch, name)
        yield from found
