"""Promotion: verify, write the intent, set the alias, mark it done; and mend what a crash left."""

from datetime import UTC, datetime

import pandas as pd
from prefect import task

from incumbent.errors import IntegrityError
from incumbent.params import ModelSpec
from incumbent.promotion import golden_failure, promotion_id
from incumbent.records import (
    Champion,
    FittedModel,
    Promotion,
    PromotionKind,
    Version,
)
from tasks.doors import OUTSIDE, Doors
from tasks.training import params_of

CHAMPION, PREVIOUS = "champion", "previous"


@task(name="register", **OUTSIDE)
def register(
    doors: Doors, name: str, fitted: FittedModel, rows: pd.DataFrame, reason: str
) -> Version:
    """A new version in the registry, with its card, its rows and its golden predictions."""
    metrics, tags = fitted.card.baseline.metrics, {"incumbent.reason": reason}
    return doors.registry.register(f"train {name}", fitted, rows, params_of(fitted), metrics, tags)


@task(name="promotion", **OUTSIDE)
def promote(
    doors: Doors, spec: ModelSpec, version: Version, kind: PromotionKind, reason: str
) -> Champion:
    """Make a version the champion, and return it as it was read back and verified.

    Raises:
        IntegrityError: The stored version is not the one that was registered.
    """
    stored = doors.registry.load(version)
    if failure := golden_failure(stored):
        raise IntegrityError(
            f"Version {version.number} of {spec.name!r} was not promoted.",
            failure,
            "the predictions that it was registered with",
            "keep the champion, and look at the version's run in MLflow",
        )
    before = doors.ledger.champion(spec.name)
    if before == version:  # a retry of a promotion that was done
        return stored
    number = None if before is None else before.number
    identity = promotion_id(spec.name, number, stored.model.card.training.digest, spec)
    intent = Promotion(identity, kind, version, number, reason, done=False)
    _finish(doors, doors.ledger.intend(intent, datetime.now(UTC)))
    return stored


@task(name="reconcile", **OUTSIDE)
def reconcile(doors: Doors, spec: ModelSpec) -> None:
    """Finish the promotions that a crash left half done, and re-assert the aliases."""
    for intent in doors.ledger.open_intents(spec.name):
        _finish(doors, intent)
    champion, previous = doors.ledger.champion(spec.name), doors.ledger.previous(spec.name)
    _point(doors, spec.name, CHAMPION, champion)
    _point(doors, spec.name, PREVIOUS, previous)


def _finish(doors: Doors, intent: Promotion) -> None:
    if not intent.done:
        _point(doors, intent.version.model, CHAMPION, intent.version)
        doors.ledger.complete(intent.id, datetime.now(UTC))
    _point(doors, intent.version.model, PREVIOUS, doors.ledger.previous(intent.version.model))


def _point(doors: Doors, model: str, alias: str, version: Version | None) -> None:
    if version is not None and doors.registry.alias(model, alias) != version.number:
        doors.registry.point(model, alias, version.number)
