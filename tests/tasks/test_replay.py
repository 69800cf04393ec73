"""Replay keeps its contract with whoever reads its document."""

import sys
from importlib import import_module
from types import ModuleType

import great_expectations as gx
import numpy as np
import pandas as pd
import pytest
from great_expectations import expectations as gxe

from expectations.flights import EXCLUDE
from incumbent.errors import UsageError
from tasks.replay import replay_folder, require_alike, resumable_folder
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
    trained = sum(b["action"] == "retrain" for b in batches)
    assert trainings["incumbent"] == trained >= 1
    assert trainings["periodic"] == min(trained, len(batches) - 1 - delay)
    assert batches[1]["action"] == "retrain"
    assert [b["champion_version"] for b in batches[:2]] == [1, 1]
    assert policies["incumbent"]["promotions"] >= 1
    trial = replay.in_memory(a_spec(), delay)
    assert [b["metric"]["incumbent"] for b in batches] == pytest.approx(list(trial.losses))
    assert [b["action"] == "retrain" for b in batches] == list(trial.trained)
    assert [b["verdict"] for b in batches] == list(trial.verdicts)
    assert [b["champion_version"] for b in batches] == list(trial.scored_by)
    assert policies["incumbent"]["fits"] == trial.fits
    advice, own = doc["recommendation"], {"trigger": "harm", "settings": {}}
    assert advice["sure"] is False  # two batches judge nothing
    assert {key: advice[key] for key in own} == own
    (same,) = [e for e in advice["evidence"] if not e["settings"]]
    assert same["metric"] == pytest.approx(policies["incumbent"]["metric"])
    assert same["trainings"] == trained
    if delay == 0:
        assert doc["delay"] is None
        return
    assert doc["delay"]["batches"] == delay
    at_once = replay.in_memory(a_spec(), 0)
    for name in ("always", "incumbent"):
        line = doc["delay"][name]
        assert line["metric"] == policies[name]["metric"]
        assert line["cost"] == pytest.approx(line["metric"] - line["at_once"])
    # Labels of the change (b1) come after b2 was scored, by every policy's first champion.
    assert batches[2]["champion_version"] == 1
    assert batches[2]["metric"]["incumbent"] == pytest.approx(batches[2]["metric"]["never"])
    assert doc["delay"]["always"]["cost"] > 0  # it learns of the change one batch later
    assert doc["delay"]["incumbent"]["at_once"] == pytest.approx(at_once.loss)


@pytest.fixture
def price_has_limits(monkeypatch):
    """A model's own rule, under a name that there is: a row with a price beyond 50 is broken."""
    rule = gxe.ExpectColumnValuesToBeBetween(
        column="price", min_value=-50, max_value=50, meta=EXCLUDE, severity="warning"
    )
    module = ModuleType("expectations.flights")
    module.suite = lambda: gx.ExpectationSuite(name="shop", expectations=[rule])
    monkeypatch.setitem(sys.modules, "expectations.flights", module)
    return a_spec(expectations="flights")


def partly_broken(rows):
    """Every twelfth row has a price that cannot be and tells a lie; every seventh has no label."""
    broken = np.arange(len(rows)) % 12 == 0
    unknown = np.arange(len(rows)) % 7 == 0
    price = rows["price"].mask(broken, rows["price"] + 99)
    bought = rows["bought"].mask(broken, 1 - rows["bought"]).astype("Int64")
    return rows.assign(price=price, bought=bought.mask(unknown, pd.NA))


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0, 1])
def test_in_memory_nothing_is_learnt_that_the_flows_leave_out(
    bare, delivery, price_has_limits, delay
):
    data = delivery.reference(partly_broken(rows_of(TRAINING_DAYS)))
    rows = [batch_rows(n, changed=n > 0, rows_a_day=200) for n in range(4 + delay)]
    batches = [delivery.batch(f"b{n}", partly_broken(table)) for n, table in enumerate(rows)]
    doc = import_module("flows.replay").replay(price_has_limits, data, batches, delay)
    assert doc["policies"]["incumbent"]["promotions"] >= 1
    assert doc["batches"][-1]["champion_version"] > 1  # the last batch is scored by what was learnt
    first = doc["batches"][0]["metric"]
    assert first["never"] == pytest.approx(first["incumbent"], rel=1e-9)  # the same first champion
    (own,) = [e for e in doc["recommendation"]["evidence"] if not e["settings"]]
    assert own["metric"] == pytest.approx(doc["policies"]["incumbent"]["metric"], rel=1e-9)
    assert own["trainings"] == doc["policies"]["incumbent"]["trainings"]


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [("never", {}, "name of a policy"), ("other", {"target": "price"}, "`target` of 'other'")],
)
def test_another_model_or_a_taken_name_is_refused(name, fields, message):
    with pytest.raises(UsageError, match=message):
        require_alike(a_spec(), {name: a_spec(**fields)})
    require_alike(a_spec(), {"other": a_spec(trigger="drift")})


