"""The first step of every pipeline: each kind of raw value, and what it refuses."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import clone

from incumbent.data.intake import canonical
from incumbent.errors import UnreadableError, UsageError
from incumbent.gateways.registry.folder import TRUSTED_TYPES
from incumbent.model.canonical_form import CanonicalForm
from tests.unit.builders import a_spec

KINDS = {"x": "numeric", "c": "categorical"}
NONE = "missing"


def rows(x, c, **columns):
    return pd.DataFrame({"x": pd.Series(x), "c": pd.Series(c), **columns})


def series(values, dtype):
    return pd.Series(values, dtype=dtype)


RAW = {
    "whole numbers": ([1, 2], [7, 8]),
    "unsigned": (series([1, 2], "uint8"), series([7, 8], "uint64")),
    "floats": ([1.0, 2.0], [7.0, 8.0]),
    "narrow floats": (series([1, 2], "float32"), series([7, 8], "float32")),
    "text": (["1", "2.0"], ["7", "8"]),
    "nullable integers": (series([1, 2], "Int64"), series([7, 8], "Int32")),
    "nullable floats": (series([1, 2], "Float64"), series([7, 8], "Float64")),
    "nullable text": (series(["1", "2"], "string"), series(["7", "8"], "string")),
    "Arrow": (series([1, 2], "int64[pyarrow]"), series([7, 8], "double[pyarrow]")),
    "objects": (series([1, 2.0], object), series([7, "8"], object)),
    "decimals": ([Decimal(1), Decimal(2)], [Decimal(7), Decimal(8)]),
    "wrapped": (series([1, 2], "category"), series([7, 8], "category")),
}


@pytest.mark.parametrize("kind", RAW)
def test_each_kind_of_values_has_one_form(kind):
    form = CanonicalForm(KINDS).transform(rows(*RAW[kind]))
    assert form.dtypes.astype(str).tolist() == ["float64", "str"]
    assert form.to_dict("list") == {"x": [1.0, 2.0], "c": ["7", "8"]}


@pytest.mark.parametrize(
    "dtype", ["boolean", "Int64", "Float64", "float32", "category", "bool[pyarrow]", object]
)
def test_nulls_are_missing_and_flags_are_numbers(dtype):
    held = series([True, None], "boolean").astype(dtype)
    form = CanonicalForm(KINDS).transform(rows(held, held))
    assert form["x"].fillna(-1.0).tolist() == [1.0, -1.0]
    assert form["c"].fillna(NONE).tolist() == ["1", NONE]


def test_columns_of_nulls_and_infinities_are_missing():
    form = CanonicalForm(KINDS).transform(rows([np.inf, None], [None, None]))
    assert form.isna().to_numpy().all()
    assert form.dtypes.astype(str).tolist() == ["float64", "str"]


def test_infinities_are_missing_in_rows_that_are_canonical_otherwise():
    held = rows([1.0, -np.inf], series(["a", "b"], "str"))
    assert CanonicalForm(KINDS).transform(held)["x"].isna().tolist() == [False, True]


def test_other_columns_another_order_and_the_index_do_not_matter():
    held = rows([1, 2], ["a", "b"], z=["other", None])[["z", "c", "x"]].set_axis([9, 9])
    form = CanonicalForm(KINDS).transform(held)
    assert form.columns.tolist() == ["x", "c"]
    assert form.index.tolist() == [9, 9]


def test_canonical_rows_pass_without_a_copy():
    form = CanonicalForm(KINDS).transform(rows([1, None], [7, None]))
    again = CanonicalForm(KINDS).transform(form)
    pd.testing.assert_frame_equal(again, form)
    assert np.shares_memory(again["x"].to_numpy(), form["x"].to_numpy())


@pytest.mark.parametrize("kind", RAW)
def test_a_request_has_the_form_of_a_batch(kind):
    held = rows(*RAW[kind])
    batch = canonical(held, a_spec(target="y"), KINDS)
    pd.testing.assert_frame_equal(CanonicalForm(KINDS).transform(held), batch)


def test_no_rows_have_a_form():
    form = CanonicalForm(KINDS).transform(rows([], []))
    assert form.shape == (0, 2)


@pytest.mark.parametrize(
    ("held", "named"),
    [
        (pd.DataFrame({"x": [1]}), "missing: c"),
        (pd.DataFrame({"z": [1]}), "missing: x, c"),
        (np.ones((1, 2)), "a data frame with the columns x, c"),
        ([{"x": 1, "c": "a"}], "a data frame with the columns x, c"),
    ],
)
def test_missing_columns_are_named(held, named):
    with pytest.raises(UsageError, match=named):
        CanonicalForm(KINDS).transform(held)


@pytest.mark.parametrize(
    "held",
    [
        rows(["one"], ["a"]),
        rows([pd.Timestamp("2024-01-01")], ["a"]),
        rows([1], [pd.Timestamp("2024-01-01")]),
        rows([1], [dt.date(2024, 1, 1)]),
        rows([1], [pd.Timedelta(days=1)]),
        rows([1], [[1, 2]]),
        rows([1], [{"a": 1}]),
        rows([1], [b"\xff"]),
    ],
    ids=lambda held: f"{held['x'][0]!r} {held['c'][0]!r}",
)
def test_what_a_batch_is_refused_for_is_refused_here(held):
    for read in (CanonicalForm(KINDS).transform, lambda h: canonical(h, a_spec(), KINDS)):
        with pytest.raises(UnreadableError, match=r"Column '[xc]'"):
            read(held)


def test_it_is_cloned_and_stored_without_pickle():
    form = CanonicalForm(KINDS)
    stored = skops.io.loads(skops.io.dumps(clone(form)), trusted=list(TRUSTED_TYPES))
    assert stored.get_params() == {"kinds": KINDS}
    assert list(stored.kinds) == list(KINDS)
    assert stored.get_feature_names_out().tolist() == ["x", "c"]
