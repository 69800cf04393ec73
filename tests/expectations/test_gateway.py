"""The gateway to Great Expectations: what goes in, what comes out, and whose mistake it is."""

from concurrent.futures import ThreadPoolExecutor

import great_expectations as gx
import numpy as np
import pandas as pd
import pytest
from great_expectations import expectations as gxe

from incumbent.errors import IncumbentError
from incumbent.records import Failure, Outcome, Severity, ValidationReport
from tests.expectations.checked import validate

WARNING = gxe.ExpectColumnToExist(column="any", severity="warning").severity


def suite(*expected, name="rules"):
    return gx.ExpectationSuite(name=name, expectations=list(expected))


def between(column="wind", low=0, high=200, **more):
    return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=low, max_value=high, **more)


def limited(**more):
    return between(severity=WARNING, meta={"rows": "exclude"}, **more)


@pytest.fixture
def table():
    return pd.DataFrame({"wind": [5.0, 1048.36, np.nan, 7.0], "city": ["a", "b", None, "a"]})


def test_no_suites_pass(table):
    assert validate(table, []) == ValidationReport(Outcome.PASS)


def test_a_failure_is_told_in_full(table):
    report = validate(table, [suite(limited())])
    assert report == ValidationReport(
        Outcome.WARN,
        (
            Failure(
                "expect_column_values_to_be_between",
                "wind",
                "1 of 3 values, e.g. 1048.36",
                "between 0 and 200",
                1,
                Severity.WARNING,
            ),
        ),
        (1,),
    )


@pytest.mark.parametrize(
    ("expected", "column", "observed", "wanted", "rows"),
    [
        (between(high=None, low=6), "wind", "1 of 3 values, e.g. 5", "at least 6", 1),
        (between(low=None, high=6), "wind", "2 of 3 values, e.g. 1048.36", "at most 6", 2),
        (
            gxe.ExpectColumnValuesToBeInSet(column="city", value_set=["b"]),
            "city",
            "2 of 3 values, e.g. 'a'",
            "one of b",
            2,
        ),
        (
            gxe.ExpectColumnValuesToNotBeInSet(column="city", value_set=["b"]),
            "city",
            "1 of 3 values, e.g. 'b'",
            "none of b",
            1,
        ),
        (
            gxe.ExpectColumnValuesToNotBeNull(column="city", mostly=0.8),
            "city",
            "1 of 4 values null",
            "column values to not be null, in at least 0.8 of the values",
            1,
        ),
        (
            gxe.ExpectColumnValuesToMatchRegex(column="city", regex="^a$"),
            "city",
            "1 of 3 values, e.g. 'b'",
            "column values to match regex ^a$",
            1,
        ),
        (
            gxe.ExpectColumnMaxToBeBetween(column="wind", max_value=200),
            "wind",
            "1048.36",
            "at most 200",
            None,
        ),
        (gxe.ExpectColumnToExist(column="x"), "x", "missing", "column to exist", None),
        (
            gxe.ExpectTableRowCountToBeBetween(min_value=5, max_value=6),
            None,
            "4",
            "between 5 and 6",
            None,
        ),
        (
            gxe.ExpectColumnPairValuesToBeEqual(column_A="wind", column_B="city"),
            "wind, city",
            "3 of 3 values, e.g. (5, 'a')",
            "column pair values to be equal",
            3,
        ),
    ],
)
def test_observed_and_expected_are_words(table, expected, column, observed, wanted, rows):
    (failure,) = validate(table, [suite(expected)]).failures
    assert (failure.column, failure.observed, failure.expected, failure.rows) == (
        column,
        observed,
        wanted,
        rows,
    )


def test_the_suites_own_words_win(table):
    (failure,) = validate(table, [suite(between(meta={"expected": "a breeze"}))]).failures
    assert failure.expected == "a breeze"


