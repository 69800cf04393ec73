"""Skew: rows as they were served beside the offline table, with errors whose kind is known."""

import numpy as np
import pandas as pd
import pytest

from incumbent.monitoring.skew import ComparedColumns, bring_together, skew
from incumbent.records import SkewKind

KINDS = {
    "price": "numeric",
    "count": "numeric",
    "flag": "numeric",
    "page": "categorical",
    "city": "categorical",
}
TOLERANCE = 1e-6


def a_table(n=600, seed=0):
    """Rows of some visitors in the order of time."""
    random = np.random.default_rng(seed)
    price = np.where(random.random(n) < 0.05, np.nan, np.exp(random.normal(3, 1, n)))
    return pd.DataFrame(
        {
            "id": [f"{k:05d}" for k in range(n)],
            "at": pd.date_range("2024-01-01", periods=n, freq="7min", tz="UTC"),
            "visitor": random.integers(0, 40, n),
            "price": price,
            "count": random.poisson(4, n),
            "flag": random.random(n) < 0.3,
            "page": random.choice(["home", "news", "sale", None], n, p=[0.4, 0.3, 0.25, 0.05]),
            "city": random.choice([f"City {k}" for k in range(60)], n),
        }
    )


OFFLINE = a_table()


def compared(serving, offline=OFFLINE, kinds=KINDS, tolerance=TOLERANCE, timestamp="at"):
    columns = ComparedColumns("id", timestamp, kinds)
    report = skew(bring_together(serving, offline, columns, tolerance))
    return report, {found.feature: found for found in report.features}


def some(share, seed=1):
    """Which rows are served wrongly."""
    return np.random.default_rng(seed).random(len(OFFLINE)) < share


def served(feature, values, where=None):
    where = np.ones(len(OFFLINE), dtype=bool) if where is None else where
    return OFFLINE.assign(**{feature: OFFLINE[feature].mask(where, values)})


EQUAL = {
    "the very rows": OFFLINE,
    "other order of rows and columns": OFFLINE.iloc[::-1, ::-1],
    "float32": OFFLINE.astype({"price": "float32", "count": "float32"}),
    "whole numbers as floats": OFFLINE.astype({"count": "float64", "flag": "float64"}),
    "flags as whole numbers": OFFLINE.astype({"flag": "int8"}),
    "flags as text": OFFLINE.assign(flag=np.where(OFFLINE["flag"], "true", "false")),
    "numbers as text": OFFLINE.assign(count=OFFLINE["count"].astype(str)),
    "dictionaries": OFFLINE.astype({"page": "category", "city": "category"}),
    "infinite in the place of null": OFFLINE.fillna({"price": np.inf}),
    "one sum in another order": OFFLINE.assign(price=(OFFLINE["price"] + 0.1) + 0.2 - 0.3),
}


@pytest.mark.parametrize("serving", EQUAL.values(), ids=EQUAL)
def test_what_is_no_skew(serving):
    report, found = compared(serving)
    assert {f.feature: f.mismatches for f in found.values()} == dict.fromkeys(KINDS, 0)
    assert report.mismatch_share == report.rows["mismatching"] == 0
    assert all(f.kind is None and f.low == 0 and f.examples == () for f in found.values())
    assert report.rows["joined"] == len(OFFLINE)


def test_a_sum_that_should_be_zero_is_zero():
    offline = OFFLINE.assign(price=np.where(some(0.2), 0.0, OFFLINE["price"]))
    noisy = offline.assign(price=np.where(offline["price"] == 0, 5.6e-17, offline["price"]))
    assert compared(noisy, offline)[1]["price"].mismatches == 0
    assert compared(noisy, offline, tolerance=0)[1]["price"].mismatches == some(0.2).sum()


def test_categories_are_compared_as_canonical_text():
    kinds = {"code": "categorical"}
    offline = OFFLINE.assign(code=OFFLINE["count"])
    for column in (offline["code"] * 1.0, offline["code"].map(lambda k: f"{k}.0")):
        assert compared(offline.assign(code=column), offline, kinds)[0].mismatch_share == 0


def test_a_difference_beyond_the_tolerance_is_a_mismatch():
    beyond = served("price", OFFLINE["price"] * (1 + 3e-6), some(0.5))
    found = compared(beyond)[1]["price"]
    assert found.mismatches == (some(0.5) & OFFLINE["price"].notna()).sum()
    assert compared(beyond, tolerance=1e-5)[1]["price"].mismatches == 0


