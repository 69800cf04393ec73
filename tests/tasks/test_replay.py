"""Replay keeps its contract with whoever reads its document."""

import os
from importlib import import_module

import numpy as np
import pytest

from incumbent.errors import UsageError
from incumbent.settings import Settings
from tasks.replay import require_alike, scratch_state
from tests.flows.world import TRAINING_DAYS, a_spec, batch_rows, of_task, rows_of, walked

KEYS = {"metric_name", "lower_is_better", "policies", "batches", "delay", "recommendation"}
POLICIES = {"never", "always", "periodic", "incumbent"}
LINE = {"metric", "regret", "trainings", "fits", "fit_seconds", "promotions", "refusals"}
BATCH = {"batch", "rows", "action", "verdict", "champion_version", "metric"}


@pytest.fixture
def replay(bare, delivery):
    """Replay of a calm batch and two of a changed world, of different sizes."""
    data = delivery.reference(rows_of(TRAINING_DAYS))
    batches = [
        delivery.batch(f"b{n}", batch_rows(n, changed=n > 0, rows_a_day=100 + 20 * n))
        for n in range(3)
    ]
    flow = import_module("flows.replay").replay

    def run(spec, delay):
        return flow(spec, data, batches, delay)

    run.in_memory = lambda spec, delay: walked(spec, data, batches, delay)
    return run


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0, 1])
def test_replay_compares_four_policies_on_the_same_batches(replay, delay):
    doc = replay(a_spec(), delay)
    assert doc.keys() == KEYS
    assert (doc["metric_name"], doc["lower_is_better"]) == ("log_loss", True)
    batches, policies = doc["batches"], doc["policies"]
    assert [(b["batch"], b["rows"]) for b in batches] == [
        ("b0", 400),
        ("b1", 480),
        ("b2", 560),
    ]
    assert policies.keys() == POLICIES
    assert all(line.keys() == LINE for line in policies.values())
    assert all(b.keys() == BATCH and b["metric"].keys() == POLICIES for b in batches)
    rows = [b["rows"] for b in batches]
    for name, line in policies.items():
        losses = [b["metric"][name] for b in batches]
        assert line["metric"] == pytest.approx(np.average(losses, weights=rows), abs=1e-12)
    assert min(line["regret"] for line in policies.values()) == 0
    trainings = {name: line["trainings"] for name, line in policies.items()}
    assert (trainings["never"], trainings["always"]) == (0, len(batches) - 1 - delay)
    ours = sum(b["action"] == "retrain" for b in batches)
    assert trainings["incumbent"] == ours >= 1
    assert trainings["periodic"] == min(ours, len(batches) - 1 - delay)
    assert batches[1]["action"] == "retrain"
    assert [b["champion_version"] for b in batches[:2]] == [1, 1]
    assert policies["incumbent"]["promotions"] >= 1
    tried = replay.in_memory(a_spec(), delay)
    assert [b["metric"]["incumbent"] for b in batches] == pytest.approx(list(tried.losses))
    assert [b["action"] == "retrain" for b in batches] == list(tried.trained)
    assert [b["verdict"] for b in batches] == list(tried.verdicts)
    assert [b["champion_version"] for b in batches] == list(tried.scored_by)
    assert policies["incumbent"]["fits"] == tried.fits
    advice, own = doc["recommendation"], {"trigger": "harm", "settings": {}}
    assert advice["sure"] is False  # two batches judge nothing
    assert {key: advice[key] for key in own} == own
    (same,) = [e for e in advice["evidence"] if not e["settings"]]
    assert same["metric"] == pytest.approx(policies["incumbent"]["metric"])
    assert same["trainings"] == ours
    if delay == 0:
        assert doc["delay"] is None
        return
    assert doc["delay"]["batches"] == delay
    at_once = replay.in_memory(a_spec(), 0)
    for name in ("always", "incumbent"):
        line = doc["delay"][name]
        assert line["metric"] == policies[name]["metric"]
        assert line["cost"] == pytest.approx(line["metric"] - line["at_once"])
    assert doc["delay"]["always"]["cost"] > 0  # it learns of the change one batch later
    assert doc["delay"]["incumbent"]["at_once"] == pytest.approx(at_once.loss)


@pytest.mark.slow
def test_labels_that_come_late_help_incumbent_no_earlier_than_others(replay):
    """Labels of the change (b1) come after b2 was scored, by every policy's first champion."""
    known_late = replay(a_spec(), 1)["batches"][2]
    assert known_late["champion_version"] == 1
    assert known_late["metric"]["incumbent"] == pytest.approx(known_late["metric"]["never"])


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [("never", {}, "name of a policy"), ("other", {"target": "price"}, "`target` of 'other'")],
)
def test_another_model_or_a_taken_name_is_refused(name, fields, said):
    with pytest.raises(UsageError, match=said):
        require_alike(a_spec(), {name: a_spec(**fields)})
    require_alike(a_spec(), {"other": a_spec(trigger="drift")})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "metric"), [("multiclass", "log_loss"), ("regression", "mae"), ("binary", "log_loss")]
)
def test_every_task_can_be_replayed(task, metric, bare, delivery):
    data = delivery.reference(of_task(rows_of(TRAINING_DAYS), task))
    batches = [delivery.batch(f"b{n}", of_task(batch_rows(n), task)) for n in range(2)]
    doc = import_module("flows.replay").replay(a_spec(task=task), data, batches)
    assert doc["metric_name"] == metric
    for line in doc["policies"].values():
        assert 0 < line["metric"] < 1.2  # of three classes, and of a value that spreads by 2.5
    assert [b["rows"] for b in doc["batches"]] == [600, 600]


def test_the_state_of_a_replay_is_scratch(tmp_path, monkeypatch):
    used = {
        "INCUMBENT_HOME": str(tmp_path / "used"),
        "INCUMBENT_DATABASE_URL": "postgresql://ledger/used",
        "INCUMBENT_PREDICTIONS": "s3://used/predictions",
        "MLFLOW_TRACKING_URI": "http://used:5000",
    }
    for name, value in used.items():
        monkeypatch.setenv(name, value)
    scratch = tmp_path / "scratch"
    with scratch_state(scratch):
        inside = Settings.of(os.environ)
        assert inside.embedded
        places = (inside.database_url, inside.tracking_uri, inside.predictions, inside.artifacts)
        assert all(str(scratch) in str(place) for place in places)
    assert {name: os.environ[name] for name in used} == used


def test_late_labels_need_an_id(replay):
    with pytest.raises(UsageError, match="id"):
        replay(a_spec(id=None), 1)
