"""Champion: the version that the ledger names, read back and verified."""

from prefect import task

from incumbent.api.champion import require_champion as champion_in
from incumbent.data.profile import kinds_in
from incumbent.model.scoring import require_same_model
from incumbent.monitoring.slices import require_slices
from incumbent.params import ModelSpec
from incumbent.records import Champion, Version
from tasks.gateways import OUTSIDE, Gateways


@task(name="load champion", **OUTSIDE)
def load_champion(gateways: Gateways, spec: ModelSpec) -> Champion:
    """The version that the ledger names as champion, its bytes verified."""
    return read_champion(gateways, spec)


def read_champion(gateways: Gateways, spec: ModelSpec) -> Champion:
    """The same within a task: read once in a process, and checked against the spec."""
    version = require_champion(gateways, spec)
    if version not in gateways.read:
        champion = gateways.registry.load(version)
        gateways.read.clear()
        gateways.read[version] = champion
    champion = gateways.read[version]
    require_same_model(spec, champion.model.card.spec)
    require_slices(spec, kinds_in(champion.model.card.profile))
    return champion


def require_champion(gateways: Gateways, spec: ModelSpec) -> Version:
    """The version that the ledger names as champion.

    Raises:
        NoChampionError: There is none yet.
    """
    return champion_in(gateways.ledger, spec.name)
