"""A model's own module is found by its name."""

import sys
from types import ModuleType

import pytest

import expectations
from incumbent.errors import SpecError


def named(spec, module):
    return spec.model_copy(update={"expectations": module})


def test_none_named_is_none(spec):
    assert expectations.own(spec) is None


def test_a_named_module_gives_its_suite(spec):
    suite = expectations.own(named(spec, "flights"))
    assert suite.name == "flights"
    assert len(suite.expectations) == 10


@pytest.mark.parametrize("module", ["flight", "derived"])
def test_another_name_lists_those_that_exist(spec, module):
    with pytest.raises(SpecError) as caught:
        expectations.own(named(spec, module))
    assert caught.value.observed == module
    assert caught.value.allowed == "one of flights, or none"


def test_a_module_without_a_suite_is_sent_to_the_example(spec, monkeypatch):
    monkeypatch.setitem(sys.modules, "expectations.flights", ModuleType("expectations.flights"))
    with pytest.raises(SpecError, match=r"expectations.flights builds no suite"):
        expectations.own(named(spec, "flights"))


def test_the_names_are_known_without_great_expectations():
    assert expectations.modules() == ("flights",)
    assert not hasattr(expectations, "gx")