def an_hour_later(column):
    return column + pd.Timedelta(hours=1)


PRICE, COUNT, CITY = OFFLINE["price"], OFFLINE["count"], OFFLINE["city"]
BY_VISITOR = OFFLINE.groupby("visitor")["price"].shift(1)
WRONG = {
    "cents": ("price", PRICE * 100, 1.0, SkewKind.UNIT, "100 x offline"),
    "cents in a tenth": ("price", PRICE * 100, 0.1, SkewKind.UNIT, "100 x offline"),
    "kilometres": ("price", PRICE * 1.609344, 1.0, SkewKind.UNIT, "miles to kilometres"),
    "float32 kilometres": (
        "price",
        (PRICE * 1.609344).astype("float32"),
        1.0,
        SkewKind.UNIT,
        "1.609344 x offline",
    ),
    "fahrenheit": ("price", PRICE * 1.8 + 32, 1.0, SkewKind.UNIT, "Celsius to Fahrenheit"),
    "standardised": ("price", (PRICE - 20) / 7, 1.0, SkewKind.UNIT, "0.14285714 x offline - 2.857"),
    "counted from one": ("count", COUNT + 1, 1.0, SkewKind.UNIT, "offline + 1"),
    "a default": ("price", -1.0, 0.1, SkewKind.DEFAULT, "-1 was served"),
    "zero for null": ("price", PRICE.fillna(0.0), 1.0, SkewKind.DEFAULT, "for null"),
    "a default city": ("city", "City 3", 0.2, SkewKind.DEFAULT, "'City 3' was served"),
    "null": ("price", np.nan, 0.1, SkewKind.MISSING, "null in serving"),
    "null text": ("city", None, 0.1, SkewKind.MISSING, "null in serving"),
    "two decimals": ("price", PRICE.round(2), 1.0, SkewKind.ROUNDING, "rounded to 2 decimals"),
    "whole": ("price", PRICE.round(), 1.0, SkewKind.ROUNDING, "rounded to whole numbers"),
    "cut": ("price", np.trunc(PRICE), 1.0, SkewKind.ROUNDING, "cut to whole numbers"),
    "float16": ("price", PRICE.astype("float16"), 1.0, SkewKind.ROUNDING, "float16"),
    "digits": (
        "price",
        PRICE.map(lambda x: float(f"{x:.3g}")),
        1.0,
        SkewKind.ROUNDING,
        "3 significant digits",
    ),
    "a row late": ("price", PRICE.shift(1), 1.0, SkewKind.SHIFTED, "1 row earlier"),
    "two rows early": ("city", CITY.shift(-2), 1.0, SkewKind.SHIFTED, "2 rows later"),
    "the visit before": ("price", BY_VISITOR, 1.0, SkewKind.SHIFTED, "same visitor earlier"),
    "upper case": ("city", CITY.str.upper(), 1.0, SkewKind.RECODED, "case"),
    "spaces": ("city", CITY + " ", 0.3, SkewKind.RECODED, "spaces"),
    "other names": (
        "page",
        OFFLINE["page"].map({"home": "h", "news": "n", "sale": "s"}),
        1.0,
        SkewKind.RECODED,
        "'home' -> 'h'",
    ),
    "yes and no": (
        "flag",
        OFFLINE["flag"].map({True: "yes", False: "no"}),
        1.0,
        SkewKind.RECODED,
        "'1' -> 'yes'",
    ),
    "inverted flags": ("flag", ~OFFLINE["flag"], 1.0, SkewKind.RECODED, "1 -> 0"),
    "text": ("price", "n/a", 0.1, SkewKind.OTHER, "'n/a'"),
    "noise": (
        "price",
        PRICE + np.random.default_rng(2).normal(size=len(OFFLINE)),
        1.0,
        SkewKind.OTHER,
        "no pattern",
    ),
}


@pytest.mark.parametrize(
    ("feature", "values", "share", "kind", "says"), WRONG.values(), ids=WRONG.keys()
)
def test_each_kind_is_found_and_named(feature, values, share, kind, says):
    serving = OFFLINE.assign(**{feature: OFFLINE[feature].astype(object)}).assign(
        **{feature: OFFLINE[feature].astype(object).mask(some(share) | (share == 1), values)}
    )
    serving[feature] = serving[feature].infer_objects()
    report, found = compared(serving)
    assert report.features[0] is found[feature]
    assert (found[feature].kind, says) == (kind, says), found[feature].evidence
    assert says in found[feature].evidence
    assert 0 < found[feature].low < found[feature].mismatch_share < found[feature].high or (
        found[feature].mismatch_share == 1
    )
    assert 1 <= len(found[feature].examples) <= 5
    assert [name for name, f in found.items() if f.mismatches] == [feature]
    assert report.whole_rows is None


