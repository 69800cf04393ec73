"""Slices: the metrics of a batch for each value of a column that the spec names."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from incumbent.data.kinds import CATEGORICAL
from incumbent.errors import SpecError
from incumbent.params import ModelSpec
from incumbent.records import Estimate, ModelCard, Predictions, SliceMetrics
from incumbent.statistics.metrics import Scored, finite, metrics

MOST_VALUES = 20
FEWEST_LABELS = 30


def require_slices(spec: ModelSpec, kinds: Mapping[str, str]) -> None:
    """Require that every column of `harm_slices` is a categorical feature of the model.

    Raises:
        SpecError: Another column; the error names the first one.
    """
    allowed = [name for name, kind in kinds.items() if kind == CATEGORICAL]
    for name in spec.harm_slices:
        if name not in allowed:
            raise SpecError(
                f"Column {name!r} of `harm_slices` cannot be cut into slices.",
                f"a {kinds[name]} feature" if name in kinds else "no feature of the model",
                f"categorical features: {', '.join(allowed) or 'the model has none'}",
                "name categorical features in `harm_slices`",
            )


def slice_metrics(
    predictions: Predictions, truth: NDArray[np.float64], card: ModelCard
) -> tuple[SliceMetrics, ...]:
    """The metrics of each slice that has enough labels, column by column, the largest first.

    Args:
        predictions: Predictions of the m labelled rows, with the stored values of the columns.
        truth: The result of `incumbent.statistics.metrics.truth_of`, shape (m,).
        card: The champion's card; its spec names the columns.

    Slices are reported only. Among a hundred slices some look bad by chance: a rule on the worst
    one would act on noise, and one corrected for their number would have no power.
    """
    columns = [c for c in dict.fromkeys(card.spec.harm_slices) if c in predictions.slices]
    return tuple(
        SliceMetrics(column, value, int(held.sum()), _metrics(predictions, truth, held, card))
        for column in columns
        for value, held in frequent(predictions.slices[column])
    )


def unsliced(predictions: Predictions, spec: ModelSpec) -> tuple[str, ...]:
    """Columns of `harm_slices` whose values were not stored when the batch was scored."""
    return tuple(c for c in dict.fromkeys(spec.harm_slices) if c not in predictions.slices)


def frequent(values: NDArray[np.object_]) -> list[tuple[str | None, NDArray[np.bool_]]]:
    """The most frequent values with the mask of their rows; None stands for a missing value.

    At most 20 values, each in 30 rows or more; ties are broken by name.

    >>> held = np.array(["b"] * 30 + ["a"] * 40 + ["c"] * 29, dtype=object)
    >>> [(value, int(rows.sum())) for value, rows in frequent(held)]
    [('a', 40), ('b', 30)]
    """
    codes, names = pd.factorize(values, sort=True)
    rows = np.bincount(codes + 1, minlength=len(names) + 1)  # the first counts missing values
    largest = np.argsort(-rows, kind="stable")[:MOST_VALUES].tolist()
    return [
        (str(names[k - 1]) if k else None, codes == k - 1)
        for k in largest
        if rows[k] >= FEWEST_LABELS
    ]


def _metrics(
    predictions: Predictions,
    truth: NDArray[np.float64],
    held: NDArray[np.bool_],
    card: ModelCard,
) -> dict[str, Estimate]:
    scored = Scored(predictions.values[held], truth[held], predictions.blocks[held])
    return finite(metrics(scored, card.spec.task, card.threshold, card.spec.harm_confidence))
