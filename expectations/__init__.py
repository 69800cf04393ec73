"""Expectations on data: derived from the training set, and one module for each model's own rules.

The spec names the module in `expectations`; `expectations/flights.py` is the example to copy.
"""

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING

from incumbent.errors import SpecError
from incumbent.params import ModelSpec

if TYPE_CHECKING:  # takes seconds to import
    import great_expectations as gx

DERIVED = "derived"


def own(spec: ModelSpec) -> "gx.ExpectationSuite | None":
    """The suite of the model's own module; None where the spec names no module.

    Raises:
        SpecError: The spec names a module that is not under expectations/, or has no `suite`.
    """
    if spec.expectations is None:
        return None
    if spec.expectations not in modules():
        raise SpecError(
            f"Model {spec.name!r} has no expectations of that name.",
            spec.expectations,
            f"one of {', '.join(modules())}, or none",
            f"write expectations/{spec.expectations}.py or correct `expectations`",
        )
    module = import_module(f"{__name__}.{spec.expectations}")
    if not hasattr(module, "suite"):
        raise SpecError(
            f"Module {module.__name__} builds no suite.",
            "no function `suite`",
            "a function `suite()` that returns an ExpectationSuite",
            "copy the one of expectations/flights.py",
        )
    suite: gx.ExpectationSuite = module.suite()
    return suite


def modules() -> tuple[str, ...]:
    """The names of the modules with rules of single models, sorted."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if name != DERIVED))
