"""Retrain: a challenger from the champion's recipe, the shadow, and promotion if it holds."""

from prefect import flow

from flows.shadow import shadow
from incumbent.params import ModelSpec
from incumbent.promotion import distance_failure
from incumbent.records import BatchEntry, Champion, PromotionKind, Retraining, Ruling, Verdict
from tasks.doors import Doors, open_doors
from tasks.promotion import promote, register
from tasks.scoring import load_champion
from tasks.shadow import entry_of
from tasks.training import (
    Candidate,
    challenger_for,
    fit_on,
    labelled_rows,
    promise_of,
    rows_since,
)


@flow(name="retrain", flow_run_name="retrain {spec.name} batch {ordinal}")
def retrain(spec: ModelSpec, ordinal: int, reason: str, *, anew: bool = False) -> Retraining:
    """Fit a challenger, judge it on the newest labelled batch, refit and promote what holds.

    Args:
        spec: The model and its rules.
        ordinal: The newest labelled batch, which the challenger is judged on.
        reason: Why, in words.
        anew: Train another challenger even where one waits for more labels.
    """
    doors = open_doors()
    champion, entry = load_champion(doors, spec), entry_of(doors, spec, ordinal)
    candidate = challenger_for(doors, spec, champion, entry, anew=anew)
    report, verdict = shadow(spec, candidate.version, ordinal)
    if verdict.verdict is not Ruling.PROMOTE:
        return Retraining(report, verdict, candidate.fits, candidate.seconds)
    verdict, seconds = refit(doors, spec, champion, entry, candidate, verdict, reason)
    return Retraining(report, verdict, candidate.fits + 1, candidate.seconds + seconds)


def refit(
    doors: Doors,
    spec: ModelSpec,
    champion: Champion,
    entry: BatchEntry,
    candidate: Candidate,
    verdict: Verdict,
    reason: str,
) -> tuple[Verdict, float]:
    """Fit the recipe that was judged on all rows, the newest included, and promote it."""
    newest = labelled_rows(doors, spec, champion, entry)
    baseline, threshold = promise_of(candidate.model, newest)
    tables = [*rows_since(doors, spec, champion, entry.ordinal), newest]
    fitted, rows, seconds = fit_on(
        doors, spec, champion, tables, entry.ordinal, baseline, threshold
    )
    if failure := distance_failure(candidate.model, fitted, newest, spec):
        return Verdict(Ruling.REJECT, verdict.burden, (failure,)), seconds
    version = register(doors, entry.batch.id, fitted, rows, reason)
    promote(doors, spec, version, PromotionKind.PROMOTE, reason)
    return verdict, seconds
