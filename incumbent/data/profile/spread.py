"""Mean and standard deviation of a column from its sums."""

import math

from incumbent.data.profile.counting import center_of
from incumbent.records import ColumnProfile


def mean(column: ColumnProfile) -> float | None:
    """Mean of the finite values; None where there are none, or their sum overflows."""
    spread = column.spread
    if spread is None or not spread.finite or not math.isfinite(spread.total):
        return None
    return center_of(column) + spread.total / spread.finite


def deviation(column: ColumnProfile) -> float | None:
    """Standard deviation of the finite values; None where it is 0 or not finite.

    >>> from incumbent.data.profile.counting import empty, of_numbers
    >>> import numpy as np
    >>> bins = empty("numeric", np.array([1.0, 3.0]), ())
    >>> deviation(of_numbers(np.array([1.0, 3.0]), bins))
    1.0
    """
    spread = column.spread
    if spread is None or not spread.finite or spread.lowest == spread.highest:
        return None
    offset = spread.total / spread.finite
    variance = spread.squares / spread.finite - offset * offset
    return math.sqrt(variance) if 0 < variance < math.inf else None
