"""Champion: the version that the ledger names, read back and verified."""

from collections.abc import Callable
from typing import TypeVar

import pandas as pd
from prefect import task

from incumbent.api.champion import require_champion as champion_in
from incumbent.data.profile import kinds_in
from incumbent.model.scoring import require_same_model
from incumbent.monitoring.slices import require_slices
from incumbent.params import ModelSpec
from incumbent.records import Champion, Version
from tasks.gateways import OUTSIDE, Gateways

T = TypeVar("T")


@task(name="load champion", **OUTSIDE)
def load_champion(gateways: Gateways, spec: ModelSpec) -> Champion:
    """The version that the ledger names as champion, its bytes verified."""
    return read_champion(gateways, spec)


def read_champion(gateways: Gateways, spec: ModelSpec) -> Champion:
    """The same within a task: read once in a process, and checked against the spec."""
    version = require_champion(gateways, spec)
    champion = _read_once(gateways.read, version, gateways.registry.load)
    require_same_model(spec, champion.model.card.spec)
    require_slices(spec, kinds_in(champion.model.card.profile))
    return champion


def read_training_set(gateways: Gateways, version: Version) -> pd.DataFrame:
    """The rows that a version was fitted on, verified: read once in a process, as the version."""
    return _read_once(gateways.training_sets, version, gateways.registry.training_rows)


def _read_once(kept: dict[Version, T], version: Version, read: Callable[[Version], T]) -> T:
    """What was read of a version; what was read of another one is dropped."""
    if version not in kept:
        found = read(version)
        kept.clear()
        kept[version] = found
    return kept[version]


def require_champion(gateways: Gateways, spec: ModelSpec) -> Version:
    """The version that the ledger names as champion.

    Raises:
        NoChampionError: There is none yet.
    """
    return champion_in(gateways.ledger, spec.name)
