"""Categories of CSV files have the form that the champion knows them by."""

import pandas as pd
import pytest

from incumbent.data.intake import as_id
from incumbent.data.profile import profile
from incumbent.data.written import as_first_written, as_trained


def known(*categories: str):
    frame = pd.DataFrame({"c": pd.Series(categories, dtype="str")})
    return profile(frame, {"c": "categorical"}, None)


def read(*values: str | None) -> pd.DataFrame:
    return pd.DataFrame({"c": pd.Series(values, dtype="str"), "x": 1.0})


@pytest.mark.parametrize(
    ("categories", "values", "expected"),
    [
        (("7", "8"), ["7.0", "9.0"], ["7", "9"]),
        (("3", "4.5"), ["3.0", "4.5"], ["3", "4.5"]),
        (("1.0", "1.9", "1.10"), ["1.0", "1.10"], ["1.0", "1.10"]),
        (("007", "8"), ["007", "8.0"], ["007", "8.0"]),
        (("0", "1"), ["True", "false", "0"], ["1", "0", "0"]),
        (("true", "false", "unknown"), ["true", "false"], ["true", "false"]),
        (("UA", "7"), ["UA", "7.0"], ["UA", "7.0"]),
    ],
)
def test_the_categories_of_the_champion_decide(categories, values, expected):
    found = as_trained(read(*values, None), known(*categories))["c"]
    assert found.tolist()[:-1] == expected
    assert found.isna().tolist() == [False] * len(values) + [True]


def test_numbers_and_columns_that_are_missing_stay_as_they_are():
    frame = pd.DataFrame({"c": [7.0, 8.0]})
    pd.testing.assert_frame_equal(as_trained(frame, known("7")), frame)
    other = pd.DataFrame({"d": [1]})
    pd.testing.assert_frame_equal(as_trained(other, known("7")), other)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["7.0", "8"], ["7", "8"]),
        (["1.0", "1.10"], ["1.0", "1.10"]),
        (["A.0", "7.0"], ["A.0", "7.0"]),
        (["007", "8.0"], ["007", "8.0"]),
    ],
)
def test_a_training_set_decides_for_itself(values, expected):
    assert as_first_written(read(*values), ("c", "x", "absent"))["c"].tolist() == expected


def test_ids_join_where_a_null_made_floats_of_them():
    with_null = as_id(pd.Series([7.0, None, 8.0]).astype("str").where([True, False, True]))
    assert with_null.tolist()[::2] == as_id(pd.Series([7, 8])).tolist()
    assert as_id(pd.Series(["1.0", "1.1"])).tolist() == ["1.0", "1.1"]
