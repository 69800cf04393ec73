"""Validation: the suites that a batch must pass, run on it as it was delivered."""

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE

from expectations import derived, own
from incumbent.data.intake import canonical
from incumbent.data.kinds import kinds_of, unusable_type
from incumbent.data.profile import kinds_in
from incumbent.errors import QuarantineError, UnreadableError
from incumbent.gateways import validation as gateway
from incumbent.monitoring.validation import report, unreadable
from incumbent.params import ModelSpec
from incumbent.records import ModelCard, Outcome, Severity, ValidationReport
from tasks.intake import Arrival


@task(name="validation", cache_policy=NO_CACHE)
def validate(
    arrival: Arrival, spec: ModelSpec, card: ModelCard
) -> tuple[ValidationReport, pd.DataFrame]:
    """What the suites report on a batch, and its canonical table (empty if quarantined)."""
    return validate_content(arrival.content, spec, card)


def validate_content(
    raw: pd.DataFrame | UnreadableError, spec: ModelSpec, card: ModelCard
) -> tuple[ValidationReport, pd.DataFrame]:
    """The same of a table, or of the error that kept it from being read."""
    if isinstance(raw, UnreadableError):
        return unreadable(raw), pd.DataFrame()
    if strange := _unusable(raw, card):
        return unreadable(strange), pd.DataFrame()
    found = check(raw, spec, card)
    if found.outcome is Outcome.QUARANTINE:
        return found, pd.DataFrame()
    try:
        return found, canonical(raw, spec, kinds_in(card.profile))
    except UnreadableError as error:
        return unreadable(error), pd.DataFrame()


def check(raw: pd.DataFrame, spec: ModelSpec, card: ModelCard) -> ValidationReport:
    """Schema first, then the ranges of the training set, then the spec's own rules."""
    features = tuple(card.profile.columns)
    suites = [derived.schema(spec, features), derived.values(spec, card.profile)]
    suite = own(spec)
    return report(*gateway.validate(raw, suites if suite is None else [*suites, suite]))


def _unusable(raw: pd.DataFrame, card: ModelCard) -> UnreadableError | None:
    """Features of a type that no suite can look at, such as lists."""
    features = (name for name in card.profile.columns if name in raw.columns)
    found = {name: why for name in features if (why := unusable_type(raw[name]))}
    if not found:
        return None
    return UnreadableError(
        "Features hold values that a model cannot read.",
        ", ".join(f"{name!r}: {why}" for name, why in found.items()),
        "numbers, flags or text, as in the training data",
        "correct the values at their source",
    )


@task(name="validation", cache_policy=NO_CACHE)
def validate_training_data(raw: pd.DataFrame, spec: ModelSpec) -> pd.DataFrame:
    """The rows of the training data that may be learnt from."""
    return sound_rows(raw, spec)


def sound_rows(raw: pd.DataFrame, spec: ModelSpec) -> pd.DataFrame:
    """The rows of the training data that may be learnt from.

    Raises:
        QuarantineError: The data fail the schema, or a critical rule of the spec's own.
    """
    features = tuple(kinds_of(raw, spec))
    suites = [derived.schema(spec, (*features, spec.target))]
    suite = own(spec)
    found = report(*gateway.validate(raw, suites if suite is None else [*suites, suite]))
    if found.outcome is Outcome.QUARANTINE:
        worst = next(f for f in found.failures if f.severity is Severity.CRITICAL)
        raise QuarantineError(
            f"The training data fail {worst.expectation}"
            + (f" on column {worst.column!r}." if worst.column else "."),
            worst.observed,
            worst.expected,
            "correct the data and train again",
        )
    return raw.drop(index=raw.index[list(found.excluded)]).reset_index(drop=True)
