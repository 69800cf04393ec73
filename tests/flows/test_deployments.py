"""prefect.yaml: every deployment starts a flow that exists, with parameters that it takes."""

from importlib import import_module
from pathlib import Path

import pytest
import yaml

from incumbent.gateways import specs

PREFECT_YAML = Path(__file__).parents[2] / "prefect.yaml"
DEPLOYMENTS = yaml.safe_load(PREFECT_YAML.read_text())["deployments"]


def flow_of(deployment):
    module, _, name = deployment["entrypoint"].rpartition(".")
    return getattr(import_module(module), name)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda d: d["entrypoint"])
def test_a_deployment_can_start(deployment):
    flow = flow_of(deployment)
    taken = flow.validate_parameters(deployment["parameters"])
    assert taken["spec"].name == deployment["name"]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda d: d["entrypoint"])
def test_one_run_at_a_time(deployment):
    assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}


def test_flow_and_deployment_name_a_model_once():
    names = [f"{flow_of(d).name}/{d['name']}" for d in DEPLOYMENTS]
    assert names == ["monitor/flights", "train/flights"]


def test_all_deployments_of_a_model_share_its_spec():
    spec = specs.read("flights", PREFECT_YAML)
    for deployment in DEPLOYMENTS:
        assert flow_of(deployment).validate_parameters(deployment["parameters"])["spec"] == spec


def test_the_schedule_follows_the_end_of_each_half_month():
    monitor = DEPLOYMENTS[0]
    assert monitor["schedules"] == [{"cron": "0 6 1,16 * *", "timezone": "America/New_York"}]
