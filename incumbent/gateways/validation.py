"""The gateway to Great Expectations: a raw table and suites go in, a report comes out.

Two keys of an expectation's `meta` mean something here: `rows: exclude` keeps the failing rows
out of training, and `expected` describes what was expected.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import great_expectations as gx
import numpy as np
import pandas as pd
from great_expectations.core import ExpectationValidationResult
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from incumbent.errors import IncumbentError
from incumbent.plain_text import WITHHELD, example_of, shortened
from incumbent.records import Failure, Severity

EXCLUDE = "exclude"
RESULT_FORMAT = {
    "result_format": "COMPLETE",  # the only one that names every failing row
    "return_unexpected_index_query": False,
    "include_unexpected_rows": False,
}


def validate(
    frame: pd.DataFrame, suites: Sequence[gx.ExpectationSuite], sensitive: Collection[str] = ()
) -> tuple[list[Failure], list[int]]:
    """What a table fails of some suites, in their order, up to the first critical suite.

    Args:
        frame: A table as read, shape (n, any); its index does not count.
        suites: Suites to run. After one with a critical failure the rest is not run.
        sensitive: Columns of which no value is shown.

    Returns:
        The failures (critical first) and the positions of excluded rows.

    Raises:
        IncumbentError: An expectation that cannot be evaluated: a mistake in the suite, which
            tells nothing about the table.
    """
    batch = _batch(frame)
    failures: list[Failure] = []
    excluded: list[int] = []
    for suite in suites:
        results = batch.validate(suite, result_format=RESULT_FORMAT).results
        evaluated = _evaluated(suite.name, results)
        found = [_failure(result, sensitive) for result in evaluated if not result.success]
        failures += sorted(found, key=_order)
        excluded += (row for result in evaluated for row in _excluded(result))
        if any(failure.severity is Severity.CRITICAL for failure in found):
            break
    return failures, excluded


def _batch(frame: pd.DataFrame) -> Batch:
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    table = pd.DataFrame({name: _plain(frame[name]) for name in frame.columns})
    return (
        context.data_sources.add_pandas("tables")
        .add_dataframe_asset("table")
        .add_batch_definition_whole_dataframe("whole")
        .get_batch({"dataframe": table.reset_index(drop=True)})
    )


def _plain(column: pd.Series) -> pd.Series:
    """A column in the types of numpy, which are the ones that Great Expectations knows.

    Text and categories become objects, and so does a column of nulls, which has no type.
    """
    kind = column.dtype
    if pd.api.types.is_datetime64_any_dtype(kind) and column.notna().any():
        return column
    if not pd.api.types.is_numeric_dtype(kind) or column.isna().all():
        return column.astype(object)
    if pd.api.types.is_extension_array_dtype(kind):
        return pd.Series(column.to_numpy(np.float64, na_value=np.nan), index=column.index)
    return column


def _evaluated(
    suite: str, results: Iterable[ExpectationValidationResult]
) -> list[ExpectationValidationResult]:
    """The results that are about the table.

    On a column that fails a critical expectation others may raise (a range of what is text):
    these follow from it and are dropped.
    """
    raised = [(result, _exception(result)) for result in results]
    evaluated = [result for result, message in raised if message is None]
    broken = {c for r in evaluated if not r.success and _is_critical(r) for c in _columns(r)}
    for result, message in raised:
        if message is not None and not broken & set(_columns(result)):
            raise _misconfigured(suite, result, message)
    return evaluated


def _exception(result: ExpectationValidationResult) -> str | None:
    """The message of what an expectation raised: its details are flat, or one per metric."""
    info: Mapping[str, Any] = result.exception_info or {}
    details = [info, *(part for part in info.values() if isinstance(part, Mapping))]
    raised = [str(d.get("exception_message")) for d in details if d.get("raised_exception")]
    return raised[0] if raised else None


def _misconfigured(suite: str, result: ExpectationValidationResult, message: str) -> IncumbentError:
    where = ", ".join(_columns(result)) or "the table"
    return IncumbentError(
        f"Expectation {_type(result)} on {where} of suite {suite!r} cannot be evaluated.",
        message,
        "an expectation that fits the column it is about",
        "correct the suite under expectations/; expect the column to exist if a batch may lack it",
    )


def _failure(result: ExpectationValidationResult, sensitive: Collection[str]) -> Failure:
    hidden = not set(_columns(result)).isdisjoint(sensitive)
    return Failure(
        expectation=_type(result),
        column=", ".join(_columns(result)) or None,
        observed=_how_many(result) if hidden else _observed(result),
        expected=_expected(result),
        rows=result.result.get("unexpected_count"),
        severity=Severity.CRITICAL if _is_critical(result) else Severity.WARNING,
    )


def _order(failure: Failure) -> tuple[bool, str, str]:
    return failure.severity is not Severity.CRITICAL, failure.column or "", failure.expectation


def _excluded(result: ExpectationValidationResult) -> Iterator[int]:
    """Positions of the rows that an expectation keeps out of training, passed or not."""
    if _config(result).meta.get("rows") != EXCLUDE:
        return
    if "unexpected_index_list" not in result.result:
        raise _misconfigured(
            "of this model", result, "`rows: exclude` on an expectation that is not about rows"
        )
    yield from (int(row) for row in result.result["unexpected_index_list"])


def _observed(result: ExpectationValidationResult) -> str:
    """What was found: a value of the column, or how many rows failed, with an example."""
    found = result.result
    if "unexpected_count" not in found:
        return shortened(found.get("observed_value", "missing"))
    values = found["element_count"] - found.get("missing_count", 0)
    text = f"{found['unexpected_count']:,} of {values:,} values"
    example = next((v for v in found["partial_unexpected_list"] if not _is_null(v)), None)
    return f"{text} null" if example is None else f"{text}, e.g. {example_of(example)}"


def _how_many(result: ExpectationValidationResult) -> str:
    """What was found in a sensitive column: how many rows failed, without a value."""
    found = result.result
    return f"{found['unexpected_count']:,} values" if "unexpected_count" in found else WITHHELD


def _expected(result: ExpectationValidationResult) -> str:
    """What was expected: in the suite's own words, or from the expectation's arguments."""
    config = _config(result)
    if "expected" in config.meta:
        return str(config.meta["expected"])
    arguments = config.kwargs
    mostly = arguments.get("mostly", 1)
    share = f", in at least {mostly:.6g} of the values" if mostly < 1 else ""
    return _condition(config.type, arguments) + share


def _condition(kind: str, arguments: Mapping[str, Any]) -> str:
    low, high = arguments.get("min_value"), arguments.get("max_value")
    if low is not None and high is not None:
        return f"between {shortened(low)} and {shortened(high)}"
    if low is not None or high is not None:
        return f"at least {shortened(low)}" if high is None else f"at most {shortened(high)}"
    if "value_set" in arguments:
        verb = "none of" if "_not_" in kind else "one of"
        return f"{verb} {shortened(', '.join(map(str, arguments['value_set'])))}"
    detail = [
        shortened(arguments[key]) for key in ("regex", "type_", "type_list") if key in arguments
    ]
    return " ".join([kind.removeprefix("expect_").replace("_", " "), *detail])


def _is_null(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or value != value  # noqa: PLR0124 - NaN differs from itself


def _is_critical(result: ExpectationValidationResult) -> bool:
    return _config(result).severity == Severity.CRITICAL.value


def _type(result: ExpectationValidationResult) -> str:
    return _config(result).type


def _columns(result: ExpectationValidationResult) -> list[str]:
    """The columns that an expectation is about, none for one about the table."""
    arguments = _config(result).kwargs
    single = [arguments[k] for k in ("column", "column_A", "column_B") if k in arguments]
    return [str(column) for column in (*single, *arguments.get("column_list", ()))]


def _config(result: ExpectationValidationResult) -> ExpectationConfiguration:
    """The expectation behind a result: Great Expectations types it as optional."""
    return cast("ExpectationConfiguration", result.expectation_config)
