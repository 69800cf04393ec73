"""Data faults: a defect breaks the rule that is about it, and an ordinary change breaks none."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from incumbent.data.intake import blocks_of, canonical, period_of
from incumbent.data.kinds import kinds_of
from incumbent.data.numbers import infinite_rows
from incumbent.data.profile import count, profile
from incumbent.data.profile.known_rows import known_rows, row_columns
from incumbent.data.profile.windows import blocks_in
from incumbent.monitoring.data_faults import data_faults
from incumbent.monitoring.data_faults.columns import missing
from incumbent.monitoring.data_faults.evidence import Examined
from incumbent.params import ModelSpec
from incumbent.plain_text import WITHHELD
from incumbent.records import Profile, Severity

CRITICAL, SUSPECT, WARNING = Severity.CRITICAL, Severity.SUSPECT, Severity.WARNING
DELIVERED = datetime(2024, 6, 1, tzinfo=UTC)
START, DAYS, A_DAY = pd.Timestamp("2024-01-01", tz="UTC"), 60, 40


def rows_of(first, days, seed):
    """Sales of some days: a price, a weight, a length on a grid, a shop, a flag, a season."""
    rng, n = np.random.default_rng(seed), days * A_DAY
    day = np.repeat(np.arange(first, first + days), A_DAY)
    return pd.DataFrame(
        {
            "key": [f"{first}-{i}" for i in range(n)],
            "at": START + pd.to_timedelta(day * 24 + rng.integers(0, 24, n), unit="h"),
            "price": rng.lognormal(3, 0.5, n),
            "weight": rng.normal(500, 50, n),
            "length": rng.integers(10, 200, n) / 4,
            "balance": rng.normal(0, 10, n),
            "shop": rng.choice(["north", "south", "east"], n, p=[0.6, 0.3, 0.1]),
            "member": rng.choice(["True", "False"], n, p=[0.8, 0.2]),
            "season": np.where(day < DAYS, "s1", "s2"),
            "note": pd.Series([None] * n, dtype=object),
            "rating": np.where(rng.random(n) < 0.2, np.nan, rng.normal(3, 1, n)),
        }
    )


SPEC = ModelSpec(name="sales", task="binary", target="late", id="key", timestamp="at")
TRAINING = rows_of(0, DAYS, seed=1)
KINDS = kinds_of(TRAINING, SPEC)


def champion(training=TRAINING, spec=SPEC):
    """The profile of a training set, and its period."""
    frame = canonical(training, spec, KINDS)
    known = profile(frame, KINDS, blocks_of(frame, spec))
    rows = known_rows(frame[row_columns(KINDS, spec)], spec.id)
    fields = {"known_rows": rows, "weights": {}}
    whole = Profile(known.rows, known.blocks, known.columns, known.null, **fields)
    return whole, period_of(frame, spec)


KNOWN = champion()


def faults(raw, spec=SPEC, known=KNOWN):
    """What is found, without warnings about ordinary values, and the rows that are left out."""
    frame = canonical(raw, spec, KINDS)
    counted = count(frame, known[0], blocks_in(blocks_of(frame, spec)))
    infinite = infinite_rows(raw, KINDS)
    return data_faults(Examined(frame, counted, known[0], spec, infinite, known[1], DELIVERED))


def told(raw, spec=SPEC, known=KNOWN):
    found, _ = faults(raw, spec, known)
    ordinary = {"range", "new_categories"}
    return [(f.expectation, f.column, f.severity) for f in found if f.expectation not in ordinary]


@pytest.fixture
def batch():
    return rows_of(DAYS, 15, seed=2)


def some(batch, share=0.2):
    return np.random.default_rng(3).random(len(batch)) < share


def test_a_sound_batch_of_another_season_is_no_fault(batch):
    assert told(batch) == []


CHANGES = {
    "x1000": (lambda b: b.assign(price=b["price"] * 1000), ("unit", "price")),
    "/100": (lambda b: b.assign(weight=b["weight"] / 100), ("unit", "weight")),
    "feet": (lambda b: b.assign(length=b["length"] * 3.28084), ("unit", "length")),
    "sign": (lambda b: b.assign(weight=-b["weight"]), ("unit", "weight")),
    "-999": (lambda b: b.assign(price=b["price"].mask(some(b), -999)), ("sentinel", "price")),
    "9999 in 2%": (
        lambda b: b.assign(price=b["price"].mask(some(b, 0.02), 9999)),
        ("sentinel", "price"),
    ),
    "0 for balance": (
        lambda b: b.assign(balance=b["balance"].mask(some(b), 0)),
        ("sentinel", "balance"),
    ),
    "filled in": (
        lambda b: b.assign(rating=b["rating"].fillna(3.125)),
        ("default_filled_in", "rating"),
    ),
    "unknown": (lambda b: b.assign(shop=b["shop"].mask(some(b), "unknown")), ("sentinel", "shop")),
    "constant": (lambda b: b.assign(price=20.0), ("constant", "price")),
    "constant shop": (lambda b: b.assign(shop="north"), ("constant", "shop")),
    "null": (lambda b: b.assign(price=b["price"].mask(some(b, 0.4))), ("nulls", "price")),
    "flood": (lambda b: b.assign(shop=b["shop"].mask(some(b, 0.5), "west")), ("unseen", "shop")),
    "upper": (lambda b: b.assign(shop=b["shop"].str.upper()), ("recoded", "shop")),
    "yes/no": (
        lambda b: b.assign(member=b["member"].map({"True": "yes", "False": "no"})),
        ("recoded", "member"),
    ),
    "a/b/c": (
        lambda b: b.assign(shop=b["shop"].map({"north": "q", "south": "r", "east": "t"})),
        ("recoded", "shop"),
    ),
    "infinite": (lambda b: b.assign(price=b["price"].mask(some(b), np.inf)), ("infinite", "price")),
    "absurd": (lambda b: b.assign(price=b["price"].mask(some(b), 5e7)), ("sentinel", "price")),
    "future": (lambda b: b.assign(at=b["at"] + pd.Timedelta(days=9999)), ("timestamps", "at")),
    "epoch": (
        lambda b: b.assign(at=b["at"].mask(some(b), pd.Timestamp(0, tz="UTC"))),
        ("timestamps", "at"),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_defect_is_named_and_quarantines(batch, name):
    change, (rule, column) = CHANGES[name]
    found = told(change(batch))
    assert (rule, column, CRITICAL) in found
    assert {c for r, c, s in found if s is CRITICAL} == {column}


def test_columns_that_were_swapped_are_both_named(batch):
    moved = batch.assign(price=batch["weight"], weight=batch["price"])
    assert {c for r, c, _ in told(moved) if r == "swapped"} == {"price", "weight"}


def test_rows_that_the_champion_was_trained_on_are_no_new_batch():
    assert ("learnt_rows", None, CRITICAL) in told(TRAINING.tail(600))


def test_ids_that_name_a_customer_are_told_as_such(batch):
    again = batch.assign(key=TRAINING["key"].tail(len(batch)).to_numpy())
    (found,) = [f for f in faults(again)[0] if f.expectation == "repeated_ids"]
    assert (found.column, found.severity) == ("key", CRITICAL)
    assert "an id must name a row" in found.observed


def test_copies_of_rows_are_found_where_no_id_forbids_them(batch):
    spec = SPEC.model_copy(update={"id": None, "features": tuple(KINDS)})
    known = champion(spec=spec)
    doubled = pd.concat([batch, batch.head(200)], ignore_index=True)
    assert told(batch, spec, known) == []
    assert ("duplicated_rows", None, CRITICAL) in told(doubled, spec, known)


def test_nulls_that_are_gone_keep_the_batch_from_training(batch):
    filled = batch["rating"].fillna(pd.Series(np.random.default_rng(0).normal(3, 1, len(batch))))
    assert told(batch.assign(rating=filled)) == [("nulls_gone", "rating", SUSPECT)]


def test_a_column_that_was_always_null_is_told_when_it_has_values(batch):
    assert told(batch.assign(note="text")) == [("always_null", "note", WARNING)]


def test_a_day_in_twenty_is_told(batch):
    few = batch.groupby(batch["at"].dt.date).head(12)
    assert told(few) == [("few_rows", None, WARNING)]
    very_few = batch.groupby(batch["at"].dt.date).head(3)
    assert ("partial_load", None, SUSPECT) in told(very_few)


def test_single_broken_rows_are_told_and_left_out_of_training(batch):
    batch.loc[3, "price"] = np.inf
    batch.loc[4, "at"] = pd.Timestamp("2250-01-01", tz="UTC")
    batch.loc[5, "weight"] = 1e6
    found, rows = faults(batch)
    assert {(f.expectation, f.severity) for f in found} >= {
        ("infinite", WARNING),
        ("timestamps", WARNING),
        ("far_outside", WARNING),
    }
    assert rows == (3, 4, 5)


ORDINARY = {
    "dearer": lambda b: b.assign(price=b["price"] * 1.5),
    "a new shop at 2%": lambda b: b.assign(shop=b["shop"].mask(some(b, 0.02), "west")),
    "narrow": lambda b: b.astype({"price": "float32", "length": "float32"}),
    "shuffled": lambda b: b.sample(frac=1, random_state=0),
    "one row": lambda b: b.head(1),
    "a day": lambda b: b.head(A_DAY),
    "null 5%": lambda b: b.assign(price=b["price"].mask(some(b, 0.05))),
    "other shares": lambda b: b[(b["shop"] != "north") | some(b, 0.3)],
}


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_change_is_no_fault(batch, name):
    assert [r for r, _, severity in told(ORDINARY[name](batch)) if severity is CRITICAL] == []


@pytest.mark.parametrize(
    ("rule", "severity", "expected"),
    [
        ("unit", "off", []),
        ("unit:price", "warning", [("unit", "price", WARNING)]),
        ("unit:weight", "off", [("unit", "price", CRITICAL)]),
    ],
)
def test_a_rule_is_set_by_name_and_by_column(batch, rule, severity, expected):
    spec = SPEC.model_validate({**SPEC.model_dump(), "validation_rules": [f"{rule}={severity}"]})
    assert told(batch.assign(price=batch["price"] * 1000), spec) == expected


def test_values_of_a_sensitive_column_are_not_shown(batch):
    spec = SPEC.model_copy(update={"sensitive": ("shop", "price")})
    broken = batch.assign(shop="Jane Doe", price=batch["price"].mask(some(batch), -999))
    texts = [f.observed + f.expected for f in faults(broken, spec)[0]]
    assert any(WITHHELD in text for text in texts)
    assert not any("Jane" in text or "999" in text or "north" in text for text in texts)


def test_a_column_under_another_name_is_hinted_at():
    found = {e.column: e.observed for e in missing(pd.DataFrame({"CarValue": [1]}), ["car_value"])}
    assert found == {"car_value": "missing; maybe 'CarValue' is 'car_value'"}


def test_a_delivery_may_be_a_day_ahead(batch):
    shift = DELIVERED - batch["at"].max().to_pydatetime() + timedelta(hours=20)
    assert told(batch.assign(at=batch["at"] + shift)) == []
