"""What the loop in memory remembers while it walks, and what it tells in the end."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from incumbent.model.baseline import evaluate_baseline
from incumbent.model.scoring import classes_of
from incumbent.monitoring.harm import UNRELATED
from incumbent.monitoring.label_faults import MOST_SUSPECTS
from incumbent.params import ModelSpec
from incumbent.records import (
    Action,
    ColumnProfile,
    DriftReport,
    HeldOutEvaluation,
    JudgedBatch,
    ModelCard,
    PairedBlock,
    Profile,
    TrainingSet,
)
from incumbent.replay.document import weighted
from incumbent.replay.fits import FitKey, Fits


@dataclass(frozen=True)
class Trial:
    """What a policy did and brought on a history of n batches.

    Attributes:
        losses: Mean primary loss of each batch, by the model that scored it; NaN without rows.
        rows: Rows of each batch.
        actions: What was decided about each batch once its labels had come.
        verdicts: What the gate said over it; None where it was not asked.
        scored_by: Version that scored each batch; the first is 1.
        fits: Every fit behind the trainings: backtests, candidates, refits.
        said: A line on each decision that was not `none`.
    """

    losses: tuple[float, ...]
    rows: tuple[int, ...]
    actions: tuple[str, ...] = ()
    verdicts: tuple[str | None, ...] = ()
    scored_by: tuple[int, ...] = ()
    fits: int = 0
    promotions: int = 0
    said: tuple[str, ...] = ()

    @property
    def loss(self) -> float:
        """Mean loss of the history, each batch by its rows; NaN where there are none."""
        return weighted(np.nan_to_num(self.losses).tolist(), self.rows)

    @property
    def trained(self) -> tuple[bool, ...]:
        """Whether the labels of each batch led to a training."""
        return tuple(action == Action.RETRAIN.value for action in self.actions)

    @property
    def trainings(self) -> int:
        """How many decisions to retrain there were."""
        return sum(self.trained)


@dataclass
class State:
    """Where the loop stands: the champion and what it evaluation, and what is remembered."""

    fits: Fits
    spec: ModelSpec
    champion: FitKey
    card: ModelCard
    version: int = 1
    looks: int = 0
    judged_batches: tuple[JudgedBatch, ...] = ()
    waiting: tuple[FitKey, tuple[PairedBlock, ...]] | None = None
    drifts: dict[int, tuple[DriftReport, int]] = field(default_factory=dict)
    faults: dict[int, set[str]] = field(default_factory=dict)
    cleared: set[int] = field(default_factory=set)
    fits_made: int = 0
    promotions: int = 0
    losses: list[float] = field(default_factory=list)
    scored_by: list[int] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    verdicts: list[str | None] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def rows(self, batch: int) -> pd.DataFrame:
        """The rows of a batch."""
        return self.fits.history.batch(batch)

    def training_batch(self, batch: int) -> pd.DataFrame:
        """The rows of a batch that may be learnt from, and say which of two models is better."""
        return self.fits.history.training_batch(batch)

    def key(self, through: int, *, half: bool = False) -> FitKey:
        """A retrained model: newer rows count more, and no faulty labels are learnt from."""
        faulty = {k for k, found in self.faults.items() if k <= through and found}
        lifted = {k for k in self.cleared if self.faults[k] == {UNRELATED}}
        return FitKey(through, recent=True, half=half, without=frozenset(faulty - lifted))

    def suspected_shuffled(self) -> list[int]:
        """The newest batches whose labels looked shuffled, cleared since or not."""
        return [k for k, found in self.faults.items() if found == {UNRELATED}][-MOST_SUSPECTS:]

    def has_new_rows(self, batch: int) -> bool:
        """Whether a batch before this one has come that the champion has not learnt from."""
        here, known = self.key(batch - 1), self.champion
        unknown = {*range(known.through + 1, batch), *known.without} - here.without
        return any(len(self.training_batch(k)) > 0 for k in unknown)


def first_champion(fits: Fits, spec: ModelSpec) -> State:
    """The loop before any batch: the first champion, and its baseline."""
    pipeline, tail = fits.judged_first()
    evaluation = evaluate_baseline(pipeline, tail, spec, fits.history.kinds)
    key = FitKey(-1, recent=False)
    return State(fits, spec, key, card_of(fits, spec, key, evaluation))


def card_of(fits: Fits, spec: ModelSpec, key: FitKey, evaluation: HeldOutEvaluation) -> ModelCard:
    """The card of a model, with the names of its columns for a profile."""
    none, kinds = np.empty(0), fits.history.kinds
    columns = {n: ColumnProfile(k, 0, 0, none, (), none.astype(int)) for n, k in kinds.items()}
    training = TrainingSet(str(key), fits.size(key), None, ())
    classes, profile = classes_of(fits.model(key), spec.task), Profile(0, 0, columns)
    return ModelCard(spec, classes, evaluation.threshold, profile, evaluation.baseline, training)
