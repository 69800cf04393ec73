"""Ownership: a registry may be shared by several ledgers, and each keeps to its own models."""

from incumbent.errors import IncumbentError
from incumbent.params import ModelSpec
from incumbent.records import RegisteredVersion
from tasks.gateways import Gateways

CHAMPION, PREVIOUS = "champion", "previous"


def require_own_model(gateways: Gateways, spec: ModelSpec) -> None:
    """Refuse to work on a model that another ledger, or a later state of this one, has registered.

    An empty ledger, a restored one, and one that a wrong INCUMBENT_HOME names look alike: what
    they do not know of is not theirs to move. An alias that a person has set to a version that
    Incumbent did not register is no claim of another ledger.

    Raises:
        IncumbentError: The champion in the registry is not known here.
    """
    shown = gateways.registry.aliased(spec.name, CHAMPION)
    if shown is not None and gateways.ledger.knows_run(spec.name, shown.version.run_id):
        return
    if gateways.ledger.champion(spec.name) is not None:
        if shown is not None and shown.ledger is not None:
            raise _refusal(gateways, shown)
        return
    if shown is not None:
        raise _refusal(gateways, shown)
    for version in reversed(gateways.registry.registered(spec.name)):
        known = gateways.ledger.knows_run(spec.name, version.version.run_id)
        if version.ledger is not None and not version.archived and not known:
            raise _refusal(gateways, version)


def _refusal(gateways: Gateways, found: RegisteredVersion) -> IncumbentError:
    version, own = found.version, gateways.ledger.identity()
    if found.ledger is None:
        return IncumbentError(
            f"The champion of {version.model!r} in the registry was not registered by Incumbent.",
            f"version {version.number}, and no champion in the ledger",
            "a model without the alias `champion`, before its first training",
            "name the model otherwise in the spec, or remove the alias in MLflow",
        )
    other = "a later state of this ledger" if found.ledger == own else f"ledger {found.ledger}"
    champion = gateways.ledger.champion(version.model)
    here = "none" if champion is None else f"version {champion.number}"
    return IncumbentError(
        f"The registry has a version of {version.model!r} that this ledger does not know.",
        f"version {version.number} of {other}; champion in this ledger ({own}): {here}",
        "the ledger that registered the versions of a model",
        "set INCUMBENT_HOME or INCUMBENT_DATABASE_URL to that ledger; if it is lost, run"
        f" `incumbent recover {version.model} --reason TEXT`",
    )
