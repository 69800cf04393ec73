"""Validation: what a batch must be before a model sees it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE

from expectations import derived, own
from incumbent.data.intake import blocks_of, canonical
from incumbent.data.kinds import kinds_of
from incumbent.data.numbers import infinite_rows
from incumbent.data.profile import count, kinds_in
from incumbent.data.profile.windows import blocks_in
from incumbent.errors import QuarantineError, UnreadableError
from incumbent.gateways import sources
from incumbent.gateways import validation as gateway
from incumbent.monitoring.data_faults import data_faults
from incumbent.monitoring.data_faults.columns import missing, unread
from incumbent.monitoring.data_faults.evidence import Examined, failures_of
from incumbent.monitoring.validation import report, unreadable
from incumbent.params import ModelSpec
from incumbent.records import (
    ModelCard,
    Outcome,
    Profile,
    Severity,
    ValidationReport,
)
from tasks.intake import Arrival


@dataclass(frozen=True)
class Validated:
    """What was found about a batch, its canonical table, and its profile on the champion's bins.

    A quarantined batch has an empty table and no profile.
    """

    report: ValidationReport
    frame: pd.DataFrame
    counted: Profile | None = None


@task(name="validation", cache_policy=NO_CACHE)
def validate(arrival: Arrival, spec: ModelSpec, card: ModelCard) -> Validated:
    """What is wrong with a batch, and what the loop goes on with; a person may have released it."""
    if arrival.released is not None and isinstance(arrival.content, pd.DataFrame):
        frame = canonical(arrival.content, spec, kinds_in(card.profile))
        return Validated(arrival.released, frame, _counted(frame, spec, card))
    return validate_delivery(arrival.content, arrival.entry.batch.path, spec, card)


def validate_delivery(
    raw: pd.DataFrame | UnreadableError, path: str, spec: ModelSpec, card: ModelCard
) -> Validated:
    """The same of a table that was read from a path just now."""
    return validate_content(raw, within_partition(spec, path), card, datetime.now(UTC))


def validate_content(
    raw: pd.DataFrame | UnreadableError, spec: ModelSpec, card: ModelCard, delivered: datetime
) -> Validated:
    """The same of a table, or of the error that kept it from being read.

    Columns first, then the expectations on keys and the model's own, then what the counts of the
    batch show beside those of the training set.

    Args:
        raw: The table as it was read.
        spec: The model and its rules.
        card: The champion's card.
        delivered: When it was delivered: no row may be later.
    """
    if isinstance(raw, UnreadableError):
        return Validated(unreadable(raw), pd.DataFrame())
    if absent := failures_of(missing(raw, (*spec.key_columns, *card.profile.columns)), spec):
        return Validated(report(absent), pd.DataFrame())
    suites = [suite for suite in (derived.keys(spec), own(spec)) if suite is not None]
    failures, excluded = gateway.validate(raw, suites, spec.sensitive)
    if any(failure.severity is Severity.CRITICAL for failure in failures):
        return Validated(report(failures), pd.DataFrame())
    kinds = kinds_in(card.profile)
    try:
        frame = canonical(raw, spec, kinds)
    except UnreadableError as error:
        read = failures_of(unread(raw, kinds, spec.sensitive), spec)
        return Validated(report(read) if read else unreadable(error), pd.DataFrame())
    whole = _counted(frame, spec, card)
    kept = np.setdiff1d(np.arange(len(frame)), excluded)  # others are known to be broken
    all_kept = len(kept) == len(frame)
    sound = frame if all_kept else frame.iloc[kept].reset_index(drop=True)
    examined = Examined(
        sound,
        whole if all_kept else _counted(sound, spec, card),
        card.profile,
        spec,
        infinite_rows(raw if all_kept else raw.iloc[kept], kinds),
        card.training.period,
        delivered,
    )
    faults, rows = data_faults(examined)
    found = report((*failures, *faults), (*excluded, *kept[list(rows)].tolist()))
    if found.outcome is Outcome.QUARANTINE:
        return Validated(replace(found, excluded=()), pd.DataFrame())
    return Validated(found, frame, whole)


def within_partition(spec: ModelSpec, path: str) -> ModelSpec:
    """The spec for a file of a partitioned data set, whose keys have one value in all of its rows.

    What the spec itself says of a key comes last, and holds.
    """
    names = sources.partition_keys(path)
    alike = (f"{rule}:{name}=off" for name in names for rule in ("constant", "values_lost"))
    return spec.model_copy(update={"validation_rules": (*alike, *spec.validation_rules)})


def _counted(frame: pd.DataFrame, spec: ModelSpec, card: ModelCard) -> Profile:
    """A canonical batch on the bins of the champion's training set."""
    return count(frame, card.profile, blocks_in(blocks_of(frame, spec)))


@task(name="validation", cache_policy=NO_CACHE)
def validate_training_data(raw: pd.DataFrame, spec: ModelSpec) -> pd.DataFrame:
    """The rows of the training data that may be learnt from."""
    return sound_rows(raw, spec)


def sound_rows(raw: pd.DataFrame, spec: ModelSpec) -> pd.DataFrame:
    """The rows of the training data that may be learnt from.

    Raises:
        QuarantineError: The data lack a column, or fail a critical expectation.
    """
    needed = (*spec.key_columns, *kinds_of(raw, spec), spec.target)
    absent = failures_of(missing(raw, needed), spec)
    suites = [suite for suite in (derived.keys(spec), own(spec)) if suite is not None]
    failures, excluded = (absent, []) if absent else gateway.validate(raw, suites, spec.sensitive)
    worst = next((f for f in failures if f.severity is Severity.CRITICAL), None)
    if worst is not None:
        raise QuarantineError(
            f"The training data fail {worst.expectation}"
            + (f" on column {worst.column!r}." if worst.column else "."),
            worst.observed,
            worst.expected,
            "correct the data and train again",
        )
    return raw.drop(index=raw.index[list(report((), excluded).excluded)]).reset_index(drop=True)
