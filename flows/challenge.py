"""Challenge: a challenger from the champion's recipe, the shadow, and promotion if it holds."""

from prefect import flow

from flows.shadow import shadow
from incumbent.loop.state import Refit
from incumbent.params import ModelSpec
from incumbent.records import PromotionKind, Retraining, Ruling, Verdict, Version
from tasks import steps
from tasks.lease import holding
from tasks.promotion import promote
from tasks.state import LiveState
from tasks.training import find_challenger, register_refit


@flow(name="challenge", flow_run_name="challenge {spec.name} batch {ordinal}")
def challenge(
    spec: ModelSpec,
    ordinal: int,
    reason: str,
    *,
    anew: bool = False,
    tested: Version | None = None,
) -> Retraining:
    """Find a challenger, judge it on the newest labelled batch, refit and promote what holds.

    Args:
        spec: The model and its rules.
        ordinal: The newest labelled batch, which the challenger is judged on.
        reason: Why, in words.
        anew: Train another challenger even where one waits for more labels.
        tested: The challenger's run in MLflow, where a backtest has fitted it already.
    """
    with holding(spec) as gateways:
        state = LiveState(gateways, spec)
        entry = state.entry(ordinal)
        challenger = state.load(tested) if tested else find_challenger(state, entry, anew=anew)
        assert challenger.version is not None  # noqa: S101 - it is kept where it was found
        report, verdict = shadow(spec, challenger.version, ordinal)
        fits, seconds = challenger.cost.fits, challenger.cost.fit_seconds
        if verdict.verdict is not Ruling.PROMOTE:
            return Retraining(report, verdict, fits, seconds)
        refit = steps.refit(state, challenger, entry)
        if refit.failure is None:
            install(state, refit, reason)
        else:
            verdict = Verdict(Ruling.REJECT, verdict.burden, (refit.failure,))
        cost = refit.contender.cost
        return Retraining(report, verdict, fits + cost.fits, seconds + cost.fit_seconds)


def install(state: LiveState, refit: Refit, reason: str) -> None:
    """Register a refit, and make it the champion."""
    version = register_refit(state, refit, reason)
    promote(state.gateways, state.spec, version, PromotionKind.PROMOTE, reason)
