"""Serving: what plain MLflow answers for raw rows, by `mlflow.pyfunc` and `mlflow models serve`.

MLflow imports this module by the name that a version's MLmodel file has, so that it must be
installed where a version is served. It loads no pickle.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import skops.io
from sklearn.pipeline import Pipeline

from incumbent.errors import UsageError
from incumbent.gateways.registry.folder import (
    LABEL,
    OUTPUT,
    PIPELINE_FILE,
    PROBABILITY,
    TRUSTED_TYPES,
)


class ServedModel:
    """A version as MLflow calls it: labels, or probabilities where they are asked for.

    Args:
        pipeline: The model, which reads raw rows.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline

    def get_raw_model(self) -> Pipeline:
        """The scikit-learn pipeline."""
        return self.pipeline

    def predict(
        self, data: pd.DataFrame, params: Mapping[str, Any] | None = None
    ) -> np.ndarray | pd.DataFrame:
        """The answer for raw rows.

        Args:
            data: Rows as they arrive, shape (n, columns).
            params: `{"output": "label"}`, the default, gives the class by the decision threshold
                (the value, for a regression), shape (n,). `{"output": "probability"}` gives a
                column for each class, shape (n, classes).

        Raises:
            UsageError: Another output is asked for, or probabilities of a regression, or a column
                that the model reads is missing.
        """
        wanted, outputs = (params or {}).get(OUTPUT, LABEL), self._outputs()
        if wanted not in outputs:
            raise UsageError(
                "The model does not have this output.",
                f"{OUTPUT}: {wanted!r}",
                f"{OUTPUT}: {' or '.join(outputs)}",
                "ask for another one in `params`",
            )
        if wanted == LABEL:
            return np.asarray(self.pipeline.predict(data))
        columns = [str(name) for name in self.pipeline.classes_]
        return pd.DataFrame(self.pipeline.predict_proba(data), columns=columns, index=data.index)

    def _outputs(self) -> tuple[str, ...]:
        return (LABEL, PROBABILITY) if hasattr(self.pipeline, "classes_") else (LABEL,)


def _load_pyfunc(path: str) -> ServedModel:
    """The model in a version's folder: MLflow's entry point, whose name it prescribes."""
    pipeline = skops.io.load(Path(path) / PIPELINE_FILE, trusted=list(TRUSTED_TYPES))
    return ServedModel(pipeline)
