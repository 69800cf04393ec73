"""Numbers of a table as they were written: in double precision, and which of them are infinite."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from incumbent.data.kinds import NUMERIC


def float64_of(column: pd.Series) -> NDArray[np.float64]:
    """Numbers in double precision; one of less precision is the decimal that it was written as.

    The float32 nearest to 39.02 is 39.02, as it is in double precision, and not 39.020000458.
    """
    if str(column.dtype).lower() not in {"float32", "float16", "halffloat[pyarrow]"}:
        numbers: NDArray[np.float64] = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return numbers
    short = column.to_numpy(dtype=np.float32, na_value=np.nan)
    values, place = np.unique(short, return_inverse=True)
    return values.astype("U32").astype(np.float64)[place]


def infinite_rows(frame: pd.DataFrame, kinds: Mapping[str, str]) -> dict[str, NDArray[np.int64]]:
    """Positions of infinite values by feature, which a canonical table holds as NaN."""
    floats = (
        n for n, kind in kinds.items() if kind == NUMERIC and pd.api.types.is_float_dtype(frame[n])
    )
    found = {
        name: np.flatnonzero(np.isinf(frame[name].to_numpy(np.float64, na_value=np.nan)))
        for name in floats
    }
    return {name: rows for name, rows in found.items() if len(rows)}
