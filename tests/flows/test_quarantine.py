"""`incumbent quarantine`, on a real Prefect, MLflow and ledger: what people see and order."""

import json
from pathlib import Path

import pandas as pd
import pytest

from incumbent.records import BatchStatus
from tests.flows.world import batch_rows

pytestmark = [pytest.mark.integration, pytest.mark.slow]

CHANGED = batch_rows(0, changed=True)
HOSTILE = "\x1b[31m[red]<script>alert(1)</script>|`x`\n# forged"


def twice(rows):
    return pd.concat([rows, rows.head(1)])


def test_a_batch_is_listed_shown_and_released(place, gateways):
    path = Path(place.delivery.batch("b0", twice(CHANGED)))
    code, out, _ = place.say("monitor", place.spec)
    assert code == 3
    assert "incumbent quarantine list shop" in out
    path.unlink()
    code, status = place.call("status", place.spec)
    assert (code, status["quarantined"]) == (0, 1)
    assert (
        "1 batch is in quarantine: `incumbent quarantine list shop`"
        in place.say("status", place.spec)[1]
    )
    code, found = place.call("quarantine", "list", place.spec)
    assert code == 0
    (listed,) = found["batches"]
    assert (listed["id"], listed["ordinal"], listed["status"]) == ("b0", 0, "quarantined")
    assert [f["column"] for f in listed["failures"]] == ["visit"]
    code, shown = place.call("quarantine", "show", place.spec, listed["digest"][:8])
    assert code == 0
    assert shown["quarantine"] == listed
    assert shown["validation"]["outcome"] == "quarantine"
    code, out, _ = place.say("quarantine", "show", place.spec, "b0")
    assert code == 0
    for text in ("Decision: notify", "expect_column_values", "bytes kept", listed["digest"]):
        assert text in out

    words = ("quarantine", "release", place.spec, "b0", "--reason", "checked by hand")
    code, released = place.call(*words)
    assert (code, released["changed"], released["status"]) == (0, True, "handled")
    assert released["document"]["champion"] == {"version_before": 1, "version_after": 2}
    assert gateways.ledger.batch_at("shop", 0).status is BatchStatus.HANDLED
    code, again = place.call(*words)
    assert (code, again) == (0, released | {"changed": False})
    assert "Nothing has changed" in place.say(*words)[1]
    assert place.call("quarantine", "list", place.spec)[1]["batches"] == []
    assert "nothing is in quarantine" in place.say("quarantine", "list", place.spec)[1]
    assert "in quarantine" not in place.say("status", place.spec)[1]


def test_a_batch_is_discarded_and_what_cannot_be_released_stays(place):
    place.delivery.batch("b0", CHANGED.drop(columns="age"))
    assert place.call("monitor", place.spec)[0] == 3
    words = (place.spec, "b0", "--reason", "a test delivery")
    code, doc = place.call("quarantine", "release", *words)
    assert code == 3
    assert doc["error"]["observed"] == "missing: age"
    code, doc = place.call("quarantine", "discard", *words)
    assert (code, doc["status"], doc["order"]["reason"]) == (0, "discarded", "a test delivery")
    assert "a test delivery" in place.say("quarantine", "show", place.spec, "b0")[1]
    assert "discarded" in place.say("quarantine", "list", place.spec)[1]
    for command in ("show", "release", "discard"):
        reason = () if command == "show" else ("--reason", "why")
        code, doc = place.call("quarantine", command, place.spec, "b7", *reason)
        assert code == 2
        assert "b0 (0, " in doc["error"]["allowed"]


def test_names_and_values_that_a_terminal_or_a_page_would_obey_are_written_out(place):
    rows = twice(CHANGED).assign(visit=HOSTILE)
    path = Path(place.delivery.batch("b0", rows))
    path.rename(path.with_name("\x1b[31m[red]b0.parquet"))
    assert place.call("monitor", place.spec)[0] == 3
    for words in (("list", place.spec), ("show", place.spec, "0")):
        code, out, _ = place.say("quarantine", *words)
        assert code == 0
        assert "\x1b" not in out
        assert "[red]" in out
        assert "\n# forged" not in out
    assert "<script>" in place.say("quarantine", "show", place.spec, "0")[1]
    words = ("quarantine", "discard", place.spec, "0", "--reason", HOSTILE)
    code, out, _ = place.say(*words)
    assert (code, "\x1b" in out) == (0, False)
    code, shown = place.call("quarantine", "show", place.spec, "0")
    assert shown["quarantine"]["order"]["reason"] == HOSTILE
    assert json.dumps(shown)
    assert "\x1b" not in place.say("quarantine", "show", place.spec, "0")[1]
