"""The command line: exit codes, one JSON document on stdout, no traceback for a mistake.

The installed command is run where its process matters; elsewhere it is called in this one.
"""

from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from tests.flows.world import TRAINING_DAYS, batch_rows, rows_of

pytestmark = [pytest.mark.integration, pytest.mark.slow]

KEYS = {"what", "observed", "allowed", "next"}
COMMANDS = (
    "demo",
    "train",
    "monitor",
    "retrain",
    "replay",
    "status",
    "explain",
    "promote",
    "rollback",
    "recover",
    "doctor",
    "backup",
    "restore",
    "quarantine",
    "quarantine list",
    "quarantine show",
    "quarantine release",
    "quarantine discard",
)
NOWHERE = "http://127.0.0.1:9"


def test_the_installed_command_trains_and_monitors(place, prefect):
    code, doc = place.run("train", place.new, place.data, PREFECT_API_URL=prefect)
    assert code == 0
    assert {"model", "version", "digest", "metric_name", "metric", "threshold"} <= doc.keys()
    place.delivery.batch("b0", batch_rows(0))
    place.delivery.broken("b1", b"")
    code, doc = place.run("monitor", place.new)  # with no server but its own
    assert code == 3
    assert [d["batch"]["id"] for d in doc["batches"]] == ["b0", "b1"]
    assert [d["validation"]["outcome"] == "quarantine" for d in doc["batches"]] == [False, True]


def test_what_a_batch_was_answered_can_be_asked_again(place):
    good = place.delivery.batch("b0", batch_rows(0, changed=True))
    bad = place.delivery.batch("b1", batch_rows(1).drop(columns="age"))
    for duplicate in (False, True):
        code, doc = place.call("monitor", place.spec, good)
        assert (code, doc["duplicate"], doc["scored_by"]) == (0, duplicate, 1)
        code, quarantined = place.call("monitor", place.spec, bad)
        assert (code, quarantined["duplicate"]) == (3, duplicate)
    code, status = place.call("status", place.spec)
    assert code == 0
    assert [status[name]["number"] for name in ("champion", "previous")] == [2, 1]
    assert status["challenger"] is None
    decisions = {d["id"]: (d["batch"], d["action"]) for d in status["decisions"]}
    assert sorted(decisions.values()) == [("b0", "retrain"), ("b1", "notify")]
    for decision, (batch, action) in decisions.items():
        code, why = place.call("explain", decision)
        assert (code, why["action"], why["same_again"]) == (0, action, True)
        assert f"Batch {batch} of shop was scored by version" in why["text"]
        assert why["inputs"]["batch"] in {doc["batch"]["digest"], quarantined["batch"]["digest"]}


def test_a_replay_is_told_its_files_in_order(place, monkeypatch):
    asked = []
    doc = {"policies": {}, "batches": []}
    monkeypatch.setattr("flows.replay.replay", lambda *given, **_: asked.append(given) or doc)
    b0, b1 = (place.delivery.batch(f"b{n}", batch_rows(n)) for n in range(2))
    words = ["replay", place.spec, place.data, b1, place.delivery.source, "--label-delay", "1"]
    words += ["--against", place.spec]
    assert place.call(*words) == (0, doc)
    ((spec, reference, batches, delay, against),) = asked
    assert against == {Path(place.spec).stem: spec}
    assert (spec.name, reference, batches, delay) == ("shop", place.data, [b1, b0, b1], 1)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("No file is there", ["monitor", "{spec}", "gone.parquet"]),
        ("did you mean 'harm_tolerance'", ["monitor", "{wrong}"]),
        ("gone.yaml", ["monitor", "gone.yaml"]),
        ("gone.parquet", ["train", "{spec}", "gone.parquet"]),
        ("gone.csv", ["monitor", "{spec}", "{data}", "--labels", "gone.csv"]),
        ("--frobnicate", ["monitor", "{spec}", "--frobnicate"]),
        ("Missing argument", ["train", "{spec}"]),
        ("has a champion already", ["train", "{spec}", "{data}"]),
        ("incumbent train", ["monitor", "{new}", "{data}"]),
        ("the same name", ["replay", "{spec}", "{data}", "{data}", *["--against", "{spec}"] * 2]),
        ("at least 1 character", ["retrain", "{spec}", "--reason", ""]),
        (
            "at most 1000 characters",
            ["quarantine", "release", "{spec}", "b0", "--reason", "a" * 1001],
        ),
        ("no such decision", ["explain", "0123456789abcdef"]),
    ],
)
def test_a_mistake_of_the_caller_exits_with_2(place, message, words):
    code, doc = place.call(*(word.format(**vars(place)) for word in words))
    assert code == 2
    assert doc["error"].keys() == KEYS
    assert message in " ".join(doc["error"].values())


def test_an_unknown_model_is_named_in_the_folder_of_the_deployments(place, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[2])
    code, doc = place.call("monitor", "flihgts")
    assert code == 2
    assert "did you mean 'flights'" in doc["error"]["what"]


def test_training_data_that_cannot_be_used_exit_with_3(place):
    whole = Path(place.data).read_bytes()
    for name, content in {"cut": whole[:500], "empty": b""}.items():
        code, doc = place.call("train", place.new, place.delivery.broken(name, content))
        assert code == 3
        assert doc["error"].keys() == KEYS
    path = place.delivery.batch("less", rows_of(TRAINING_DAYS).drop(columns="bought"))
    code, doc = place.call("train", place.new, path)
    assert code == 3
    assert "bought" in doc["error"]["what"]


def test_mlflow_out_of_reach_exits_with_4_and_nothing_has_happened(place, gateways, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", NOWHERE)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    code, doc = place.call("monitor", place.spec, place.data)
    assert code == 4
    assert doc["error"].keys() == KEYS
    assert NOWHERE in doc["error"]["observed"]
    assert gateways.ledger.batches("shop") == gateways.ledger.decisions("shop", 1) == ()


def test_prefect_out_of_reach_exits_with_4(place):
    with temporary_settings({PREFECT_API_URL: f"{NOWHERE}/api"}):
        code, doc = place.call("monitor", place.spec, place.data)
    assert code == 4
    assert doc["error"].keys() == KEYS


def test_a_database_out_of_reach_exits_with_4(place, monkeypatch):
    monkeypatch.setenv("INCUMBENT_DATABASE_URL", "sqlite:////dev/null/ledger.db")
    code, doc = place.call("status", place.spec)
    assert code == 4
    assert doc["error"].keys() == KEYS


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_examples(place, command):
    code, out, _ = place.say(*command.split(), "--help")
    assert code == 0
    assert f"incumbent {command}" in out.split("Examples:")[1]


def test_a_page_for_people_says_the_next_step_without_a_traceback(place):
    code, out, err = place.say("monitor", place.spec, "gone.parquet")
    assert (code, out) == (2, "")
    assert "next:" in err
    assert "Traceback" not in err
