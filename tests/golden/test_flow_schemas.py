"""What the flows that are started by other flows, or by hand, take: a change is seen in review."""

import json
from importlib import import_module

import pytest
from prefect.utilities.callables import parameter_schema


@pytest.mark.parametrize(
    "name", ["challenge", "demo", "promote", "quarantine", "retrain", "rollback", "shadow"]
)
def test_the_parameters_of_a_flow(golden, name):
    shown = parameter_schema(getattr(import_module(f"flows.{name}"), name)).model_dump()
    asked = {key: shown[key] for key in ("properties", "required")}
    golden(f"flow_{name}.json", json.dumps(asked, indent=2, ensure_ascii=False) + "\n")