@pytest.mark.slow
def test_a_regression_can_be_replayed(bare, delivery):
    data = delivery.reference(of_task(rows_of(TRAINING_DAYS), "regression"))
    batches = [delivery.batch(f"b{n}", of_task(batch_rows(n), "regression")) for n in range(2)]
    replay = import_module("flows.replay").replay
    doc = replay(a_spec(task="regression"), data, batches, recommends=False)
    assert (doc["metric_name"], doc["recommendation"]) == ("mae", None)
    for line in doc["policies"].values():
        assert 0 < line["metric"] < 1.2  # of a value that spreads by 2.5
    assert [b["rows"] for b in doc["batches"]] == [600, 600]


def test_late_labels_need_an_id(replay):
    with pytest.raises(UsageError, match="id"):
        replay(a_spec(id=None), 1)


def test_what_a_replay_keeps_is_gone_once_it_is_finished(tmp_path):
    folder = tmp_path / "replays" / "a"
    with resumable_folder(folder) as memory:
        memory["loss 0 a"] = 0.5
    assert list(folder.parent.iterdir()) == []


def stop_after_one_loss(folder):
    with resumable_folder(folder) as memory:
        memory["loss 0 a"] = 0.5
        raise KeyboardInterrupt


@pytest.mark.parametrize("fresh", [False, True])
def test_a_replay_that_is_stopped_is_taken_up_unless_it_is_to_begin_anew(tmp_path, fresh):
    with pytest.raises(KeyboardInterrupt):
        stop_after_one_loss(tmp_path / "a")
    with resumable_folder(tmp_path / "a", fresh=fresh) as memory:
        assert ("loss 0 a" in memory) is not fresh


def test_a_replay_that_had_not_begun_leaves_nothing(tmp_path):
    with pytest.raises(UsageError), resumable_folder(tmp_path / "replays" / "a"):
        raise UsageError("no such column", "this", "that", "correct the spec")
    assert list((tmp_path / "replays").iterdir()) == []


def test_one_history_is_not_replayed_twice_at_once(tmp_path):
    with resumable_folder(tmp_path / "a"):
        with pytest.raises(UsageError, match="Another process"), resumable_folder(tmp_path / "a"):
            pass
        with resumable_folder(tmp_path / "b"):
            pass


def test_a_replay_is_known_by_all_that_goes_into_it(delivery):
    paths = [delivery.batch(f"b{n}", batch_rows(n)) for n in range(2)]
    known = replay_folder(a_spec(), paths, 0, {})
    others = [
        replay_folder(a_spec(harm_tolerance=0.1), paths, 0, {}),
        replay_folder(a_spec(), paths[::-1], 0, {}),
        replay_folder(a_spec(), paths, 1, {}),
        replay_folder(a_spec(), paths, 0, {"other": a_spec()}),
    ]
    assert len({known, *others}) == 5
    assert replay_folder(a_spec(), paths, 0, {}) == known
    delivery.batch("b1", batch_rows(1, changed=True))
    assert replay_folder(a_spec(), paths, 0, {}) != known
