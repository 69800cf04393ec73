"""Challenge: a challenger from the champion's recipe, the shadow, and promotion if it holds."""

from prefect import flow

from flows.shadow import shadow
from incumbent.model.promotion import distance_failure
from incumbent.params import ModelSpec
from incumbent.records import (
    BatchEntry,
    Champion,
    PromotionKind,
    Retraining,
    Ruling,
    Verdict,
    Version,
)
from tasks.gateways import Gateways
from tasks.lease import holding
from tasks.promotion import promote, register
from tasks.scoring import load_champion
from tasks.shadow import entry_of
from tasks.teaching import TrainingBatch, labelled_rows, unlearnt_batches
from tasks.training import (
    Candidate,
    backtested,
    challenger_for,
    evaluate,
    fit_on,
)


@flow(name="challenge", flow_run_name="challenge {spec.name} batch {ordinal}")
def challenge(
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
    with holding(spec) as gateways:
        champion, entry = load_champion(gateways, spec), entry_of(gateways, spec, ordinal)
        candidate = (
            backtested(gateways, judged)
            if judged
            else challenger_for(gateways, spec, champion, entry, anew=anew)
        )
        report, verdict = shadow(spec, candidate.version, ordinal)
        if verdict.verdict is not Ruling.PROMOTE:
            return Retraining(report, verdict, candidate.fits, candidate.seconds)
        failure, seconds = install(gateways, spec, champion, candidate, entry, reason)
        if failure is not None:
            verdict = Verdict(Ruling.REJECT, verdict.burden, (failure,))
        return Retraining(report, verdict, candidate.fits + 1, candidate.seconds + seconds)


def install(
    gateways: Gateways,
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
    newest = TrainingBatch(entry.batch.digest, labelled_rows(gateways, spec, champion, entry))
    training_batches = [*unlearnt_batches(gateways, spec, champion, entry.ordinal), newest]
    evaluation = evaluate(candidate.model, newest.rows, champion)
    refitted, rows, seconds = fit_on(gateways, spec, champion, training_batches, evaluation)
    known = rows.iloc[: -len(newest.rows)]  # the newest rows are the last
    failure = distance_failure(candidate.model, refitted, known, newest.rows, spec)
    if failure is None:
        version = register(gateways, entry.batch.id, refitted, rows, reason)
        promote(gateways, spec, version, PromotionKind.PROMOTE, reason)
    return failure, seconds
