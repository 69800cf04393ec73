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

if TYPE_CHECKING:  # slow to import, and in no record that is read back from JSON
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline


@dataclass(frozen=True)
class Exploration:
    """The rows of a batch that are drawn blindly to the model, which cannot choose their labels.

    `explored`, shape (n,), says whether a row is drawn. `propensity`, shape (n,), is the
    probability of being drawn: that of seeing the label whatever the model decides.
    """

    explored: NDArray[np.bool_]
    propensity: NDArray[np.float64]


@dataclass(frozen=True)
class Predictions:
    """The predictions of a model, with the data needed to judge them later.

    `values` has shape (n, k): the probability of each of k classes, or the value (k = 1).
    `blocks` holds the day of each row, or the row's number where there is no timestamp.
    `slices` holds the values of the spec's slice columns, shape (n,) each. `labels` holds the
    predicted class of each row by the decision threshold, shape (n,); None for a regression.
    `exploration` is None where no row was drawn.
    """

    ids: NDArray[np.object_]
    blocks: NDArray[np.int64]
    values: NDArray[np.float64]
    trainable: NDArray[np.bool_]
    slices: Mapping[str, NDArray[np.object_]] = field(default_factory=dict)
    labels: NDArray[np.object_] | None = None
    exploration: Exploration | None = None


@dataclass(frozen=True)
class Latency:
    """Prediction latency in milliseconds, of single rows and of the whole batch.

    `row_ms` is the median of single rows and `row_p95_ms` their 95th percentile; None where no
    single row was timed, or in a document without the field.
    """

    row_ms: float | None
    batch_ms: float
    row_p95_ms: float | None = None


@dataclass(frozen=True)
class Baseline:
    """Performance of a version on its held-out rows.

    `gap` is the mean of predicted minus observed (of the last class). Both estimates have
    intervals over blocks.
    """

    metric_name: str
    loss: Estimate
    gap: Estimate
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class TrainingSet:
    """The rows of a version's fit; `batches` holds the digests of the batches among them."""

    digest: str
    rows: int
    period: Period | None
    batches: tuple[str, ...]


@dataclass(frozen=True)
class ModelCard:
    """Everything registered with a version, except for the pipeline and its rows.

    `fitted_loss` is the loss on the rows of the fit; the baseline minus the fitted loss is the
    generalisation gap. None in a card without the field. `label_limits` are the lowest and the
    highest plausible value of a regression; None: any.
    """

    spec: ModelSpec
    classes: tuple[str, ...]
    threshold: float | None
    profile: InstanceOf[Profile]
    baseline: Baseline
    training: TrainingSet
    fitted_loss: float | None = None
    label_limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class Version:
    """A version in the registry, with the digest of all its files."""

    model: str
    number: int
    run_id: str
    digest: str


@dataclass(frozen=True)
class RegisteredVersion:
    """A version as the registry shows it.

    `ledger` is the id of the ledger that registered it, None for a version that Incumbent did not
    register; its digest is then empty. An archived version was never promoted.
    """

    version: Version
    ledger: str | None
    archived: bool = False


@dataclass(frozen=True)
class HeldOutEvaluation:
    """The baseline of a model on held-out rows, and a sample of these rows.

    `held_out` has the features, the target, the block of each row and the judged model's
    prediction for it.
    """

    baseline: Baseline
    threshold: float | None
    held_out: pd.DataFrame


@dataclass(frozen=True)
class FittedModel:
    """A pipeline with its card. `golden` holds rows with the predictions it must reproduce.

    `held_out` holds the rows on which its recipe was judged, or a sample of them; the judged model
    was not fitted on them.
    """

    card: ModelCard
    pipeline: Pipeline
    golden: pd.DataFrame
    held_out: pd.DataFrame


@dataclass(frozen=True)
class Champion:
    """A version loaded from the registry after its digest was verified."""

    version: Version
    model: FittedModel