def test_the_values_of_one_feature_in_other_rows_are_found_though_the_margins_are_the_same():
    wrong = np.flatnonzero(some(0.05))
    moved = OFFLINE["price"].to_numpy().copy()
    moved[wrong] = np.roll(moved[wrong], 1)
    serving = OFFLINE.assign(price=moved)
    assert np.array_equal(np.sort(serving["price"]), np.sort(OFFLINE["price"]), equal_nan=True)
    found = compared(serving)[1]["price"]
    assert found.kind is SkewKind.PERMUTED
    assert found.mismatches >= len(wrong) - 2  # null against null is equal
    assert found.low < 0.05 < found.high


@pytest.mark.parametrize("seed", range(1, 6))
def test_whole_rows_under_other_ids_are_told_once_for_the_table(seed):
    wrong = np.flatnonzero(some(0.05, seed))
    ids = OFFLINE["id"].to_numpy().copy()
    ids[wrong] = np.random.default_rng(seed).permutation(ids[wrong])
    moved = int((ids != OFFLINE["id"]).sum())
    report, found = compared(OFFLINE.assign(id=ids))
    assert report.whole_rows is not None
    assert report.whole_rows.kind is SkewKind.PERMUTED
    assert moved - 3 <= report.whole_rows.rows <= moved
    assert found["price"].kind is found["city"].kind is SkewKind.PERMUTED
    assert report.rows["mismatching"] <= moved


def test_two_faults_of_different_features_are_no_faults_of_whole_rows():
    serving = OFFLINE.assign(price=PRICE * 100, count=COUNT + 1)
    assert compared(serving)[0].whole_rows is None


def test_times_are_compared_to_the_microsecond():
    kinds = {"at": "datetime"}
    assert (
        compared(OFFLINE.assign(at=OFFLINE["at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")), kinds=kinds)[
            0
        ].mismatch_share
        == 0
    )
    found = compared(OFFLINE.assign(at=an_hour_later(OFFLINE["at"])), kinds=kinds)[1]["at"]
    assert (found.kind, found.evidence) == (
        SkewKind.UNIT,
        "serving is 3600 seconds later than offline",
    )
    found = compared(OFFLINE.assign(at=OFFLINE["at"].dt.floor("h")), kinds=kinds)[1]["at"]
    assert (found.kind, found.evidence) == (
        SkewKind.ROUNDING,
        "serving is the offline value cut to hours",
    )
    assert found.examples[0].serving == "2024-01-01T00:00:00+00:00"


def test_ids_are_joined_as_intake_joins_them_and_the_others_are_counted():
    serving = OFFLINE.iloc[100:]
    strangers = serving.tail(7).assign(id=[f"x{k}" for k in range(7)])
    serving = pd.concat([serving, serving.head(3), strangers, strangers.tail(1).assign(id=None)])
    offline = OFFLINE.iloc[:500]
    offline = pd.concat([offline, offline.tail(2)])
    report, _ = compared(serving, offline)
    assert report.rows == {
        "serving": 511,
        "offline": 502,
        "joined": 395,
        "serving_only": 107,
        "offline_only": 100,
        "serving_twice": 3,
        "offline_twice": 2,
        "serving_unnamed": 1,
        "offline_unnamed": 0,
        "mismatching": 0,
    }
    numbers = OFFLINE.assign(id=np.arange(len(OFFLINE)))
    assert compared(numbers)[0].rows["joined"] == 0  # 00007 is not 7
    assert compared(numbers.astype({"id": float}), numbers)[0].rows["joined"] == len(OFFLINE)


def test_columns_that_were_not_served_and_those_that_no_model_reads_are_left_out():
    serving = OFFLINE.drop(columns="city").assign(page=[["home"]] * len(OFFLINE))
    report, found = compared(serving)
    assert set(found) == {"price", "count", "flag"}
    assert report.left_out == {
        "city": "not in the serving table",
        "page": "lists in the serving table",
    }


def test_an_example_is_a_row_with_both_values():
    (example, *_), wrong = (
        compared(served("price", -1.0, some(0.1)))[1]["price"].examples,
        some(0.1),
    )
    first = OFFLINE[wrong].iloc[0]
    assert (example.id, example.serving, example.offline) == (first["id"], -1.0, first["price"])
