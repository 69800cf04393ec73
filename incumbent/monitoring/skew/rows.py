"""The rows of two tables that have one id, each id once."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class JoinedRows:
    """Rows of the serving table beside the offline rows of the same ids, in the offline order.

    Attributes:
        ids: The id of each row, shape (n,).
        serving: Their places in the serving table, shape (n,).
        offline: Their places in the offline table, shape (n,).
        counts: Rows and ids of both tables, as `SkewReport` names them.
    """

    ids: NDArray[np.object_]
    serving: NDArray[np.int64]
    offline: NDArray[np.int64]
    counts: dict[str, int]

    def __len__(self) -> int:
        """The number of joined rows."""
        return len(self.ids)


def join_rows(serving: pd.Series, offline: pd.Series) -> JoinedRows:
    """Join two tables by id; an id that one of them has twice is left out.

    Args:
        serving: Canonical ids of the serving table, shape (any,); null where a row has none.
        offline: The same of the offline table.
    """
    sides = {"serving": serving.reset_index(drop=True), "offline": offline.reset_index(drop=True)}
    once = {name: ids[~ids.duplicated(keep=False) & ids.notna()] for name, ids in sides.items()}
    found = pd.Index(once["serving"]).get_indexer(pd.Index(once["offline"]))
    joined = once["offline"][found >= 0]
    return JoinedRows(
        joined.to_numpy(dtype=object),
        once["serving"].index.to_numpy(dtype=np.int64)[found[found >= 0]],
        joined.index.to_numpy(dtype=np.int64),
        {
            "serving": len(serving),
            "offline": len(offline),
            "joined": len(joined),
            "serving_only": _only(sides["serving"], sides["offline"]),
            "offline_only": _only(sides["offline"], sides["serving"]),
            "serving_twice": _twice(sides["serving"]),
            "offline_twice": _twice(sides["offline"]),
            "serving_unnamed": int(serving.isna().sum()),
            "offline_unnamed": int(offline.isna().sum()),
        },
    )


def _only(ids: pd.Series, others: pd.Series) -> int:
    found = pd.Index(others.dropna().unique()).get_indexer(pd.Index(ids.dropna().unique()))
    return int((found < 0).sum())


def _twice(ids: pd.Series) -> int:
    known = ids.dropna()
    return int(known[known.duplicated()].nunique())
