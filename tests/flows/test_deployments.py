"""prefect.yaml: every deployment starts a flow that exists, with parameters that it takes."""

from importlib import import_module
from inspect import signature
from pathlib import Path

import pytest
import yaml

from incumbent.gateways import specs
from incumbent.params import ModelSpec

PREFECT_YAML = Path(__file__).parents[2] / "prefect.yaml"
VERBS = ("monitor", "train", "retrain", "promote", "rollback", "quarantine", "recover", "doctor")
DEPLOYMENTS = yaml.safe_load(PREFECT_YAML.read_text())["deployments"]


def flow_of(deployment):
    module, _, name = deployment["entrypoint"].rpartition(".")
    return getattr(import_module(module), name)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda d: d["entrypoint"])
def test_a_deployment_can_start(deployment):
    flow = flow_of(deployment)
    typed = {"reason": "why", "champion": 1, "batch": "b1", "action": "release"}
    asked = {name: typed[name] for name in signature(flow.fn).parameters if name in typed}
    taken = flow.validate_parameters(deployment["parameters"] | asked)
    assert taken["spec"].name == deployment["name"]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda d: d["entrypoint"])
def test_a_run_that_died_does_not_keep_the_next_from_starting(deployment):
    """Prefect goes on counting it; the lease in the ledger keeps runs apart instead."""
    assert "concurrency_limit" not in deployment


def test_flow_and_deployment_name_a_model_once():
    names = [f"{flow_of(d).name}/{d['name']}" for d in DEPLOYMENTS]
    assert names == [f"{verb}/flights" for verb in VERBS]


def test_all_deployments_of_a_model_share_its_spec():
    spec = specs.read("flights", PREFECT_YAML)
    for deployment in DEPLOYMENTS:
        assert ModelSpec.model_validate(deployment["parameters"]["spec"]) == spec


def test_the_schedule_follows_the_end_of_each_half_month():
    monitor = DEPLOYMENTS[0]
    assert monitor["schedules"] == [{"cron": "0 6 1,16 * *", "timezone": "America/New_York"}]
