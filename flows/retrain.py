"""Retrain: a challenger from the champion's recipe, the shadow, and promotion if it holds."""

from prefect import flow

from flows.shadow import shadow
from incumbent.params import ModelSpec
from incumbent.promotion import distance_failure
from incumbent.records import (
    BatchEntry,
    Champion,
    PromotionKind,
    Retraining,
    Ruling,
    Verdict,
    Version,
)
from tasks.doors import Doors
from tasks.lease import holding
from tasks.lessons import Lesson, labelled_rows, lessons_since
from tasks.promotion import promote, register
from tasks.scoring import load_champion
from tasks.shadow import entry_of
from tasks.training import (
    Candidate,
    backtested,
    challenger_for,
    fit_on,
    promise_of,
)


@flow(name="retrain", flow_run_name="retrain {spec.name} batch {ordinal}")
def retrain(
    spec: ModelSpec,
    ordinal: int,
    reason: str,
    *,
    anew: bool = False,
    judged: Version | None = None,
) -> Retraining:
    """Fit a challenger, judge it on the newest labelled batch, refit and promote what holds.

    Args:
        spec: The model and its rules.
        ordinal: The newest labelled batch, which the challenger is judged on.
        reason: Why, in words.
        anew: Train another challenger even where one waits for more labels.
        judged: The candidate's run in MLflow, where a backtest has fitted it already.
    """
    with holding(spec) as doors:
        champion, entry = load_champion(doors, spec), entry_of(doors, spec, ordinal)
        candidate = (
            backtested(doors, judged)
            if judged
            else challenger_for(doors, spec, champion, entry, anew=anew)
        )
        report, verdict = shadow(spec, candidate.version, ordinal)
        if verdict.verdict is not Ruling.PROMOTE:
            return Retraining(report, verdict, candidate.fits, candidate.seconds)
        failure, seconds = install(doors, spec, champion, candidate, entry, reason)
        if failure is not None:
            verdict = Verdict(Ruling.REJECT, verdict.burden, (failure,))
        return Retraining(report, verdict, candidate.fits + 1, candidate.seconds + seconds)


def install(
    doors: Doors,
    spec: ModelSpec,
    champion: Champion,
    candidate: Candidate,
    entry: BatchEntry,
    reason: str,
) -> tuple[str | None, float]:
    """Refit a judged recipe with the rows that judged it, and promote it.

    Returns:
        Why it was not promoted, None if it was; seconds of the fit.
    """
    newest = Lesson(entry.batch.digest, labelled_rows(doors, spec, champion, entry))
    lessons = [*lessons_since(doors, spec, champion, entry.ordinal), newest]
    promised = promise_of(candidate.model, newest.rows, champion)
    refitted, rows, seconds = fit_on(doors, spec, champion, lessons, promised)
    known = rows.iloc[: -len(newest.rows)]  # the newest rows are the last
    failure = distance_failure(candidate.model, refitted, known, newest.rows, spec)
    if failure is None:
        version = register(doors, entry.batch.id, refitted, rows, reason)
        promote(doors, spec, version, PromotionKind.PROMOTE, reason)
    return failure, seconds
