"""What holds of a model after each run, whatever has happened before it."""

from collections.abc import Collection, Sequence

from incumbent.records import PromotionKind
from tasks.gateways import Gateways
from tests.fakes.gateway import RegistryDriver, client_of, runs_of

ENDED = {"FINISHED", "KILLED", "FAILED"}


def require_whole(
    gateways: Gateways, kinds: Sequence[PromotionKind], twice: Collection[str] = ()
) -> None:
    """One champion, which loads and which the alias names; nothing doubled, nothing half done."""
    promotions = gateways.ledger.promotions("shop")
    assert [p.kind for p in promotions] == list(kinds)
    require_one_champion(gateways)
    numbers = [p.version.number for p in promotions]
    aliases = client_of(gateways.registry).get_registered_model("shop").aliases
    assert aliases == dict(zip(("champion", "previous"), numbers[::-1], strict=False))
    versions = gateways.registry.registered("shop")
    assert sorted(v.version.number for v in versions if not v.archived) == sorted(numbers)
    require_nothing_doubled(gateways, twice)


def require_one_champion(gateways: Gateways) -> None:
    """The ledger names one champion, which loads; no promotion is half done, or made twice."""
    promotions = gateways.ledger.promotions("shop")
    assert all(p.done for p in promotions)
    assert len({p.id for p in promotions}) == len(promotions)
    champion = gateways.ledger.champion("shop")
    assert champion is not None
    assert champion == promotions[-1].version
    assert gateways.registry.load(champion).version == champion


def require_nothing_doubled(gateways: Gateways, twice: Collection[str] = ()) -> None:
    """Each batch has one report, each line of the timeline one point a batch; no run is open.

    Args:
        gateways: Where it is looked at.
        twice: Names of reports that are there twice.
    """
    client = client_of(gateways.registry)
    runs = runs_of(client, "shop")
    assert {run.info.status for run in runs} <= ENDED
    finished = [run for run in runs if run.info.status == "FINISHED"]
    reports = [run.data.tags["incumbent.key"] for run in finished if _is_report(run)]
    doubled = [run.info.run_name for run in finished if run.info.run_name in twice]
    assert len(reports) - len(set(reports)) == len(twice) == len(doubled) - len(set(doubled))
    entries = gateways.ledger.batches("shop")
    assert [entry.ordinal for entry in entries] == list(range(len(entries)))
    if not entries:
        return
    timeline = next(run for run in finished if run.info.run_name == "timeline")
    for line in timeline.data.metrics:
        steps = [step for step, _ in RegistryDriver(gateways.registry).point_of("shop", line)]
        assert len(set(steps)) == len(steps), line


def _is_report(run):
    return run.info.run_name.startswith("monitor ")