def test_long_values_are_cut():
    table = pd.DataFrame({"city": ["x" * 500]})
    rule = gxe.ExpectColumnValuesToBeInSet(column="city", value_set=["y" * 500])
    (failure,) = validate(table, [suite(rule)]).failures
    assert len(failure.observed) < 80
    assert len(failure.expected) < 80


def test_critical_failures_come_first(table):
    rules = suite(limited(), gxe.ExpectColumnToExist(column="zip"))
    severities = [f.severity for f in validate(table, [rules]).failures]
    assert severities == [Severity.CRITICAL, Severity.WARNING]


def test_severity_info_is_a_warning(table):
    report = validate(table, [suite(between(severity="info"))])
    assert report.outcome is Outcome.WARN


def test_suites_stop_after_a_critical_failure_and_not_after_a_warning(table):
    first, last = suite(between(), name="first"), suite(limited(high=6), name="last")
    assert [f.rows for f in validate(table, [first, last]).failures] == [1]
    assert [f.rows for f in validate(table, [suite(limited()), last]).failures] == [1, 2]


def test_excluded_rows_are_positions_sorted_and_counted_once(table):
    table.index = pd.Index([40, 30, 20, 10], name="wind")
    rules = suite(limited(high=6), limited(low=6, high=2_000))
    assert validate(table, [rules]).excluded == (0, 1, 3)


def test_rows_are_excluded_by_an_expectation_that_passes_mostly(table):
    report = validate(table, [suite(limited(mostly=0.5))])
    assert (report.outcome, report.excluded) == (Outcome.PASS, (1,))


def test_rows_of_a_rule_that_does_not_say_so_are_kept(table):
    assert validate(table, [suite(between(severity=WARNING))]).excluded == ()


def test_the_table_is_left_as_it_was(table):
    before = table.copy(deep=True)
    validate(table, [suite(limited())])
    pd.testing.assert_frame_equal(table, before)


def test_only_the_row_count_says_that_a_table_is_empty(table):
    rules = suite(limited(), gxe.ExpectTableRowCountToBeBetween(min_value=1))
    (failure,) = validate(table.iloc[:0], [rules]).failures
    assert failure.expectation == "expect_table_row_count_to_be_between"


@pytest.mark.parametrize(
    "mistake",
    [
        between(column="gust"),
        between(column="city"),
        between(low=2, high=1),
        gxe.ExpectColumnValuesToMatchRegex(column="city", regex="("),
        gxe.ExpectColumnMeanToBeBetween(column="city", min_value=1),
        gxe.ExpectColumnMeanToBeBetween(column="gust", min_value=1),
        gxe.ExpectTableRowCountToBeBetween(min_value=1, meta={"rows": "exclude"}),
    ],
)
def test_an_expectation_that_cannot_be_evaluated_is_not_the_tables_fault(table, mistake):
    with pytest.raises(IncumbentError, match="cannot be evaluated") as caught:
        validate(table, [suite(mistake)])
    assert type(caught.value) is IncumbentError


def test_what_follows_from_a_critical_failure_is_not_told(table):
    rules = suite(gxe.ExpectColumnToExist(column="gust"), between(column="gust"))
    (failure,) = validate(table, [rules]).failures
    assert failure.expectation == "expect_column_to_exist"


def test_results_with_flat_exception_details_are_recognised(table, monkeypatch):
    def explode(*_, **__):
        raise RuntimeError("no metric")

    monkeypatch.setattr(gxe.ExpectColumnToExist, "_validate", explode)
    with pytest.raises(IncumbentError, match="no metric"):
        validate(table, [suite(gxe.ExpectColumnToExist(column="wind"))])


def test_tables_validated_at_once_do_not_mix():
    tables = [pd.DataFrame({"wind": [0.0] * 50 + [500.0] * n}) for n in range(1, 9)]
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda t: validate(t, [suite(limited())]), tables))
    assert [r.failures[0].rows for r in reports] == list(range(1, 9))
