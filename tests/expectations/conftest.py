"""A model and its training set, small enough to see what one row does."""

import pandas as pd
import pytest

from incumbent.data.intake import canonical
from incumbent.data.kinds import kinds_of
from incumbent.data.profile import profile
from incumbent.params import ModelSpec


@pytest.fixture
def spec():
    return ModelSpec(name="loans", task="binary", target="late", id="key", timestamp="at")


@pytest.fixture
def reference():
    rows = 20
    return pd.DataFrame(
        {
            "key": [f"k{i}" for i in range(rows)],
            "at": pd.date_range("2024-01-01", periods=rows, freq="h", tz="UTC"),
            "age": [float(20 + i) for i in range(rows)],
            "city": ["Bern", "Rome"] * (rows // 2),
            "zone": [1, 2] * (rows // 2),
            "member": [True, False] * (rows // 2),
            "fax": pd.Series([None] * rows, dtype=object),
            "late": [0, 1] * (rows // 2),
        }
    )


@pytest.fixture
def coded(spec):
    """The same model, with a column of codes."""
    return spec.model_copy(update={"categorical": ("zone",)})


@pytest.fixture
def known(coded, reference):
    """Profile of the training set."""
    kinds = kinds_of(reference, coded)
    return profile(canonical(reference, coded, kinds), kinds, None)


@pytest.fixture
def batch(reference):
    return reference.drop(columns="late")
