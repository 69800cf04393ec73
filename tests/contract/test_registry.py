"""The contract of every registry: the same tests on the fake and on MLflow with SQLite."""

import inspect
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from incumbent.errors import AbsentError, IntegrityError, LeaseError, OutOfReachError
from incumbent.gateways.registry import Registry
from incumbent.params import Task
from incumbent.records import RunRecord, Version
from incumbent.report.timeline import line_name
from tests.fakes.fitted import NAMES, NOW, fitted_on, rows_of
from tests.fakes.gateway import RegistryDriver, registered, run_called
from tests.fakes.registry import FakeRegistry

pytestmark = [
    # MLflow warns about a type hint of its own when it first saves a model.
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType:UserWarning"),
]


@pytest.fixture(params=["fake", "mlflow"])
def driver(request) -> RegistryDriver:
    return RegistryDriver(
        FakeRegistry() if request.param == "fake" else request.getfixturevalue("shared")
    )


@pytest.fixture(params=["fake", "server", "database"])
def down(request, tmp_path) -> Registry:
    (tmp_path / "file").touch()
    return {
        "fake": lambda: FakeRegistry(down=True),
        "server": lambda: Registry("http://127.0.0.1:9"),
        "database": lambda: Registry(f"sqlite:///{tmp_path}/file/mlflow.db"),
    }[request.param]()


def closed_fence() -> None:
    """A fence that another run has closed."""
    raise LeaseError("Another run has taken over.", "fence 2", "fence 1", "nothing was written")


