import dataclasses
import inspect
import json
from datetime import UTC, datetime

import pytest

from incumbent import records
from incumbent.params import ModelSpec
from incumbent.records import (
    Action,
    ColumnDrift,
    Decision,
    DriftReport,
    Estimate,
    Outcome,
    Period,
    Reason,
    Severity,
    document,
)

KINDS = [
    kind
    for _, kind in inspect.getmembers(records, dataclasses.is_dataclass)
    if kind.__module__.startswith(records.__name__)
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_record_is_frozen_and_says_what_it_is(kind):
    assert kind.__dataclass_params__.frozen
    assert not kind.__doc__.startswith(f"{kind.__name__}(")


def test_a_record_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Estimate(0.5, None, None, None, 10, 1).value = 0.6


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_null_in_a_document(number):
    assert document(Estimate(number, None, 1.0, None, 10, 1)) == {
        "value": None,
        "low": None,
        "high": 1.0,
        "standard_error": None,
        "n": 10,
        "blocks": 1,
        "noise_blocks": None,
    }


def test_a_document_is_plain_json():
    reason = Reason("log_loss", None, 0.711, 0.55, "baseline 0.52")
    plain = document(Decision("d1", Action.RETRAIN, (reason,)))
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["action"] == "retrain"
    assert plain["reasons"][0]["threshold"] == 0.55
    assert plain["blocked"] == []


def test_times_say_that_they_are_utc():
    start = datetime(2013, 1, 1, tzinfo=UTC)
    assert document(Period(start, start))["start"] == "2013-01-01T00:00:00Z"


def test_nested_records_and_specs_become_documents():
    drift = ColumnDrift("x", "numeric", 0.1, 0.5, 0.5, None, alarm=False, measures={"m": None})
    report = document(DriftReport((drift,), 0.1, None, alarm=False, rows={"batch": 1}))
    assert report["columns"][0]["measures"] == {"m": None}
    assert (report["null_quality"], report["rows"]) == ("sound", {"batch": 1})
    assert document(ModelSpec(name="a", task="binary", target="y"))["task"] == "binary"


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Outcome, ["pass", "warn", "quarantine"]),
        (Action, ["none", "notify", "retrain", "roll_back"]),
        (records.Ruling, ["promote", "reject", "extend"]),
        (records.Burden, ["refresh", "replacement"]),
        (Severity, ["critical", "suspect", "warning"]),
    ],
)
def test_words_that_other_tools_read(kind, values):
    assert [member.value for member in kind] == values
