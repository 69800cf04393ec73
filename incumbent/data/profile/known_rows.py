"""Known rows: whether rows were in a training set, from a sample of it that is drawn by hash.

The rows with the smallest hashes of their key are kept (Broder 1997, bottom-k): those of another
table with hashes up to the same bound are the very same rows, where it holds them.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from incumbent.params import ModelSpec
from incumbent.records import KnownRows

KEPT = 4_096
FEWEST = 8  # rows below the bound that are needed for a share

Hashes = NDArray[np.uint64]


def known_rows(frame: pd.DataFrame, key: str | None) -> KnownRows:
    """A sample of the rows of a training set.

    Args:
        frame: Canonical rows, shape (n, columns).
        key: The id that names a row; None: a row is named by its values.
    """
    rows = hashes(frame)
    keys = rows if key is None else hashes(frame[[key]])
    first = np.argsort(keys, kind="stable")[:KEPT]
    copies = float(frame.duplicated().mean()) if key is None and len(frame) else 0.0
    return KnownRows(
        tuple(keys[first].tolist()), tuple(rows[first].tolist()), len(frame) <= KEPT, copies
    )


def row_columns(features: Iterable[str], spec: ModelSpec) -> list[str]:
    """The columns that make a row: its features, id and time, in order of their names."""
    return sorted({*features, *spec.key_columns})


def hashes(frame: pd.DataFrame) -> Hashes:
    """A hash of each row, the same for the same values in any order of columns, shape (n,)."""
    ordered = frame[sorted(frame.columns)]
    found: Hashes = pd.util.hash_pandas_object(ordered, index=False).to_numpy(np.uint64)
    return found


def shares_known(
    frame: pd.DataFrame, key: str | None, known: KnownRows
) -> tuple[float, float] | None:
    """Share of rows that are in the training set with all their values, and by their key alone.

    Args:
        frame: Canonical rows of another table, with the same columns, shape (n, columns).
        key: The id that names a row; None: a row is named by its values.
        known: The sample of the training set.

    Returns:
        Both shares; None where too few rows fall into the sample to say.
    """
    keys = hashes(frame) if key is None else hashes(frame[[key]])
    sampled = np.ones(len(frame), dtype=bool) if known.whole else keys <= max(known.keys)
    if np.count_nonzero(sampled) < min(FEWEST, len(frame)) or not len(frame):
        return None
    rows = hashes(frame[sampled])
    same = np.isin(rows, np.array(known.rows, dtype=np.uint64))
    named = np.isin(keys[sampled], np.array(known.keys, dtype=np.uint64))
    return float(same.mean()), float(named.mean())