class TestContract:
    @pytest.mark.parametrize("task", list(Task))
    @pytest.mark.parametrize(
        "features", [["carrier", "delay", "distance"], ["delay", "distance"]], ids=len
    )
    def test_what_is_loaded_is_what_was_registered(self, driver, task, features):
        rows = rows_of(task)
        fitted = fitted_on(rows, task, features)
        version = registered(
            driver.registry,
            run_called("train x", params={"a": 1}, metrics={"m": 0.5}),
            fitted,
            rows,
        )
        champion = driver.registry.load(version)
        assert champion.version == version
        assert champion.model.card == fitted.card
        pd.testing.assert_frame_equal(champion.model.golden, fitted.golden)
        np.testing.assert_array_equal(
            champion.model.pipeline.predict(rows[features]), fitted.pipeline.predict(rows[features])
        )

    def test_versions_of_a_model_are_numbered_from_one(self, driver):
        first, fitted, rows = driver.register()
        second = registered(driver.registry, run_called("train y"), fitted, rows)
        assert (first.number, second.number) == (1, 2)
        assert first.model == second.model == fitted.card.spec.name
        assert first.run_id != second.run_id

    def test_what_is_kept_can_be_loaded_and_is_no_version(self, driver):
        rows = rows_of(Task.BINARY)
        fitted = fitted_on(rows, Task.BINARY, ["carrier", "delay"])
        kept = [driver.registry.keep(run_called("judge x"), fitted, rows) for _ in range(2)]
        assert [version.number for version in kept] == [0, 0]
        for version in kept:
            assert driver.registry.load(version).model.card == fitted.card
        assert registered(driver.registry, run_called("train x"), fitted, rows).number == 1

    def test_a_changed_byte_is_refused(self, driver):
        version, _, _ = driver.register()
        driver.tamper(version)
        for read in (driver.registry.load, driver.registry.training_rows):
            with pytest.raises(IntegrityError):
                read(version)

    def test_another_digest_than_the_recorded_one_is_refused(self, driver):
        version, _, _ = driver.register()
        with pytest.raises(IntegrityError):
            driver.registry.load(replace(version, digest="0" * 64))

    def test_rows_that_the_model_was_not_fitted_on_are_refused(self, driver):
        rows = rows_of(Task.BINARY)
        fitted = fitted_on(rows, Task.BINARY, ["delay"])
        with pytest.raises(IntegrityError):
            registered(driver.registry, run_called("train x"), fitted, rows.iloc[1:])
        assert driver.alias(fitted.card.spec.name, "champion") is None

    def test_training_rows_come_back_as_they_were(self, driver):
        version, _, rows = driver.register()
        pd.testing.assert_frame_equal(driver.registry.training_rows(version), rows)

    def test_without_a_model_there_is_no_alias(self, driver):
        assert driver.alias("nothing", "champion") is None

    def test_a_model_starts_without_alias(self, driver):
        version, _, _ = driver.register()
        assert driver.alias(version.model, "champion") is None

    def test_an_alias_names_what_it_was_last_pointed_at(self, driver):
        version, fitted, rows = driver.register()
        registered(driver.registry, run_called("train y"), fitted, rows)
        for number in (1, 2, 1):
            driver.registry.point(version.model, "champion", number)
            assert driver.alias(version.model, "champion") == number
        assert driver.alias(version.model, "previous") is None

    def test_an_alias_cannot_name_a_version_that_is_not_there(self, driver):
        version, _, _ = driver.register()
        with pytest.raises(AbsentError):
            driver.registry.point(version.model, "champion", 7)
        assert driver.alias(version.model, "champion") is None

    def test_a_timeline_has_one_point_a_step_and_the_first_stays(self, driver):
        model = next(NAMES)
        for step, value in ((0, 0.1), (2, 0.3), (2, 0.9), (1, 0.2), (1, 0.9), (0, 0.9), (3, 0.4)):
            driver.registry.log_timeline(model, step, {"auc": value}, NOW)
        assert driver.point_of(model, "auc") == [(0, 0.1), (1, 0.2), (2, 0.3), (3, 0.4)]

    def test_a_line_can_be_joined_later_at_an_earlier_step(self, driver):
        model = next(NAMES)
        driver.registry.log_timeline(model, 1, {"drift": 0.5, "auc": None}, NOW)
        driver.registry.log_timeline(model, 1, {"drift": 0.5, "auc": 0.7}, NOW)
        driver.registry.log_timeline(model, 0, {"auc": 0.8}, NOW)
        assert driver.point_of(model, "drift") == [(1, 0.5)]
        assert driver.point_of(model, "auc") == [(0, 0.8), (1, 0.7)]

    @pytest.mark.parametrize("value", ["EWR", "", "..", "a//b", "/a", "Zürich=1", "a" * 300, None])
    def test_a_line_may_be_named_after_any_value(self, driver, value):
        model, name = next(NAMES), f"log_loss {line_name('c' * 256)}/{line_name(value)}"
        driver.registry.log_timeline(model, 0, {name: 0.5}, NOW)
        assert driver.point_of(model, name) == [(0, 0.5)]

    def test_what_is_not_known_is_not_drawn(self, driver):
        model = next(NAMES)
        unknown = {"none": None, "nan": float("nan"), "inf": float("inf")}
        driver.registry.log_timeline(model, 0, {"auc": 0.5, **unknown}, NOW)
        assert driver.point_of(model, "auc") == [(0, 0.5)]
        assert all(driver.point_of(model, key) == [] for key in unknown)

    def test_of_two_runs_with_one_key_the_first_stands(self, driver):
        model = next(NAMES)
        record = RunRecord("monitor x", "decision 1", {}, {"auc": 0.5}, {}, {})
        first = driver.registry.log_run(model, record, NOW)
        again = driver.registry.log_run(model, replace(record, metrics={"auc": 0.9}), NOW)
        other = driver.registry.log_run(model, replace(record, key="decision 2"), NOW)
        assert first == again != other

    def test_an_archived_version_is_there_and_says_that_it_was_never_promoted(self, driver):
        kept, fitted, rows = driver.register()
        left = registered(driver.registry, run_called("train y"), fitted, rows)
        found = driver.registry.archive(kept.model, [left.run_id, "no version"])
        assert found == (left.run_id,)
        versions = driver.registry.registered(kept.model)
        assert [(v.version, v.archived) for v in versions] == [(kept, False), (left, True)]
        assert driver.registry.load(left).version == left
        assert driver.registry.archive("nothing", ["no version"]) == ()

    def test_a_version_carries_the_ledger_that_registered_or_claimed_it(self, driver):
        version, _, _ = driver.register()
        driver.registry.point(version.model, "champion", version.number)
        assert driver.registry.aliased(version.model, "champion").ledger is None
        own = driver.registry.under("a1", lambda: None)
        own.claim(version)
        assert own.aliased(version.model, "champion").ledger == "a1"
        other, _, _ = RegistryDriver(own).register()
        assert [v.ledger for v in own.registered(other.model)] == ["a1"]

    def test_a_closed_fence_keeps_every_write_from_being_made(self, driver):
        version, fitted, rows = driver.register()
        stored = driver.registry.keep(run_called("train y"), fitted, rows)
        fenced = driver.registry.under("a1", closed_fence)
        for write in (
            lambda: fenced.keep(run_called("train y"), fitted, rows),
            lambda: fenced.publish(stored, fitted.card),
            lambda: fenced.point(version.model, "champion", 1),
            lambda: fenced.archive(version.model, [version.run_id]),
            lambda: fenced.claim(version),
            lambda: fenced.log_timeline(version.model, 0, {"auc": 0.5}, NOW),
            lambda: fenced.log_run(version.model, RunRecord("monitor x", "k", {}, {}, {}), NOW),
        ):
            with pytest.raises(LeaseError):
                write()
        driver.registry.under("a1", lambda: None)
        (left,) = driver.registry.registered(version.model)
        assert (left.version, left.ledger, left.archived) == (version, None, False)
        assert driver.alias(version.model, "champion") is None

    @pytest.mark.parametrize(
        "call",
        [
            lambda r: r.aliased("m", "champion"),
            lambda r: r.registered("m"),
            lambda r: r.archive("m", ["run"]),
            lambda r: r.close_runs("m"),
            lambda r: r.point("m", "champion", 1),
            lambda r: r.load(Version("m", 1, "run", "0" * 64)),
            lambda r: r.training_rows(Version("m", 1, "run", "0" * 64)),
            lambda r: r.log_timeline("m", 0, {"auc": 0.5}, NOW),
            lambda r: r.log_run("m", RunRecord("monitor x", "k", {}, {}, {}, {}), NOW),
            lambda r: RegistryDriver(r).register(),
            lambda r: RegistryDriver(r).keep(),
        ],
        ids=[
            "aliased",
            "registered",
            "archive",
            "close_runs",
            "point",
            "load",
            "training_rows",
            "log_timeline",
            "log_run",
            "register",
            "keep",
        ],
    )
    def test_what_is_down_is_out_of_reach_and_never_not_there(self, down, call):
        with pytest.raises(OutOfReachError):
            call(down)


def test_the_fake_answers_every_call_itself():
    public = {n for n, _ in inspect.getmembers(Registry, inspect.isfunction) if n[0] != "_"}
    assert public <= set(vars(FakeRegistry))
    for name in public:
        assert inspect.signature(getattr(FakeRegistry, name)).parameters.keys() == (
            inspect.signature(getattr(Registry, name)).parameters.keys()
        )


def test_the_door_is_light_until_it_is_used():
    code = (
        "import sys; from incumbent.gateways.registry import Registry; Registry('http://x');"
        "print(sorted({'mlflow', 'pandas', 'sklearn', 'skops'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "[]"
