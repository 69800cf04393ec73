"""What the rules of the loop need to know and may change: the port to a live run or a replay."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from incumbent.data.labels import Labelled
from incumbent.params import ModelSpec
from incumbent.policy.shadow import Losses
from incumbent.records import (
    BatchEntry,
    Champion,
    Cost,
    Decision,
    DecisionInputs,
    HeldOutEvaluation,
    JudgedBatch,
    PairedBlock,
    Predictions,
    TrainingBatch,
    Version,
)

NO_COST = Cost(0, 0.0)


@dataclass(frozen=True)
class FitKey:
    """The rows that a model is fitted on, and how they are weighted.

    Attributes:
        batches: The batches that are learnt beyond the reference, in the order of learning.
        half: A batch whose older half of days is learnt as well.
        recent: Whether newer rows count more, as in every retraining.
    """

    batches: tuple[str, ...] = ()
    half: str | None = None
    recent: bool = True

    def beyond(self, batches: tuple[str, ...], half: str | None = None) -> "FitKey":
        """The key of a retraining that learns further batches."""
        return FitKey((*self.batches, *batches), half)


class Part(StrEnum):
    """The rows of a batch that are meant: all, or those of its older or newer half of days."""

    WHOLE = "whole"
    OLDER = "older"
    NEWER = "newer"


@dataclass(frozen=True)
class Contender:
    """A fitted model that is compared with another one.

    Attributes:
        key: What it was fitted on.
        spec: The spec whose recipe it was fitted with.
        pipeline: The model.
        cost: The fits that were made for it, with their seconds; zero where it existed already.
        version: Where it is stored; None where it is not.
    """

    key: FitKey
    spec: ModelSpec
    pipeline: Pipeline
    cost: Cost = NO_COST
    version: Version | None = None


@dataclass(frozen=True)
class Challenge:
    """A contender with the evidence of earlier batches on which it was compared."""

    contender: Contender
    evidence: tuple[PairedBlock, ...] = ()


@dataclass(frozen=True)
class Evaluation:
    """A model on labelled rows: predictions (n, k), truth (n,), and losses (n,) by metric."""

    values: NDArray[np.float64]
    truth: NDArray[np.float64]
    losses: Losses

    def of(self, rows: NDArray[np.bool_]) -> "Evaluation":
        """The evaluation on some of the rows, given as a mask of shape (n,)."""
        losses = {name: loss[rows] for name, loss in self.losses.items()}
        return replace(self, values=self.values[rows], truth=self.truth[rows], losses=losses)


class LoopState(Protocol):
    """A model in the loop: who is champion, what was learnt, and what has been decided.

    A batch is named by its digest. The rows of a batch are those that a model may learn from and
    be compared on: labelled, and not excluded by an expectation.
    """

    spec: ModelSpec

    def champion(self) -> Champion:
        """The champion, with its card."""

    def challenger(self) -> Challenge | None:
        """The challenger that waits for more labels; None where none waits."""

    def judged_batches(self, but: str) -> tuple[JudgedBatch, ...]:
        """Other batches whose labels were judged, in the order in which they arrived."""

    def training_batches(self, before: str) -> tuple[TrainingBatch, ...]:
        """Batches before this one with rows to learn from that the champion has not learnt."""

    def rows(self, batch: str, part: Part = Part.WHOLE) -> pd.DataFrame:
        """Labelled rows of a batch, canonical; those of a half are empty below four days."""

    def labelled(self, batch: str, predictions: Predictions) -> Labelled | None:
        """The labelled rows that may stand for a batch; None before any labels have arrived."""

    def fit(self, key: FitKey) -> Contender:
        """The spec's recipe fitted on the rows of a key."""

    def fitted_rows(self, key: FitKey) -> pd.DataFrame:
        """The rows of a key: each id once, sampled where there are too many."""

    def evaluate(self, contender: Contender, batch: str, part: Part) -> Evaluation:
        """A model on the rows of a batch."""

    def may_repeat_ids(self, batch: str) -> bool:
        """Whether a row of a batch may have the id of an earlier one."""

    def look(self, evidence: tuple[PairedBlock, ...]) -> int:
        """The number of this look at challengers of the champion: 1, 2, 3, ..."""

    def record(self, inputs: DecisionInputs, decision: Decision) -> None:
        """Keep a decision with its inputs, before it is carried out."""


@dataclass(frozen=True)
class Refit:
    """The recipe that won, fitted with the rows that judged it, and its baseline.

    `failure` says why it must not be promoted; None where it may be.
    """

    contender: Contender
    evaluation: HeldOutEvaluation
    entry: BatchEntry
    failure: str | None


def contender_of(champion: Champion) -> Contender:
    """The champion as one of two models that are compared."""
    card = champion.model.card
    learnt = card.training.batches
    key = FitKey(learnt, recent=bool(learnt))
    return Contender(key, card.spec, champion.model.pipeline, version=champion.version)
