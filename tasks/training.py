"""Training: the challenger in hand, the fit, and the run that keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import pandas as pd
from prefect import task
from sklearn.pipeline import Pipeline

from incumbent.data.intake import canonical, kinds_of
from incumbent.data.profile import kinds_in
from incumbent.errors import UsageError
from incumbent.model.baseline import evaluate_baseline
from incumbent.model.training import assemble, fit, newest_of_each, recency, sample, train
from incumbent.monitoring.slices import require_slices
from incumbent.params import ModelSpec
from incumbent.policy.shadow import burden_of
from incumbent.records import (
    BatchEntry,
    BatchStatus,
    Burden,
    Champion,
    FittedModel,
    HeldOutEvaluation,
    ModelCard,
    Version,
)
from tasks.gateways import OUTSIDE, Gateways
from tasks.teaching import TrainingBatch, unlearnt_batches


@dataclass(frozen=True)
class Candidate:
    """A challenger that has not seen the newest labelled rows, with the fits it took."""

    version: Version
    model: FittedModel
    fits: int
    seconds: float


@task(name="training", **OUTSIDE)
def train_first(spec: ModelSpec, frame: pd.DataFrame) -> tuple[FittedModel, pd.DataFrame]:
    """The first champion with the canonical rows that it was fitted on."""
    kinds = kinds_of(frame, spec)
    require_slices(spec, kinds)
    rows = canonical(frame, spec, kinds).dropna(subset=[spec.target])
    rows = sample(rows.reset_index(drop=True), spec)
    return train(rows, spec, kinds), rows


@task(name="training", **OUTSIDE)
def fit_on(
    gateways: Gateways,
    spec: ModelSpec,
    champion: Champion,
    training_batches: list[TrainingBatch],
    evaluation: HeldOutEvaluation | None = None,
) -> tuple[FittedModel, pd.DataFrame, float]:
    """The recipe fitted on the champion's training set and what is newer; seconds taken.

    Newer rows count more. Without an evaluation of its own it carries the
    champion's.
    """
    rows = rows_with(gateways, spec, champion, training_batches)
    kinds, start = kinds_in(champion.model.card.profile), perf_counter()
    pipeline = fit(rows, spec, kinds, recency(rows, spec))
    seconds = perf_counter() - start
    return (
        assemble_with(pipeline, rows, spec, champion, training_batches, evaluation),
        rows,
        seconds,
    )


def rows_with(
    gateways: Gateways,
    spec: ModelSpec,
    champion: Champion,
    training_batches: Sequence[TrainingBatch],
) -> pd.DataFrame:
    """The champion's training set and what is newer, an id once, sampled where it is too large."""
    snapshot = gateways.registry.training_rows(champion.version)
    rows = newest_of_each(
        pd.concat([snapshot, *(training_batch.rows for training_batch in training_batches)]), spec
    )
    return sample(rows, spec)


def assemble_with(
    pipeline: Pipeline,
    rows: pd.DataFrame,
    spec: ModelSpec,
    champion: Champion,
    training_batches: Sequence[TrainingBatch],
    evaluation: HeldOutEvaluation | None = None,
) -> FittedModel:
    """A pipeline with the card of one that learnt these training batches beyond the champion."""
    card = champion.model.card
    carried = HeldOutEvaluation(card.baseline, card.threshold, champion.model.held_out)
    return assemble(
        pipeline,
        rows,
        spec,
        kinds_in(card.profile),
        evaluation=evaluation or carried,
        batches=(
            *card.training.batches,
            *(training_batch.batch for training_batch in training_batches),
        ),
    )


def waiting_challenger(gateways: Gateways, spec: ModelSpec, champion: Champion) -> Candidate | None:
    """The challenger that waits for more labels; None where it waits in vain.

    It does where there is another champion by now, or another recipe than its own: what is
    refitted after a promotion is what was judged.
    """
    waiting = gateways.ledger.challenger(spec.name)
    if waiting is None or waiting.champion != champion.version.number:
        return None
    model = gateways.registry.load(waiting.version).model
    same_recipe = burden_of(model.card.spec, spec) is Burden.REFRESH
    return Candidate(waiting.version, model, 0, 0.0) if same_recipe else None


