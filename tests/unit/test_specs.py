"""Specs from files and from prefect.yaml, and the errors of those that are wrong."""

import json
from pathlib import Path

import pytest

from incumbent.errors import MissingPathError, SpecError
from incumbent.gateways import specs
from incumbent.params import Task, Trigger

PREFECT_YAML = """
definitions:
  flights: &flights
    name: flights
    task: binary
    target: late
    categorical: [carrier, dest]
    harm_tolerance: 0.1
deployments:
  - name: flights
    entrypoint: flows.monitor.monitor
    parameters:
      spec: *flights
  - name: flights-nightly
    entrypoint: flows.monitor.monitor
    parameters:
      spec:
        <<: *flights
  - name: hotels
    entrypoint: flows.monitor.monitor
    parameters:
      spec: {name: hotels, task: regression, target: rate, trigger: drift}
  - name: train-bikes
    entrypoint: flows.train.train
    parameters:
      spec: {name: bikes, task: regression, target: rides}
  - name: bare
    entrypoint: flows.monitor.monitor
"""
FIELDS = {"name": "flights", "task": "binary", "target": "late"}


@pytest.fixture
def prefect_yaml(tmp_path: Path) -> Path:
    path = tmp_path / "prefect.yaml"
    path.write_text(PREFECT_YAML)
    return path


@pytest.fixture
def refuse(tmp_path: Path):
    """The error that a spec file with these fields ends in."""

    def _refuse(**fields: object) -> SpecError:
        path = tmp_path / "spec.json"
        path.write_text(json.dumps({k: v for k, v in fields.items() if v is not ...}))
        with pytest.raises(SpecError) as caught:
            specs.read(str(path), tmp_path / "prefect.yaml")
        assert caught.value.exit_code == 2
        assert caught.value.next_step == f"correct {path}"
        assert "\n" not in str(caught.value)
        assert "pydantic" not in str(caught.value)
        return caught.value

    return _refuse


class TestByName:
    def test_the_monitor_deployment_of_that_model(self, prefect_yaml):
        spec = specs.read("hotels", prefect_yaml)
        assert (spec.name, spec.task, spec.trigger) == ("hotels", Task.REGRESSION, Trigger.DRIFT)

    def test_anchors_are_ordinary_and_equal_deployments_agree(self, prefect_yaml):
        spec = specs.read("flights", prefect_yaml)
        assert spec.categorical == ("carrier", "dest")
        assert spec.harm_tolerance == 0.1

    def test_an_unknown_name_lists_those_that_are_there(self, prefect_yaml):
        with pytest.raises(SpecError) as caught:
            specs.read("fligths", prefect_yaml)
        error = caught.value
        assert "did you mean 'flights'?" in error.what
        assert error.observed == "fligths"
        assert error.allowed.endswith("flights, hotels")
        assert "flows.monitor.monitor" in error.next_step

    def test_a_deployment_of_another_flow_is_no_spec(self, prefect_yaml):
        with pytest.raises(SpecError, match="No monitor deployment"):
            specs.read("bikes", prefect_yaml)

    @pytest.mark.parametrize("content", ["name: x\n", "deployments:\n", "deployments: [1, {}]\n"])
    def test_without_any_deployment_it_says_so(self, tmp_path, content):
        path = tmp_path / "prefect.yaml"
        path.write_text(content)
        with pytest.raises(SpecError, match="none: no deployment"):
            specs.read("flights", path)

    def test_two_deployments_that_differ_are_refused(self, prefect_yaml):
        changed = PREFECT_YAML.replace("<<: *flights", "<<: *flights\n        harm_tolerance: 0.2")
        prefect_yaml.write_text(changed)
        with pytest.raises(SpecError, match="different specs") as caught:
            specs.read("flights", prefect_yaml)
        assert caught.value.observed == "2 deployments of flights"

    def test_a_wrong_field_names_the_deployment(self, prefect_yaml):
        prefect_yaml.write_text(PREFECT_YAML.replace("trigger: drift", "trigger: moon"))
        with pytest.raises(SpecError, match="one of harm, drift, schedule") as caught:
            specs.read("hotels", prefect_yaml)
        assert caught.value.next_step == f"correct the deployment of hotels in {prefect_yaml}"

    def test_without_prefect_yaml(self, tmp_path):
        with pytest.raises(MissingPathError) as caught:
            specs.read("flights", tmp_path / "prefect.yaml")
        assert caught.value.observed == str(tmp_path / "prefect.yaml")
        assert "holds prefect.yaml" in caught.value.next_step


