"""Recovery: what the registry knows of a model, entered into a ledger that has lost it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from prefect import task

from incumbent.digest import text_digest
from incumbent.errors import UsageError
from incumbent.params import ModelSpec
from incumbent.records import Promotion, PromotionKind, RegisteredVersion, Version
from tasks.gateways import OUTSIDE, Gateways
from tasks.ownership import CHAMPION, PREVIOUS
from tasks.promotion import verify


@task(name="recover", **OUTSIDE)
def recover_champion(gateways: Gateways, spec: ModelSpec, reason: str) -> None:
    """Enter the champion of the registry, and the versions before it, as promoted.

    The champion is verified; its card and its training set come with it. Former champions are
    verified when one is gone back to.

    Raises:
        UsageError: The registry names no champion that Incumbent has registered.
        IntegrityError: Its stored files are not those that were registered.
    """
    shown = gateways.registry.aliased(spec.name, CHAMPION)
    if shown is None or not shown.version.digest:
        raise _nothing_to_recover(spec, shown)
    if gateways.ledger.champion(spec.name) == shown.version:
        return
    verify(gateways, shown.version)
    lineage = _lineage(gateways, spec, shown.version)
    gateways.registry.claim(shown.version)
    gateways.ledger.recover(_promotions(gateways, lineage, reason), datetime.now(UTC))


def _lineage(gateways: Gateways, spec: ModelSpec, champion: Version) -> list[Version]:
    """Versions that were promoted, oldest first; the one that `previous` names before the last."""
    name, ledger = spec.name, gateways.ledger
    before = gateways.registry.aliased(name, PREVIOUS)
    found = [
        v.version
        for v in gateways.registry.registered(name)
        if v.version.digest and not v.archived and not ledger.knows_run(name, v.version.run_id)
    ]
    last = [before.version] if before is not None and before.version.digest else []
    return [v for v in found if v not in [*last, champion]] + last + [champion]


def _promotions(gateways: Gateways, lineage: Sequence[Version], reason: str) -> list[Promotion]:
    found, previous = list[Promotion](), gateways.ledger.champion(lineage[0].model)
    for version in lineage:
        number = None if previous is None else previous.number
        identity = text_digest([gateways.ledger.identity(), str(number), version.digest, reason])
        kind = PromotionKind.RECOVER
        found.append(Promotion(identity, kind, version, number, reason, done=True))
        previous = version
    return found


def _nothing_to_recover(spec: ModelSpec, shown: RegisteredVersion | None) -> UsageError:
    number = None if shown is None else shown.version.number
    return UsageError(
        f"The registry has no champion of {spec.name!r} to recover.",
        "no alias `champion`" if number is None else f"version {number}, not of Incumbent",
        "an alias `champion` on a version that Incumbent registered",
        f"set the alias in MLflow, or run `incumbent train {spec.name} DATA`",
    )
