"""A version: its card, its baseline, and its predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import InstanceOf

from incumbent.params import ModelSpec
from incumbent.records.batch import Period
from incumbent.records.measure import Estimate
from incumbent.records.profile import Profile

if TYPE_CHECKING:  # heavy, and no record is read back from JSON with one of these in it
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline


@dataclass(frozen=True)
class Predictions:
    """What a model said of each row, and what is needed to judge it later.

    `values` has shape (n, k): the probability of each of k classes, or the value (k = 1).
    `blocks` names the day of each row, or the row itself where there is no timestamp.
    `slices` holds the values of the columns that metrics are also wanted by, shape (n,) each.
    `labels` holds the class of each row by the decision threshold, shape (n,); None where the
    value is the prediction.
    """

    ids: NDArray[np.object_]
    blocks: NDArray[np.int64]
    values: NDArray[np.float64]
    trainable: NDArray[np.bool_]
    slices: Mapping[str, NDArray[np.object_]] = field(default_factory=dict)
    labels: NDArray[np.object_] | None = None


@dataclass(frozen=True)
class Latency:
    """Milliseconds: one row as a caller waits for it, and the whole batch.

    `row_ms` is the median of single rows and `row_p95_ms` what one in twenty waits longer than;
    None where no row was asked for, or in documents older than the field.
    """

    row_ms: float | None
    batch_ms: float
    row_p95_ms: float | None = None


@dataclass(frozen=True)
class Baseline:
    """Performance of a version on the held-out rows that it was evaluated on.

    `gap` is the mean of predicted minus observed (of the last class). Both estimates come
    with the noise between blocks.
    """

    metric_name: str
    loss: Estimate
    gap: Estimate
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class TrainingSet:
    """The rows that a version was fitted on; `batches` are the digests of those it learnt from."""

    digest: str
    rows: int
    period: Period | None
    batches: tuple[str, ...]


@dataclass(frozen=True)
class ModelCard:
    """Everything a version is registered with, except for the pipeline and its rows.

    `fitted_loss` is its loss on rows that it was fitted on; how far the baseline lies above it
    says how much of what it has learnt is history alone. None in a card of an earlier release.
    """

    spec: ModelSpec
    classes: tuple[str, ...]
    threshold: float | None
    profile: InstanceOf[Profile]
    baseline: Baseline
    training: TrainingSet
    fitted_loss: float | None = None


@dataclass(frozen=True)
class Version:
    """A version in the registry, with the digest of everything stored under it."""

    model: str
    number: int
    run_id: str
    digest: str


@dataclass(frozen=True)
class HeldOutEvaluation:
    """The baseline of a model from rows that it has not seen, and a sample of these rows.

    `held_out` has the features, the target, the block of each row and what the judged model
    said of it.
    """

    baseline: Baseline
    threshold: float | None
    held_out: pd.DataFrame


@dataclass(frozen=True)
class FittedModel:
    """A pipeline with its card. `golden` holds rows with the predictions it must repeat.

    `held_out` holds the rows that its recipe was judged on, or a sample of them: what they say
    of the model was not learnt by heart.
    """

    card: ModelCard
    pipeline: Pipeline
    golden: pd.DataFrame
    held_out: pd.DataFrame


@dataclass(frozen=True)
class Champion:
    """A version read back from the registry, its bytes verified."""

    version: Version
    model: FittedModel
