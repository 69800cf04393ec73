"""The gateways to the outside, opened once per process, and the patience shown at each."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pandas as pd
from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from incumbent.errors import OutOfReachError
from incumbent.gateways.ledger import Ledger
from incumbent.gateways.predictions import PredictionStore
from incumbent.gateways.registry import Registry
from incumbent.log import warn
from incumbent.records import Champion, Version
from incumbent.settings import Settings, prepare


@dataclass(frozen=True)
class Gateways:
    """The ledger, the registry and the store of predictions, as the environment names them.

    `read` keeps the version that was read last, and `training_sets` its rows: its digest names
    its bytes, which are verified once in a process.
    """

    ledger: Ledger
    registry: Registry
    predictions: PredictionStore
    read: dict[Version, Champion] = field(default_factory=dict)
    training_sets: dict[Version, pd.DataFrame] = field(default_factory=dict)


def open_gateways() -> Gateways:
    """The gateways that the process's environment asks for."""
    return _open(Settings.of(os.environ))


RETRIES = 2


def out_of_reach(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether trying again can help: only where a server did not answer; it is told at once."""
    error = state.result(raise_on_failure=False)
    if not isinstance(error, OutOfReachError):
        return False
    warn("%s Asked again, up to %s times.", error.what, RETRIES)
    return True


# Every step that goes outside: two more tries where a server did not answer; never cached,
# since the ledger, not Prefect, knows what has been done.
OUTSIDE: Mapping[str, Any] = {
    "retries": RETRIES,
    "retry_delay_seconds": 1,
    "retry_condition_fn": out_of_reach,
    "cache_policy": NO_CACHE,
}


@cache
def _open(settings: Settings) -> Gateways:
    settings.home.mkdir(parents=True, exist_ok=True)
    prepare(os.environ, settings)  # a worker starts a flow without the command line
    return Gateways(
        Ledger(settings.database_url),
        Registry(settings.tracking_uri, settings.artifacts),
        PredictionStore(settings.predictions),
    )
