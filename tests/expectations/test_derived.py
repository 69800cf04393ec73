"""One change breaks only the expectation that is about it."""

import pytest

from expectations import derived
from incumbent.params import ModelSpec
from incumbent.records import Outcome, Severity
from tests.expectations.checked import validate

CRITICAL = Severity.CRITICAL


def failed(frame, spec):
    """What the suite finds, as (expectation, column, severity)."""
    found = validate(frame, [derived.keys(spec)]).failures
    return [(f.expectation.removeprefix("expect_"), f.column, f.severity) for f in found]


def test_the_training_set_passes(reference, spec):
    assert validate(reference, [derived.keys(spec)]).outcome is Outcome.PASS


def test_features_are_none_of_its_business(batch, spec):
    assert failed(batch[["key", "at"]], spec) == []


def test_no_rows(batch, spec):
    expected = [("table_row_count_to_be_between", None, CRITICAL)]
    assert failed(batch.iloc[:0], spec) == expected


def test_one_id_twice(batch, spec):
    batch.loc[1, "key"] = "k0"
    assert failed(batch, spec) == [("column_values_to_be_unique", "key", CRITICAL)]


@pytest.mark.parametrize("key", ["key", "at"])
def test_one_key_missing(batch, spec, key):
    batch.loc[3, key] = None
    assert failed(batch, spec) == [("column_values_to_not_be_null", key, CRITICAL)]


def test_a_spec_without_keys_expects_rows_only():
    suite = derived.keys(ModelSpec(name="m", task="regression", target="y"))
    assert [e.expectation_type for e in suite.expectations] == [
        "expect_table_row_count_to_be_between"
    ]