def require_waiting(
    gateways: Gateways, spec: ModelSpec, champion: Champion
) -> tuple[Candidate, int]:
    """The challenger that waits, and the ordinal of the newest batch that it was judged on.

    Raises:
        UsageError: None waits.
    """
    waiting, kept = (
        waiting_challenger(gateways, spec, champion),
        gateways.ledger.challenger(spec.name),
    )
    judged_on = [b.batch for b in kept.evidence if b.batch is not None] if kept else []
    if waiting is None or not judged_on:
        raise UsageError(
            f"No challenger of model {spec.name!r} waits.",
            f"champion version {champion.version.number}, and no challenger beside it",
            "a challenger whose verdict was extend",
            f"run `incumbent retrain {spec.name} --reason TEXT`, which trains one",
        )
    return waiting, max(judged_on)


def newest_unlearnt(gateways: Gateways, spec: ModelSpec, champion: Champion) -> BatchEntry:
    """The newest batch with labels that the champion has not learnt from.

    Raises:
        UsageError: There is none: a retraining would give the champion again.
    """
    learnt = champion.model.card.training.batches
    for entry in reversed(gateways.ledger.batches(spec.name, status=BatchStatus.HANDLED)):
        if entry.batch.digest in learnt:
            continue
        if not gateways.predictions.read_labels(spec.name, entry.batch.digest).empty:
            return entry
    raise UsageError(
        f"There is nothing new that model {spec.name!r} could learn.",
        f"{len(learnt)} batches learnt by version {champion.version.number}, no labels of others",
        "a handled batch with labels that the champion has not learnt from",
        "monitor a newer batch, with its labels",
    )


def judgeable(waiting: Candidate | None, entry: BatchEntry) -> bool:
    """Whether there is a waiting challenger that was not fitted on this batch."""
    return waiting is not None and entry.batch.digest not in waiting.model.card.training.batches


def backtested(gateways: Gateways, version: Version) -> Candidate:
    """The candidate that a backtest has fitted already."""
    return Candidate(version, gateways.registry.load(version).model, 0, 0.0)


def challenger_for(
    gateways: Gateways, spec: ModelSpec, champion: Champion, entry: BatchEntry, *, anew: bool
) -> Candidate:
    """The challenger that waits for more labels, or a new one fitted on all but this batch.

    Where the champion has learnt from everything but this batch already, its own recipe
    would give the champion again: it stands for the challenger, and no fit is spent.
    """
    waiting = None if anew else waiting_challenger(gateways, spec, champion)
    if waiting is not None and judgeable(waiting, entry):
        return waiting
    training_batches = unlearnt_batches(gateways, spec, champion, entry.ordinal)
    refresh = burden_of(champion.model.card.spec, spec) is Burden.REFRESH
    if refresh and not training_batches:
        return Candidate(champion.version, champion.model, 0, 0.0)
    fitted, rows, seconds = fit_on(gateways, spec, champion, training_batches)
    return Candidate(keep_candidate(gateways, entry.batch.id, fitted, rows), fitted, 1, seconds)


@task(name="keep candidate", **OUTSIDE)
def keep_candidate(
    gateways: Gateways, batch: str, fitted: FittedModel, rows: pd.DataFrame
) -> Version:
    """The judged model as an artifact of its run; it is no version of the registry."""
    tags = {"incumbent.stage": "judged"}
    return gateways.registry.keep(f"judge {batch}", fitted, rows, params_of(fitted), {}, tags)


def evaluate(judged: FittedModel, rows: pd.DataFrame, champion: Champion) -> HeldOutEvaluation:
    """The baseline of the judged model, and its threshold, from the rows that judged it."""
    spec, before = judged.card.spec, champion.model.card.baseline
    return evaluate_baseline(judged.pipeline, rows, spec, kinds_in(judged.card.profile), before)


def params_of(fitted: FittedModel) -> dict[str, object]:
    """The spec and the training set as MLflow shows them."""
    training = fitted.card.training
    return {**fitted.card.spec.model_dump(mode="json"), "rows": training.rows}


def metrics_of(card: ModelCard) -> dict[str, float]:
    """The baseline of a version, and its loss on the rows that it was fitted on."""
    known = (
        {}
        if card.fitted_loss is None
        else {f"fitted_{card.baseline.metric_name}": card.fitted_loss}
    )
    return {**card.baseline.metrics, **known}
