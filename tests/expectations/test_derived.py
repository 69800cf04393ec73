"""One change breaks only the expectation that is about it."""

import numpy as np
import pandas as pd
import pytest

from expectations import derived
from incumbent.data.intake import canonical
from incumbent.data.kinds import features_of, kinds_of
from incumbent.data.profile import profile
from incumbent.params import ModelSpec
from incumbent.records import Outcome, Severity
from tests.expectations.checked import validate

CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING


def failed(frame, suite):
    """What one suite finds, as (expectation, column, severity)."""
    found = validate(frame, [suite]).failures
    return [(f.expectation.removeprefix("expect_"), f.column, f.severity) for f in found]


def profiled(frame, spec):
    kinds = kinds_of(frame, spec)
    return profile(canonical(frame, spec, kinds), kinds, None)


@pytest.fixture
def schema(coded, reference):
    return derived.schema(coded, features_of(reference, coded))


@pytest.fixture
def values(coded, known):
    return derived.values(coded, known)


def test_training_set_passes(reference, schema, values):
    assert validate(reference, [schema, values]).outcome is Outcome.PASS


@pytest.mark.parametrize("column", ["key", "at", "age", "city", "zone", "fax"])
def test_a_missing_column_is_the_only_failure(batch, schema, column):
    assert failed(batch.drop(columns=column), schema) == [("column_to_exist", column, CRITICAL)]


def test_a_target_that_is_missing_is_none_of_its_business(batch, schema):
    assert failed(batch, schema) == []


def test_no_rows(batch, schema):
    expected = [("table_row_count_to_be_between", None, CRITICAL)]
    assert failed(batch.iloc[:0], schema) == expected


def test_one_id_twice(batch, schema):
    batch.loc[1, "key"] = "k0"
    assert failed(batch, schema) == [("column_values_to_be_unique", "key", CRITICAL)]


@pytest.mark.parametrize("key", ["key", "at"])
def test_one_key_missing(batch, schema, key):
    batch.loc[3, key] = None
    assert failed(batch, schema) == [("column_values_to_not_be_null", key, CRITICAL)]


def test_a_spec_without_keys_expects_rows_and_features_only():
    spec = ModelSpec(name="m", task="regression", target="y")
    suite = derived.schema(spec, ("x",))
    assert [e.expectation_type for e in suite.expectations] == [
        "expect_table_row_count_to_be_between",
        "expect_column_to_exist",
    ]


@pytest.mark.parametrize(
    ("column", "value", "kind"),
    [
        ("age", 19.9, "column_values_to_be_between"),
        ("age", 39.1, "column_values_to_be_between"),
        ("age", np.inf, "column_values_to_be_between"),
        ("city", "Oslo", "column_values_to_be_in_set"),
        ("zone", 3, "column_values_to_be_in_set"),
    ],
)
def test_one_unseen_value_warns(batch, values, column, value, kind):
    batch.loc[0, column] = value
    assert failed(batch, values) == [(kind, column, WARNING)]


@pytest.mark.parametrize("value", [20.0, 39.0])
def test_the_extremes_of_training_are_inside(batch, values, value):
    batch["age"] = value
    assert failed(batch, values) == []


@pytest.mark.parametrize(("nulls", "fails"), [(3, False), (4, False), (5, True)])
def test_null_share_may_grow_by_the_tolerance(batch, values, nulls, fails):
    batch.loc[: nulls - 1, "age"] = None
    expected = [("column_values_to_not_be_null", "age", CRITICAL)]
    assert failed(batch, values) == (expected if fails else [])


@pytest.mark.parametrize(("nulls", "fails"), [(6, False), (10, False), (11, True)])
def test_null_share_counts_from_that_of_training(coded, reference, batch, nulls, fails):
    reference.loc[:5, "city"] = None
    values = derived.values(coded, profiled(reference, coded))
    batch.loc[: nulls - 1, "city"] = None
    expected = [("column_values_to_not_be_null", "city", CRITICAL)]
    assert failed(batch, values) == (expected if fails else [])


@pytest.mark.parametrize("text", ["old", "33"])
def test_text_in_a_numeric_column_is_critical_and_its_range_is_not_asked(batch, values, text):
    batch["age"] = batch["age"].astype(object)
    batch.loc[0, "age"] = text
    assert failed(batch, values) == [("column_values_to_be_in_type_list", "age", CRITICAL)]


