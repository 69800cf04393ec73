"""History: labelled files as a replay reads them, each validated as it arrives."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import PurePath

import pandas as pd

from incumbent.data.intake import as_target, canonical, describe
from incumbent.data.kinds import column_types, kinds_of
from incumbent.data.labels import labels_of
from incumbent.data.profile import kinds_in
from incumbent.data.written import as_trained
from incumbent.errors import UnreadableError, UsageError
from incumbent.gateways import sources
from incumbent.gateways.sources.frame import read_frame
from incumbent.log import warn
from incumbent.model.windows import one_day_warning
from incumbent.monitoring.validation import unreadable
from incumbent.params import ModelSpec
from incumbent.records import Batch, ModelCard, ValidationReport
from incumbent.replay.labelled_history import LabelledBatch, LabelledHistory
from tasks.intake import read_training_data
from tasks.validation import sound_rows, validate_delivery


def open_history(spec: ModelSpec, reference: str, paths: Sequence[str]) -> LabelledHistory:
    """The training data of the first champion, and the batches after it, which are read later."""
    raw = sound_rows(read_training_data(spec, reference), spec)
    kinds = kinds_of(raw, spec)
    known = canonical(raw, spec, kinds).dropna(subset=[spec.target]).reset_index(drop=True)
    if warning := one_day_warning(known, spec):
        warn(warning)
    labels = _labels(spec)
    readers = [
        partial(read_batch, spec, name, path, labels)
        for name, path in zip(distinct_names(paths), paths, strict=True)
    ]
    return LabelledHistory(spec.name, spec, kinds, known, readers)


def read_batch(
    spec: ModelSpec, name: str, path: str, labels: pd.DataFrame | None, card: ModelCard
) -> LabelledBatch:
    """A batch with its labels, validated as `monitor` would; its target is null where unknown.

    Raises:
        UsageError: It has no target column, and the spec names no labels that arrive apart.
    """
    try:
        raw = read_frame(path, column_types(spec, kinds_in(card.profile)), spec.largest_table_gb)
    except UnreadableError as error:
        nothing = Batch(name, "", 0, None, path)
        return LabelledBatch(name, pd.DataFrame(), spec, unreadable(error), nothing)
    _require_labels(raw, labels, spec, path)
    delivered = describe(path, name, raw, spec)
    trained = as_trained(_features(raw, spec), card.profile)
    validated = validate_delivery(trained, path, spec, card)
    validation, rows = validated.report, validated.frame
    known = _own_labels(raw, spec) if spec.target in raw.columns else labels
    return replace(labelled_batch(spec, name, rows, known, validation), delivered=delivered)


def labelled_batch(
    spec: ModelSpec,
    name: str,
    rows: pd.DataFrame,
    labels: pd.Series | pd.DataFrame | None,
    validation: ValidationReport,
) -> LabelledBatch:
    """A canonical batch with its labels: a column of the same length, or a table joined by id."""
    if labels is None or rows.empty:
        target: object = pd.Series([None] * len(rows), dtype=object)
    elif isinstance(labels, pd.DataFrame):
        once = labels.drop_duplicates("id", keep="last").set_index("id")["label"]
        target = rows[spec.id].map(once).to_numpy()
    else:
        target = labels.to_numpy()
    return LabelledBatch(name, rows.assign(**{spec.target: target}), spec, validation)


def distinct_names(paths: Sequence[str]) -> list[str]:
    """Names of batches: the stem of each file, after as many folders as tell them apart.

    >>> distinct_names(["lake/a/part-0.parquet", "lake/b/part-0.parquet"])
    ['a/part-0', 'b/part-0']
    >>> distinct_names(["lake/a/one.csv", "lake/b/two.csv"])
    ['one', 'two']
    """
    parts = [(*PurePath(path).parts[:-1], sources.stem(path)) for path in paths]
    for depth in range(1, max(map(len, parts), default=1) + 1):
        names = ["/".join(part[-depth:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    return [f"{name} ({number})" for number, name in enumerate(names, 1)]


def _labels(spec: ModelSpec) -> pd.DataFrame | None:
    """All labels that arrive apart, where the spec names a pattern of them."""
    found = sources.find(spec.labels) if spec.labels else ()
    tables = [
        labels_of(read_frame(path, column_types(spec), spec.largest_table_gb), spec)
        for path in found
    ]
    return pd.concat(tables, ignore_index=True) if tables else None


def _require_labels(
    raw: pd.DataFrame, labels: pd.DataFrame | None, spec: ModelSpec, path: str
) -> None:
    if spec.target not in raw.columns and labels is None:
        raise UsageError(
            "A batch of a replay has no labels.",
            f"{path}: no column {spec.target!r}, and no file of `labels`: {spec.labels or 'none'}",
            "the target in each batch, or a pattern of label files in the spec",
            "set `labels` and `id` in the spec, or add the target to the batches",
        )


def _features(raw: pd.DataFrame, spec: ModelSpec) -> pd.DataFrame:
    return raw.drop(columns=spec.target, errors="ignore")


def _own_labels(raw: pd.DataFrame, spec: ModelSpec) -> pd.Series:
    """The labels in the target column of a batch, canonical."""
    return as_target(raw[spec.target], spec.task)
