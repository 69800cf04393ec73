"""What the run form shows: a changed title, default, bound or order is seen in review."""

import json
from importlib import import_module

import pytest
from prefect.utilities.callables import parameter_schema

from incumbent.params import ModelSpec

DEPLOYED = ("monitor", "train")


def text(schema):
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def form(name):
    flow = getattr(import_module(f"flows.{name}"), name)
    return parameter_schema(flow).model_dump()


def test_the_fields_of_a_spec(golden):
    golden("model_spec.json", text(ModelSpec.model_json_schema()))


@pytest.mark.parametrize("name", DEPLOYED)
def test_the_parameters_of_a_flow(golden, name):
    shown = form(name)
    golden(f"{name}.json", text({k: shown[k] for k in ("properties", "required")}))


@pytest.mark.parametrize("name", DEPLOYED)
def test_the_form_keeps_what_the_spec_says_of_its_fields(name):
    fields = ModelSpec.model_json_schema()["properties"]
    shown = form(name)["definitions"]["ModelSpec"]["properties"]
    for field, described in fields.items():
        for key in ("title", "description", "default", "position", "minimum", "maximum"):
            assert shown[field].get(key) == described.get(key)
