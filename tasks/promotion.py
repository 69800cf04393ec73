"""Promotion: verify, write the intent, set the alias, mark it done; and repair what a crash left.

A run can end between any two of these. The next holder of the lease of the model reconciles: a
version that this ledger began and no intent names was never promoted, and is archived; an intent is
finished if its version is intact, and withdrawn if it is not.
"""

from datetime import UTC, datetime

from prefect import task

from incumbent.errors import (
    AbsentError,
    IncumbentError,
    IntegrityError,
    StoredError,
    UsageError,
)
from incumbent.log import warn
from incumbent.loop.state import Refit
from incumbent.model.promotion import golden_failure, promotion_id
from incumbent.params import ModelSpec
from incumbent.records import (
    Champion,
    Promotion,
    PromotionKind,
    Version,
)
from tasks.champion import require_champion
from tasks.gateways import OUTSIDE, Gateways
from tasks.ownership import CHAMPION, PREVIOUS, require_own_model


@task(name="promotion", **OUTSIDE)
def promote(
    gateways: Gateways, spec: ModelSpec, version: Version, kind: PromotionKind, reason: str
) -> Champion:
    """Make a version the champion, and return it as it was read back and verified.

    Raises:
        IntegrityError: The stored version is not the one that was registered.
    """
    stored, last = verify(gateways, version), gateways.ledger.last_promotion(spec.name)
    if last is not None and last.version == version:  # a retry of a promotion that was done
        return stored
    over = None if last is None else last.id
    identity = promotion_id(spec.name, over, stored.model.card.training.digest, spec)
    before = None if last is None else last.version.number
    intent = Promotion(identity, kind, version, before, reason, done=False)
    _finish(gateways, gateways.ledger.intend(intent, datetime.now(UTC)))
    return stored


def verify(gateways: Gateways, version: Version) -> Champion:
    """A version read back: its bytes those that were registered, its predictions repeated.

    Raises:
        IntegrityError: They are not.
    """
    stored = gateways.registry.load(version)
    if failure := golden_failure(stored):
        raise IntegrityError(
            f"Version {version.number} of {version.model!r} was not promoted.",
            failure,
            "the predictions that it was registered with",
            "keep the champion, and look at the version's run in MLflow",
        )
    return stored


def carried_out_before(
    gateways: Gateways, spec: ModelSpec, kind: PromotionKind, seen: int, to: int | None = None
) -> bool:
    """Whether a request made when `seen` was champion has been carried out: then it is one.

    Args:
        gateways: Where the champion is named.
        spec: The model.
        kind: What is asked for.
        seen: Number of the champion whose place is to be taken.
        to: The version that is asked for; None: whichever it was.

    Raises:
        NoChampionError: There is no champion yet.
        UsageError: By now another version is champion, for another reason.
    """
    champion, last = require_champion(gateways, spec), gateways.ledger.last_promotion(spec.name)
    if champion.number == seen:
        return False
    same = last is not None and (last.kind, last.previous) == (kind, seen)
    if same and to in {None, champion.number}:
        return True
    raise UsageError(
        f"The champion of {spec.name!r} is another one by now.",
        f"version {champion.number}",
        f"version {seen}, which the request is about",
        f"look at `incumbent status {spec.name}`, and ask again if it still holds",
    )


def former_champion(gateways: Gateways, spec: ModelSpec, number: int | None) -> Version:
    """A version to go back to: the one of this number, or the last one before the present.

    A version that a person has gone back from is gone back to by its number alone: a request that
    is repeated, or made twice at once, does not bring it back.

    Raises:
        UsageError: It was never champion, or is so now.
    """
    champion = gateways.ledger.champion(spec.name)
    done = [p for p in gateways.ledger.promotions(spec.name) if p.done]
    former = {p.version.number: p.version for p in done if p.version != champion}
    if number is None:
        left = {p.previous for p in done if p.kind is PromotionKind.ROLL_BACK}
        order = [p.version.number for p in done[::-1]]
        number = next((n for n in order if n in former and n not in left), None)
    if number in former:
        return former[number]
    raise UsageError(
        f"Model {spec.name!r} cannot go back to that version.",
        f"version {number or 'before the present one'}, champion {champion and champion.number}",
        f"a former champion: {', '.join(map(str, sorted(former))) or 'there is none'}",
        "name one that was gone back from with --version;"
        f" `incumbent status {spec.name}` shows the champion",
    )


def require_sound(refit: Refit, spec: ModelSpec) -> None:
    """Refuse to promote a refit that failed its last check.

    Raises:
        IncumbentError: It did.
    """
    if refit.failure is not None:
        raise IncumbentError(
            f"The challenger of {spec.name!r} was not promoted.",
            refit.failure,
            f"a distance within promotion_distance = {spec.promotion_distance}",
            "keep the champion, or raise `promotion_distance` in the spec",
        )


@task(name="reconcile", **OUTSIDE)
def reconcile(gateways: Gateways, spec: ModelSpec) -> None:
    """Finish or undo what a crash left half done, and re-assert the aliases.

    Under the lease of the model no other run is at work: what looks unfinished is unfinished.

    Raises:
        IncumbentError: The registry's champion is one that this ledger does not know.
    """
    require_own_model(gateways, spec)
    for intent in gateways.ledger.open_intents(spec.name):
        _finish_or_undo(gateways, intent)
    archive_unpromoted(gateways, spec)
    gateways.registry.close_runs(spec.name)
    _assert(gateways, spec.name, CHAMPION, gateways.ledger.champion(spec.name))
    _assert(gateways, spec.name, PREVIOUS, gateways.ledger.previous(spec.name))


def archive_unpromoted(gateways: Gateways, spec: ModelSpec) -> None:
    """Tag the versions that this ledger began and never promoted; nothing is deleted."""
    now = datetime.now(UTC)
    if begun := gateways.ledger.unpromoted_registrations(spec.name, now):
        archived = gateways.registry.archive(spec.name, begun)
        gateways.ledger.archive_registrations(spec.name, archived, now)


def _finish_or_undo(gateways: Gateways, intent: Promotion) -> None:
    try:
        verify(gateways, intent.version)
    except StoredError as error:
        gateways.ledger.withdraw(intent)
        warn("promotion withdrawn: %s", error)
    else:
        _finish(gateways, intent)


def _finish(gateways: Gateways, intent: Promotion) -> None:
    if not intent.done:
        _assert(gateways, intent.version.model, CHAMPION, intent.version)
        gateways.ledger.complete(intent, datetime.now(UTC))
    model = intent.version.model
    _assert(gateways, model, PREVIOUS, gateways.ledger.previous(model))


def _assert(gateways: Gateways, model: str, alias: str, version: Version | None) -> None:
    """Let an alias show what the ledger names; that someone has deleted the version only warns."""
    try:
        if version is not None:
            _point(gateways, model, alias, version)
    except AbsentError as error:
        warn("the alias %r is not set: %s", alias, error)


def _point(gateways: Gateways, model: str, alias: str, version: Version) -> None:
    shown = gateways.registry.aliased(model, alias)
    if shown is None or shown.version.number != version.number:
        gateways.registry.point(model, alias, version.number)
