"""The canonical form as the first step of a pipeline: raw rows go in, as they arrive anywhere.

What a model is trained on and what it is served pass through the same step of the same artifact,
so that an integer, its float and its text are one category wherever they come from.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from incumbent.data.intake import canonical_features
from incumbent.data.kinds import NUMERIC
from incumbent.errors import UsageError


class CanonicalForm(TransformerMixin, BaseEstimator):  # type: ignore[misc] # no types in sklearn
    """The features of raw rows, numbers as float64 and categories as text.

    Columns may come in any order and among others. Integers, flags, nullable types, categories as
    numbers or as text are taken; infinities and missing values become NaN. Rows that are in this
    form already pass at no cost.

    Args:
        kinds: The features, and whether each is numeric or categorical.

    >>> raw = pd.DataFrame({"code": [7, 8], "x": [1, 2], "other": ["a", "b"]})
    >>> form = CanonicalForm({"x": "numeric", "code": "categorical"})
    >>> form.transform(raw).to_dict("list")
    {'x': [1.0, 2.0], 'code': ['7', '8']}
    """

    def __init__(self, kinds: Mapping[str, str]) -> None:
        self.kinds = kinds

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002, N803 - scikit-learn's
        """Nothing is learnt."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:  # noqa: ARG002
        """The features, in the order of the model."""
        return np.array(list(self.kinds), dtype=object)

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803 - scikit-learn's name
        """Canonical features, shape (n, features), with the index of the rows.

        Raises:
            UsageError: The rows are no frame, or features are missing.
            UnreadableError: A number that is none, or values that no model reads.
        """
        _require_columns(X, self.kinds)
        if all(_is_canonical(X[name], kind) for name, kind in self.kinds.items()):
            return X[list(self.kinds)]
        return pd.DataFrame(canonical_features(X, self.kinds), index=X.index)


def _require_columns(rows: object, names: Iterable[str]) -> None:
    named = rows.columns if isinstance(rows, pd.DataFrame) else ()
    absent = [name for name in names if name not in named]
    if absent:
        raise UsageError(
            "The rows lack columns that the model reads.",
            f"missing: {', '.join(absent)}",
            f"a data frame with the columns {', '.join(names)}",
            "add the columns; a value that is not known may be null",
        )


def _is_canonical(column: pd.Series, kind: str) -> bool:
    if kind != NUMERIC:
        return isinstance(column.dtype, pd.StringDtype)
    if column.dtype != np.float64:
        return False
    return not np.isinf(column.to_numpy()).any()
