"""What every registry promises: the same claims on the fake and on MLflow with SQLite."""

import inspect
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from incumbent.errors import IntegrityError, OutOfReachError
from incumbent.gateways.registry import Registry
from incumbent.params import Task
from incumbent.records import RunRecord, Version
from incumbent.report.timeline import line_name
from tests.fakes.fitted import NAMES, NOW, fitted_on, rows_of
from tests.fakes.gateway import Door, run_called
from tests.fakes.registry import FakeRegistry

pytestmark = [
    # MLflow warns about a type hint of its own when it first saves a model.
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType:UserWarning"),
]


@pytest.fixture(params=["fake", "mlflow"])
def door(request) -> Door:
    return Door(FakeRegistry() if request.param == "fake" else request.getfixturevalue("shared"))


@pytest.fixture(params=["fake", "server", "database"])
def down(request, tmp_path) -> Registry:
    (tmp_path / "file").touch()
    return {
        "fake": lambda: FakeRegistry(down=True),
        "server": lambda: Registry("http://127.0.0.1:9"),
        "database": lambda: Registry(f"sqlite:///{tmp_path}/file/mlflow.db"),
    }[request.param]()


class TestContract:
    @pytest.mark.parametrize("task", list(Task))
    @pytest.mark.parametrize(
        "features", [["carrier", "delay", "distance"], ["delay", "distance"]], ids=len
    )
    def test_what_is_loaded_is_what_was_registered(self, door, task, features):
        rows = rows_of(task)
        fitted = fitted_on(rows, task, features)
        version = door.registry.register(
            run_called("train x", params={"a": 1}, metrics={"m": 0.5}), fitted, rows
        )
        champion = door.registry.load(version)
        assert champion.version == version
        assert champion.model.card == fitted.card
        pd.testing.assert_frame_equal(champion.model.golden, fitted.golden)
        np.testing.assert_array_equal(
            champion.model.pipeline.predict(rows[features]), fitted.pipeline.predict(rows[features])
        )

    def test_versions_of_a_model_are_numbered_from_one(self, door):
        first, fitted, rows = door.register()
        second = door.registry.register(run_called("train y"), fitted, rows)
        assert (first.number, second.number) == (1, 2)
        assert first.model == second.model == fitted.card.spec.name
        assert first.run_id != second.run_id

    def test_what_is_kept_can_be_loaded_and_is_no_version(self, door):
        rows = rows_of(Task.BINARY)
        fitted = fitted_on(rows, Task.BINARY, ["carrier", "delay"])
        kept = [door.registry.keep(run_called("judge x"), fitted, rows) for _ in range(2)]
        assert [version.number for version in kept] == [0, 0]
        for version in kept:
            assert door.registry.load(version).model.card == fitted.card
        assert door.registry.register(run_called("train x"), fitted, rows).number == 1

    def test_a_changed_byte_is_refused(self, door):
        version, _, _ = door.register()
        door.tamper(version)
        for read in (door.registry.load, door.registry.training_rows):
            with pytest.raises(IntegrityError):
                read(version)

    def test_another_digest_than_the_recorded_one_is_refused(self, door):
        version, _, _ = door.register()
        with pytest.raises(IntegrityError):
            door.registry.load(replace(version, digest="0" * 64))

    def test_rows_that_the_model_was_not_fitted_on_are_refused(self, door):
        rows = rows_of(Task.BINARY)
        fitted = fitted_on(rows, Task.BINARY, ["delay"])
        with pytest.raises(IntegrityError):
            door.registry.register(run_called("train x"), fitted, rows.iloc[1:])
        assert door.registry.alias(fitted.card.spec.name, "champion") is None

    def test_training_rows_come_back_as_they_were(self, door):
        version, _, rows = door.register()
        pd.testing.assert_frame_equal(door.registry.training_rows(version), rows)

    def test_without_a_model_there_is_no_alias(self, door):
        assert door.registry.alias("nothing", "champion") is None

    def test_a_model_starts_without_alias(self, door):
        version, _, _ = door.register()
        assert door.registry.alias(version.model, "champion") is None

    def test_an_alias_names_what_it_was_last_pointed_at(self, door):
        version, fitted, rows = door.register()
        door.registry.register(run_called("train y"), fitted, rows)
        for number in (1, 2, 1):
            door.registry.point(version.model, "champion", number)
            assert door.registry.alias(version.model, "champion") == number
        assert door.registry.alias(version.model, "previous") is None

    def test_an_alias_can_be_taken_away_twice_and_from_nothing(self, door):
        version, _, _ = door.register()
        door.registry.point(version.model, "champion", 1)
        door.registry.unpoint(version.model, "champion")
        door.registry.unpoint(version.model, "champion")
        door.registry.unpoint("nothing", "champion")
        assert door.registry.alias(version.model, "champion") is None

    def test_an_alias_cannot_name_a_version_that_is_not_there(self, door):
        version, _, _ = door.register()
        with pytest.raises(OutOfReachError):
            door.registry.point(version.model, "champion", 7)
        assert door.registry.alias(version.model, "champion") is None

    def test_a_timeline_has_one_point_a_step_and_the_first_stays(self, door):
        model = next(NAMES)
        for step, value in ((0, 0.1), (2, 0.3), (2, 0.9), (1, 0.2), (1, 0.9), (0, 0.9), (3, 0.4)):
            door.registry.log_timeline(model, step, {"auc": value}, NOW)
        assert door.point_of(model, "auc") == [(0, 0.1), (1, 0.2), (2, 0.3), (3, 0.4)]

    def test_a_line_can_be_joined_later_at_an_earlier_step(self, door):
        model = next(NAMES)
        door.registry.log_timeline(model, 1, {"drift": 0.5, "auc": None}, NOW)
        door.registry.log_timeline(model, 1, {"drift": 0.5, "auc": 0.7}, NOW)
        door.registry.log_timeline(model, 0, {"auc": 0.8}, NOW)
        assert door.point_of(model, "drift") == [(1, 0.5)]
        assert door.point_of(model, "auc") == [(0, 0.8), (1, 0.7)]

    @pytest.mark.parametrize("value", ["EWR", "", "..", "a//b", "/a", "Zürich=1", "a" * 300, None])
    def test_a_line_may_be_named_after_any_value(self, door, value):
        model, name = next(NAMES), f"log_loss {line_name('c' * 256)}/{line_name(value)}"
        door.registry.log_timeline(model, 0, {name: 0.5}, NOW)
        assert door.point_of(model, name) == [(0, 0.5)]

    def test_what_is_not_known_is_not_drawn(self, door):
        model = next(NAMES)
        unknown = {"none": None, "nan": float("nan"), "inf": float("inf")}
        door.registry.log_timeline(model, 0, {"auc": 0.5, **unknown}, NOW)
        assert door.point_of(model, "auc") == [(0, 0.5)]
        assert all(door.point_of(model, key) == [] for key in unknown)

    def test_of_two_runs_with_one_key_the_first_stands(self, door):
        model = next(NAMES)
        record = RunRecord("monitor x", "decision 1", {}, {"auc": 0.5}, {}, {})
        first = door.registry.log_run(model, record, NOW)
        again = door.registry.log_run(model, replace(record, metrics={"auc": 0.9}), NOW)
        other = door.registry.log_run(model, replace(record, key="decision 2"), NOW)
        assert first == again != other

    def test_swept_a_model_has_only_versions_that_were_promoted(self, door):
        kept, fitted, rows = door.register()
        left = door.registry.register(run_called("train y"), fitted, rows)
        door.registry.sweep(kept.model, {kept.number})
        assert door.registry.load(kept).version == kept
        with pytest.raises(OutOfReachError):
            door.registry.point(kept.model, "champion", left.number)
        door.registry.sweep("nothing", ())

    @pytest.mark.parametrize(
        "call",
        [
            lambda r: r.alias("m", "champion"),
            lambda r: r.point("m", "champion", 1),
            lambda r: r.unpoint("m", "champion"),
            lambda r: r.load(Version("m", 1, "run", "0" * 64)),
            lambda r: r.training_rows(Version("m", 1, "run", "0" * 64)),
            lambda r: r.log_timeline("m", 0, {"auc": 0.5}, NOW),
            lambda r: r.log_run("m", RunRecord("monitor x", "k", {}, {}, {}, {}), NOW),
            lambda r: r.sweep("m", ()),
            lambda r: Door(r).register(),
            lambda r: Door(r).keep(),
        ],
        ids=[
            "alias",
            "point",
            "unpoint",
            "load",
            "training_rows",
            "log_timeline",
            "log_run",
            "sweep",
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
