"""Skew: the rows of the serving log whose ids are in the batch, beside the rows of the batch."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
from prefect import task
from pydantic import TypeAdapter

from incumbent.data.intake import as_id
from incumbent.data.kinds import column_types
from incumbent.data.profile import kinds_in
from incumbent.data.written import as_trained
from incumbent.errors import (
    OutOfReachError,
    QuarantineError,
    StoredError,
    UnreadableError,
    UsageError,
)
from incumbent.gateways import sources
from incumbent.gateways.sources.content import GIGABYTE
from incumbent.gateways.sources.frame import read_columns
from incumbent.log import warn
from incumbent.monitoring.sensitive import without_examples
from incumbent.monitoring.skew import ComparedColumns, Sides, bring_together, skew
from incumbent.monitoring.skew.effect import answer_skew, offline_rows, score_skew, served_rows
from incumbent.params import ModelSpec
from incumbent.records import BatchEntry, ModelCard, SkewReport
from tasks.gateways import OUTSIDE
from tasks.state import LiveState

# A log that cannot be read is told; the batch is judged without it.
OF_THE_LOG = (UsageError, QuarantineError, OutOfReachError)


@task(name="skew", **OUTSIDE)
def measure_skew(state: LiveState, frame: pd.DataFrame) -> SkewReport | None:
    """The batch beside its rows in the serving log.

    None where the spec names no log, where the log has no row of the batch, and, with a warning,
    where it cannot be read.

    Args:
        state: The model in the loop.
        frame: The canonical batch, shape (n, columns).
    """
    spec, card = state.spec, state.champion().model.card
    if spec.serving_log is None or spec.id is None:
        return None
    try:
        served = _served(spec, card, pd.Index(frame[spec.id].dropna().unique()))
        return None if served is None else _measured(state, served, frame)
    except OF_THE_LOG as error:
        warn("skew was not measured: %s", error)
        return None


def recalled_skew(
    state: LiveState, entry: BatchEntry, stored: Mapping[str, Any]
) -> SkewReport | None:
    """What was found when the batch arrived; measured now where its log had not come yet.

    Args:
        state: The model in the loop.
        entry: A batch that was handled before.
        stored: Its document.
    """
    found = TypeAdapter(SkewReport | None).validate_python(stored.get("skew"))
    if found is not None or state.spec.serving_log is None:
        return found
    try:
        return measure_skew(state, state.frame(entry))
    except StoredError as error:
        warn("skew was not measured: %s", error)
        return None


def _measured(state: LiveState, served: pd.DataFrame, frame: pd.DataFrame) -> SkewReport | None:
    spec, model = state.spec, state.champion().model
    assert spec.id is not None  # noqa: S101 - the spec has one where it names a log
    columns = ComparedColumns(spec.id, spec.timestamp, kinds_in(model.card.profile))
    sides = bring_together(served, frame, columns, spec.skew_tolerance)
    if len(sides.rows) == 0:
        warn("skew was not measured: the serving log has every id of the batch twice")
        return None
    ours, theirs = served_rows(model, sides), offline_rows(model, sides)
    report = replace(skew(sides), score=score_skew(model, ours, theirs))
    given = _answers(spec, served, sides)
    if given is not None:
        report = replace(report, answers=answer_skew(model, ours, given, sides.rows.ids))
    return without_examples(report, spec)


def _served(spec: ModelSpec, card: ModelCard, ids: pd.Index) -> pd.DataFrame | None:
    """The rows of the log with some ids, its categories in the champion's form; None: none.

    A file that cannot be read is left out with a warning.
    """
    assert spec.serving_log is not None  # noqa: S101 - the caller has looked
    found, left = [], spec.largest_table_gb
    for path in sources.find(spec.serving_log):
        try:
            rows = _rows_of(path, spec, card, ids, left)
        except QuarantineError as error:
            warn("a file of the serving log is left out: %s", error)
            continue
        if len(rows):
            found.append(rows)
            left -= int(rows.memory_usage().sum()) / GIGABYTE
    return as_trained(pd.concat(found, ignore_index=True), card.profile) if found else None


def _rows_of(
    path: str, spec: ModelSpec, card: ModelCard, ids: pd.Index, most_gb: float
) -> pd.DataFrame:
    """The rows of one file with some ids; where it has none, only its ids are read."""
    assert spec.id is not None  # noqa: S101 - the spec has one where it names a log
    kinds = kinds_in(card.profile)
    known, wanted = column_types(spec, kinds), {spec.id, *kinds}
    wanted |= {spec.skew_answer} if spec.skew_answer is not None else set()
    named = read_columns(path, {spec.id}, known, most_gb)
    if spec.id not in named:
        raise UnreadableError(
            f"File {sources.stem(path)!r} of the serving log lacks the id column.",
            path,
            f"a column {spec.id!r}",
            "correct the file, or `id` and `serving_log` in the spec",
        )
    mine = ids.get_indexer(pd.Index(as_id(named[spec.id]))) >= 0
    if not mine.any():
        return named.iloc[:0]
    return read_columns(path, wanted, known, most_gb)[mine]


def _answers(spec: ModelSpec, served: pd.DataFrame, sides: Sides) -> pd.Series | None:
    """The logged answers of the joined rows; None where they are not asked for or not there."""
    if spec.skew_answer is None:
        return None
    if spec.skew_answer in served:
        return served[spec.skew_answer].iloc[sides.rows.serving].reset_index(drop=True)
    warn("the serving log has no column %s with the answers", spec.skew_answer)
    return None