class TestByFile:
    @pytest.mark.parametrize("name", ["spec.yaml", "spec.yml", "spec.json", "spec.txt", "spec"])
    def test_yaml_or_json_by_suffix_or_because_it_is_there(self, tmp_path, name):
        (tmp_path / name).write_text(json.dumps(FIELDS))
        assert specs.read(str(tmp_path / name), tmp_path / "none.yaml").target == "late"

    def test_a_mark_of_byte_order_is_no_matter(self, tmp_path):
        (tmp_path / "spec.json").write_text(json.dumps(FIELDS), encoding="utf-8-sig")
        assert specs.read(str(tmp_path / "spec.json"), tmp_path / "none").name == "flights"

    def test_a_file_that_is_not_there(self, prefect_yaml):
        with pytest.raises(MissingPathError) as caught:
            specs.read("missing.yaml", prefect_yaml)
        assert caught.value.observed == "missing.yaml"
        assert "prefect.yaml" in caught.value.allowed

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("a.yaml", b"a: [1\n", "line 2, column 1"),
            ("a.yaml", b"- a\n- b\n", "list at the top"),
            ("a.yaml", b"", "NoneType at the top"),
            ("a.yaml", "name: é".encode("latin1"), "utf-8"),
            ("a.json", b"{bad", "line 1 column 2"),
            ("a.json", b"3", "int at the top"),
        ],
    )
    def test_a_file_that_is_no_mapping(self, tmp_path, name, content, message):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SpecError, match="cannot be read as YAML or JSON") as caught:
            specs.read(str(tmp_path / name), tmp_path / "none")
        assert message in caught.value.observed
        assert "name: flights" in caught.value.allowed
        assert "\n" not in str(caught.value)


class TestWrongFields:
    def test_an_unknown_field_offers_the_closest(self, refuse):
        error = refuse(**FIELDS, trigge="harm")
        assert error.what == "The spec cannot be used: trigge."
        assert error.observed == "trigge = 'harm'"
        assert error.allowed == "there is no field trigge (did you mean 'trigger'?)"

    def test_an_unknown_field_like_no_other(self, refuse):
        assert refuse(**FIELDS, zzz=1).allowed == "there is no field zzz"

    @pytest.mark.parametrize(
        ("field", "value", "allowed"),
        [
            ("harm_confidence", 1, "number, at least 0.5, less than 1"),
            ("harm_confidence", 0.49, "number, at least 0.5, less than 1"),
            ("schedule_days", 0, "number, more than 0"),
            ("training_iterations", 5001, "whole number, at least 1, at most 5000"),
            ("harm_min_labels", "many", "whole number, at least 30"),
            ("task", "binry", "one of binary, multiclass, regression"),
            ("name", "Flights", "text, small letters, digits, - and _"),
            (
                "source",
                "../x",
                "text, of length 1 or more, of length 1024 or less, a path or pattern",
            ),
            ("categorical", "carrier", "a list of text"),
            ("timestamp", 3, "text, of length 1 or more"),
        ],
    )
    def test_a_value_out_of_bounds_names_them(self, refuse, field, value, allowed):
        error = refuse(**{**FIELDS, field: value})
        assert error.what == f"The spec cannot be used: {field}."
        assert error.observed == f"{field} = {value!r}"
        assert error.allowed.startswith(f"{field}: {allowed}")

    @pytest.mark.parametrize(
        ("field", "value"),
        [("harm_confidence", 0.5), ("training_iterations", 5000), ("harm_min_labels", 30)],
    )
    def test_a_value_on_its_bound_is_fine(self, tmp_path, field, value):
        (tmp_path / "spec.json").write_text(json.dumps({**FIELDS, field: value}))
        spec = specs.read(str(tmp_path / "spec.json"), tmp_path / "none")
        assert getattr(spec, field) == value

    def test_a_missing_field_is_named(self, refuse):
        error = refuse(**{**FIELDS, "target": ...})
        assert error.observed == "target is missing"
        assert error.allowed.startswith("target: text")

    def test_a_wrong_element_of_a_list_is_named(self, refuse):
        error = refuse(**FIELDS, categorical=["carrier", 3])
        assert error.observed == "categorical.1 = 3"

    def test_all_that_is_wrong_is_said_at_once(self, refuse):
        error = refuse(**{**FIELDS, "task": "x", "drift_q": 2})
        assert error.what == "The spec cannot be used: task, drift_q."
        assert error.observed == "task = 'x'; drift_q = 2"

    def test_fields_that_contradict_each_other(self, refuse):
        error = refuse(**FIELDS, timestamp="late")
        assert error.what == "The spec cannot be used: fields contradict each other."
        assert error.observed == "target = 'late', timestamp = 'late'"
        assert error.allowed == "target, timestamp and id must be different columns"

    def test_labels_without_an_id(self, refuse):
        error = refuse(**FIELDS, labels="labels/*.csv")
        assert "labels = 'labels/*.csv'" in error.observed
        assert "name the id column" in error.allowed
