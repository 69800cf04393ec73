import json
import math

import pytest

from incumbent.gateways.journal import Journal


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


def test_what_was_noted_is_known_to_the_next_process(path):
    first = Journal(path)
    first["loss"] = 0.1 + 0.2
    first["document"] = {"batch": "b0", "verdict": None}
    first["loss"] = 0.5
    assert dict(Journal(path)) == {"loss": 0.5, "document": {"batch": "b0", "verdict": None}}


def test_what_is_not_known_is_kept_as_such(path):
    Journal(path)["loss"] = math.nan
    assert math.isnan(Journal(path)["loss"])


def test_a_number_comes_back_to_the_last_bit(path):
    Journal(path)["third"] = 1 / 3
    assert Journal(path)["third"] == 1 / 3


@pytest.mark.parametrize("torn", ['["b", 1', '["b', "["])
def test_the_line_that_a_process_was_killed_in_is_dropped(path, torn):
    Journal(path)["a"] = 1
    with path.open("a") as file:
        file.write(torn)
    found = Journal(path)
    assert dict(found) == {"a": 1}
    found["b"] = 2
    assert dict(Journal(path)) == {"a": 1, "b": 2}


def test_what_cannot_be_written_is_not_known(path):
    journal = Journal(path)
    with pytest.raises(TypeError):
        journal["a"] = object()
    assert "a" not in journal
    assert dict(Journal(path)) == {}
    json.dumps(dict(journal))
