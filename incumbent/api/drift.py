"""`incumbent.drift`: two tables, column by column, without a server or a model."""

from collections.abc import Sequence
from pathlib import PurePath

from incumbent.api.comparison import Comparison, compare, open_reference, reference_of
from incumbent.api.tables import TableLike, path_of, readable


def drift(
    reference: TableLike,
    batch: TableLike,
    timestamp: str | None = None,
    *,
    ignore: Sequence[str] = (),
    only: Sequence[str] = (),
) -> Comparison:
    """How far a batch has moved from a reference, beside what is normal and beyond chance.

    The distance of a column lies in [0, 1]: Kolmogorov-Smirnov for values in order, total variation
    for categories. It comes with what is normal between windows of the reference, and with its
    q-value (false discovery rate). Nulls are a bin of their own, infinite values are in the
    outermost ones. A column that names rows is left out.

    Args:
        reference: The table to compare with: a pandas frame, an Arrow table (or what exports one,
            such as a polars frame), or the path of a file, folder or pattern, local or any fsspec
            URI. A path that ends in .arrow is a profile that `incumbent drift --profile` has kept.
        batch: The table that is compared, likewise.
        timestamp: Column with the time of a row, in both: rows of one day share their noise.
        ignore: Columns that are left out.
        only: Columns that are compared; empty: all.

    Returns:
        The comparison; a notebook shows it as a report.

    Raises:
        UsageError: A column that is named is not there, or a table is none.
        MissingPathError: Nothing is at a path.
        UnreadableError: A file is not what its name says, or a row has no timestamp.

    >>> import numpy as np, pandas as pd
    >>> random = np.random.default_rng(0)
    >>> january = pd.DataFrame({"price": random.normal(size=2000), "shop": ["a", "b"] * 1000})
    >>> july = january.assign(price=january["price"] + 1)
    >>> found = drift(january, july)
    >>> found.alarm, found.drifted
    (True, ('price',))
    """
    path = path_of(reference)
    if path is not None:
        known = open_reference(path, timestamp, ignore, only)
    else:
        known = reference_of(readable(reference), timestamp, ignore, only)
    return compare(known, readable(batch), timestamp, _title(batch, reference))


def _title(batch: TableLike, reference: TableLike) -> str:
    paths = path_of(batch), path_of(reference)
    sides = zip(paths, ("batch", "reference"), strict=True)
    return " and ".join(PurePath(path).name if path else side for path, side in sides)
