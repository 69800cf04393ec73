"""Incumbent keeps the best model you have in production, and can prove it.

`drift` compares two tables, `skew` the rows that two tables share; `load_champion` gives the model
that is in production. Importing this package imports nothing heavy; what a name needs is imported
when it is first used.

>>> sorted(__all__)
['Comparison', 'LoadedChampion', 'SkewComparison', 'drift', 'load_champion', 'skew']
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from incumbent.api.champion import LoadedChampion, load_champion
    from incumbent.api.comparison import Comparison
    from incumbent.api.drift import drift
    from incumbent.api.skew import SkewComparison, skew

__all__ = ["Comparison", "LoadedChampion", "SkewComparison", "drift", "load_champion", "skew"]

_MODULES = {
    "Comparison": "comparison",
    "LoadedChampion": "champion",
    "SkewComparison": "skew",
    "drift": "drift",
    "load_champion": "champion",
    "skew": "skew",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'incumbent' has no attribute {name!r}")
    return getattr(import_module(f"incumbent.api.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