@pytest.mark.parametrize(
    "dtype", ["int8", "int64", "uint16", "float32", "float64", "Int64", "Float64", "int64[pyarrow]"]
)
def test_every_kind_of_number_is_numeric(batch, values, dtype):
    batch["age"] = batch["age"].astype(dtype)
    assert failed(batch, values) == []


@pytest.mark.parametrize("dtype", ["bool", "boolean", "object", "int64", "float64"])
def test_a_flag_is_numeric_however_it_is_stored(batch, values, dtype):
    batch["member"] = batch["member"].astype(dtype)
    assert failed(batch, values) == []


@pytest.mark.parametrize("dtype", ["object", "category", "string", "str"])
def test_text_is_text_however_it_is_stored(batch, values, dtype):
    batch["city"] = batch["city"].astype(dtype)
    assert failed(batch, values) == []


@pytest.mark.parametrize("numbers", [[1, 2], [1.5, 2.5]])
def test_text_that_arrives_as_numbers_is_critical(batch, values, numbers):
    batch["city"] = numbers * 10
    assert failed(batch, values) == [
        ("column_values_to_not_match_regex", "city", CRITICAL),
        ("column_values_to_be_in_set", "city", WARNING),
    ]


def test_a_number_among_names_only_warns(batch, values):
    batch.loc[0, "city"] = "7"
    assert failed(batch, values) == [("column_values_to_be_in_set", "city", WARNING)]


@pytest.mark.parametrize("dtype", ["int64", "float64", "Int64", "str"])
def test_codes_may_arrive_as_numbers_or_text(batch, values, dtype):
    batch["zone"] = batch["zone"].astype(dtype)
    assert failed(batch, values) == []


def test_codes_that_lose_their_leading_zero_are_numbers(coded, reference, batch):
    reference["city"] = ["01", "02"] * 10
    values = derived.values(coded, profiled(reference, coded))
    batch["city"] = [1, 2] * 10
    assert ("column_values_to_not_match_regex", "city", CRITICAL) in failed(batch, values)


def test_categories_beyond_those_kept_are_ordinary(spec):
    reference = pd.DataFrame({"name": [f"n{i}" for i in range(1_001)], "late": 0})
    spec = spec.model_copy(update={"id": None, "timestamp": None})
    values = derived.values(spec, profiled(reference, spec))
    assert failed(pd.DataFrame({"name": ["new"]}), values) == []


def test_a_column_null_in_training_may_hold_anything(batch, values):
    batch["fax"] = range(20)
    assert failed(batch, values) == []


@pytest.mark.parametrize("dtype", ["float64", "object", "str", "Int64"])
def test_a_column_of_nulls_has_no_type(coded, reference, batch, dtype):
    reference.loc[:16, ["age", "city"]] = None
    values = derived.values(coded, profiled(reference, coded))
    for column in ("age", "city"):
        batch[column] = pd.Series([None] * 20).astype(dtype)
    assert failed(batch, values) == []


def test_a_constant_column_may_stay_constant_and_warns_when_it_moves(coded, reference, batch):
    reference["age"] = 30
    values = derived.values(coded, profiled(reference, coded))
    batch["age"] = 30
    assert failed(batch, values) == []
    batch.loc[0, "age"] = 31
    assert failed(batch, values) == [("column_values_to_be_between", "age", WARNING)]


@pytest.mark.parametrize(
    ("category", "number"),
    [("3", 3.0), ("3.0", 3.0), ("0.5", 0.5), ("-1", -1.0), ("1e+20", 1e20)],
)
def test_categories_that_intake_made_of_numbers(coded, reference, batch, category, number):
    reference["zone"] = reference["zone"].astype(str)
    reference.loc[0, "zone"] = category
    values = derived.values(coded, profiled(reference, coded))
    batch["zone"] = number
    assert failed(batch, values) == []


@pytest.mark.parametrize("category", ["03", "1_000", "nan", "inf", "0x3"])
def test_categories_that_are_no_numbers(coded, reference, category):
    reference["zone"] = category
    values = derived.values(coded, profiled(reference, coded))
    about_zone = [e for e in values.expectations if e.column == "zone"]
    sets = [e.value_set for e in about_zone if hasattr(e, "value_set")]
    assert sets == [[category]]
