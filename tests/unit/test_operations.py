"""The fault table of the operations page names tests that are there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (.+?) \| (.+?) \| `(tests/[\w/]+\.py)::(test_\w+)` \|$", re.MULTILINE)
FAULTS = ROW.findall((ROOT / "docs" / "operations.md").read_text(encoding="utf-8"))
FEWEST = 40


def names_in(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_each_fault_has_its_test():
    assert len(FAULTS) >= FEWEST
    assert len({fault for fault, *_ in FAULTS}) == len(FAULTS)
    for _, _, path, name in FAULTS:
        assert name in names_in(path), f"{path}::{name}"
