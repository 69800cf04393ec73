"""Training: the first champion, candidates kept as runs, and refits as versions."""

from datetime import UTC, datetime

import pandas as pd
from prefect import task

from incumbent.data.intake import canonical
from incumbent.data.kinds import kinds_of
from incumbent.errors import UsageError
from incumbent.log import warn
from incumbent.loop.challenge import challenger_for
from incumbent.loop.state import Challenge, Contender, Refit
from incumbent.model.training import assemble, train
from incumbent.model.windows import one_day_warning, sample
from incumbent.monitoring.slices import require_slices
from incumbent.params import ModelSpec
from incumbent.records import (
    BatchEntry,
    FittedModel,
    HeldOutEvaluation,
    ModelCard,
    RunRecord,
    Version,
)
from tasks.gateways import OUTSIDE, Gateways
from tasks.labels import stored_labels
from tasks.state import LiveState


@task(name="training", **OUTSIDE)
def train_first(spec: ModelSpec, frame: pd.DataFrame) -> tuple[FittedModel, pd.DataFrame]:
    """The first champion with the canonical rows that it was fitted on."""
    kinds = kinds_of(frame, spec)
    require_slices(spec, kinds)
    rows = canonical(frame, spec, kinds).dropna(subset=[spec.target])
    rows = sample(rows.reset_index(drop=True), spec)
    if warning := one_day_warning(rows, spec):
        warn(warning)
    return train(rows, spec, kinds), rows


@task(name="challenger", **OUTSIDE)
def find_challenger(state: LiveState, entry: BatchEntry, *, anew: bool) -> Contender:
    """The challenger that waits, or a new one, which is kept as a run in MLflow."""
    challenger = challenger_for(state, entry.batch.digest, anew=anew).contender
    return challenger if challenger.version else keep_candidate(state, challenger, entry.batch.id)


@task(name="keep candidate", **OUTSIDE)
def keep_candidate(state: LiveState, contender: Contender, batch: str) -> Contender:
    """A contender with its artifacts stored in a run; it is no version of the registry."""
    champion = state.champion().model
    carried = HeldOutEvaluation(champion.card.baseline, champion.card.threshold, champion.held_out)
    fitted, rows = _assembled(state, contender, carried)
    tags = {"incumbent.stage": "judged"}
    registry = state.gateways.registry
    run = RunRecord(f"judge {batch}", "", params_of(fitted), {}, tags)
    version = registry.keep(run, fitted, rows)
    return Contender(contender.key, contender.spec, contender.pipeline, contender.cost, version)


def register_refit(state: LiveState, refit: Refit, reason: str) -> Version:
    """A refit as a new version in the registry."""
    fitted, rows = _assembled(state, refit.contender, refit.evaluation)
    return register(state.gateways, refit.entry.batch.id, fitted, rows, reason)


@task(name="register", **OUTSIDE)
def register(
    gateways: Gateways, name: str, fitted: FittedModel, rows: pd.DataFrame, reason: str
) -> Version:
    """A new version in the registry, with its card, its rows and its golden predictions."""
    tags = {"incumbent.reason": reason}
    run = RunRecord(f"train {name}", "", params_of(fitted), metrics_of(fitted.card), tags)
    stored = gateways.registry.keep(run, fitted, rows)
    gateways.ledger.begin_registration(stored, datetime.now(UTC))
    given = [p.version.number for p in gateways.ledger.promotions(stored.model)]
    return gateways.registry.publish(stored, fitted.card, above=max(given, default=0))


def require_waiting(state: LiveState) -> tuple[Challenge, BatchEntry]:
    """The challenger that waits, and the newest batch that it was judged on.

    Raises:
        UsageError: None waits.
    """
    waiting = state.challenger()
    judged_on = [b.batch for b in waiting.evidence if b.batch is not None] if waiting else []
    if waiting is None or not judged_on:
        name, number = state.spec.name, state.champion().version.number
        raise UsageError(
            f"No challenger of model {name!r} waits.",
            f"champion version {number}, and no challenger beside it",
            "a challenger whose verdict was extend",
            f"run `incumbent retrain {name} --reason TEXT`, which trains one",
        )
    return waiting, state.entry(max(judged_on))


def newest_unlearnt(state: LiveState) -> BatchEntry:
    """The newest batch with labels that the champion has not learnt.

    Raises:
        UsageError: There is none: a retraining would give the champion again.
    """
    gateways, name = state.gateways, state.spec.name
    champion = state.champion()
    learnt = champion.model.card.training.batches
    for entry in gateways.ledger.handled_newest_first(name):
        if entry.batch.digest in learnt:
            continue
        if not stored_labels(gateways, state.spec, entry.batch.digest).empty:
            return entry
    raise UsageError(
        f"There is nothing new that model {name!r} could learn.",
        f"{len(learnt)} batches learnt by version {champion.version.number}, no labels of others",
        "a handled batch with labels that the champion has not learnt",
        "monitor a newer batch, with its labels",
    )


def params_of(fitted: FittedModel) -> dict[str, object]:
    """The spec and the training set as MLflow shows them."""
    training = fitted.card.training
    return {**fitted.card.spec.model_dump(mode="json"), "rows": training.rows}


def metrics_of(card: ModelCard) -> dict[str, float]:
    """The baseline of a version, and its loss on the rows that it was fitted on."""
    fitted = card.fitted_loss
    known = {} if fitted is None else {f"fitted_{card.baseline.metric_name}": fitted}
    return {**card.baseline.metrics, **known}


def _assembled(
    state: LiveState, contender: Contender, evaluation: HeldOutEvaluation
) -> tuple[FittedModel, pd.DataFrame]:
    """A contender with its card, and the rows that it was fitted on."""
    rows = state.fitted_rows(contender.key)
    learnt = contender.key.batches
    fitted = assemble(
        contender.pipeline, rows, contender.spec, evaluation=evaluation, batches=learnt
    )
    return fitted, rows
