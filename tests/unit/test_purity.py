"""What an import costs, and that no module has slipped past the arrows between rooms."""

import json
import pkgutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import incumbent

ROOT = Path(__file__).parents[2]
OUTSIDE = {"prefect", "mlflow", "great_expectations"}
HEAVY = OUTSIDE | {"pandas", "numpy", "sklearn", "scipy", "pyarrow", "matplotlib", "sqlalchemy"}
SHELLS = {"cli", "gateways", "serving"}
MODULES = sorted(module.name for module in pkgutil.iter_modules(incumbent.__path__))
CORE = [name for name in MODULES if name not in SHELLS]


def imported_by(*modules):
    """Top-level packages that a fresh interpreter holds after it has imported the modules."""
    statement = "; ".join(f"import {module}" for module in modules)
    script = f"import json, sys; {statement}; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    return {name.partition(".")[0] for name in json.loads(done.stdout)}


@pytest.mark.parametrize("module", ["errors", "params", "records", "settings"])
def test_what_every_room_imports_is_light(module):
    assert not imported_by(f"incumbent.{module}") & HEAVY


def test_no_stage_imports_the_outside():
    assert not imported_by(*(f"incumbent.{module}" for module in CORE)) & OUTSIDE


def test_the_digest_needs_tables_and_nothing_else():
    assert not imported_by("incumbent.digest") & (OUTSIDE | {"sklearn", "scipy"})


@pytest.fixture(scope="module")
def contracts():
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    return {contract["name"]: contract for contract in linter["contracts"]}


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_its_layer(contracts, module):
    layers = contracts["Imports point down through the rooms"]["layers"]
    named = {word.strip("()") for layer in layers for word in layer.split()}
    assert f"incumbent.{module}" in named, f"name incumbent.{module} in pyproject.toml's layers"


def test_no_gateway_may_know_any_rule(contracts):
    layers = contracts["Imports point down through the rooms"]["layers"]
    gateways = next(k for k, layer in enumerate(layers) if "gateways" in layer)
    rules = layers[gateways + 1 : layers.index("incumbent.records")]
    expected = {word for layer in rules for word in layer.split() if word != "|"}
    assert expected == set(contracts["Gateways know records, not rules"]["forbidden_modules"])
