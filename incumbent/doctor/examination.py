"""The examination: every part in turn; one that cannot be looked at does not hide the others."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import partial
from typing import Any

from incumbent.doctor import places, state
from incumbent.doctor.finding import Finding, Health, Look, looked
from incumbent.gateways.ledger import Ledger
from incumbent.gateways.predictions import PredictionStore
from incumbent.gateways.registry import Registry
from incumbent.params import ModelSpec
from incumbent.records import document
from incumbent.settings import Settings


def examine(spec: ModelSpec, environment: Mapping[str, str]) -> dict[str, Any]:
    """Look at all that a model needs, and change nothing.

    Args:
        spec: The model.
        environment: Where its state and servers are, as `Settings` reads it.

    Returns:
        A JSON document: `model`, `healthy` (no finding is an error), `findings`.
    """
    settings = Settings.of(environment)
    found = looked("ledger", lambda: _of_model(settings, spec))
    found += looked("disk", partial(places.look_at_disk, settings))
    found += looked("prefect", partial(places.look_at_prefect, environment.get("PREFECT_API_URL")))
    healthy = all(finding.health is not Health.ERROR for finding in found)
    return {"model": spec.name, "healthy": healthy, "findings": document(found)}


def _of_model(settings: Settings, spec: ModelSpec) -> Iterator[Finding]:
    with closing(Ledger(settings.database_url)) as ledger:
        schema = [*state.look_at_schema(ledger)]
        yield from schema
        if schema:
            return
        for part, look in _looks(ledger, settings, spec).items():
            yield from looked(part, look)


def _looks(ledger: Ledger, settings: Settings, spec: ModelSpec) -> dict[str, Look]:
    registry, name = Registry(settings.tracking_uri, settings.artifacts), spec.name

    def look_at_store() -> Iterator[Finding]:
        return state.look_at_stored(ledger, PredictionStore(settings.predictions), name)

    return {
        "ledger": partial(state.look_at_runs, ledger, name),
        "champion": partial(state.look_at_champion, ledger, registry, name),
        "versions": partial(state.look_at_versions, ledger, registry, name),
        "predictions": look_at_store,
        "source": partial(places.look_at_source, ledger, spec),
    }
