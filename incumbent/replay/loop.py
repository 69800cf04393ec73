"""The whole loop over a labelled history in memory, by the rules of a live run.

It needs no server and no registry. Every fit is memoised, so that the trial of another policy takes
the seconds of its own new fits.
"""

from dataclasses import dataclass, field, replace
from typing import Protocol

from incumbent.loop.backtest import Backtest, backtest
from incumbent.loop.challenge import (
    challenger_for,
    gather_evidence,
    judge_challenger,
    judged_again,
    refit,
)
from incumbent.loop.judge import decision_inputs, judge_labels
from incumbent.loop.state import NO_COST, Challenge, FitKey
from incumbent.params import ModelSpec, Trigger
from incumbent.policy.decision import decide, plainly_broken
from incumbent.records import Action, Cost, Decision, DriftReport, Ruling, Verdict
from incumbent.replay.fits import FIRST, Fits
from incumbent.replay.labelled_history import LabelledBatch
from incumbent.replay.state import ReplayState
from incumbent.replay.trial import Trial


@dataclass(frozen=True)
class Step:
    """One batch of a walk, once its labels were judged."""

    position: int
    drift: DriftReport | None
    decision: Decision
    verdict: Verdict | None
    champion: int


class Listener(Protocol):
    """Is told how a walk goes on."""

    def arrives(self, walk: "Walk", position: int) -> None:
        """A batch is about to arrive."""

    def judged(self, walk: "Walk", step: Step) -> None:
        """The labels of a batch were judged."""


@dataclass
class Walk:
    """What a policy has done so far."""

    state: ReplayState
    losses: list[float] = field(default_factory=list)
    scored_by: list[int] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)


def replay_policy(
    fits: Fits,
    spec: ModelSpec | None = None,
    label_delay: int = 0,
    *,
    drift: bool = False,
    listener: Listener | None = None,
) -> Trial:
    """A spec's own policy over a history; every batch is scored before its labels arrive.

    Args:
        fits: The models. Their recipe is the spec's.
        spec: The policy; None: that of the spec of the fits.
        label_delay: After how many more batches the labels of a batch arrive.
        drift: Measure drift although nothing but a notice depends on it.
        listener: Is told each step of the walk.
    """
    walk, batches = Walk(ReplayState(fits, spec or fits.spec)), len(fits.history)
    drift = drift or walk.state.spec.trigger is Trigger.DRIFT
    for position in range(batches):
        if listener is not None:
            listener.arrives(walk, position)
        if _arrive(walk, position, drift=drift).quarantined:
            _conclude(walk, position, listener)
        if position >= label_delay:
            _labels_arrive(walk, position - label_delay, listener)
    for position in range(max(batches - label_delay, 0), batches):
        _labels_arrive(walk, position, listener)
    return _trial(walk)


def fixed_policy(
    fits: Fits,
    trained_after: tuple[int, ...],
    label_delay: int = 0,
    *,
    without: tuple[int, ...] = (),
    recent: bool = True,
) -> Trial:
    """A policy that retrains after these batches unconditionally, without a gate.

    Args:
        fits: The models.
        trained_after: After the labels of which batches it retrains, on all batches up to each.
        label_delay: After how many more batches the labels of a batch arrive.
        without: Batches that it does not learn, as their labels were found faulty.
        recent: Whether newer rows count more, as in the spec's own retrainings.
    """
    keys = {k: through(fits, k, without, recent=recent) for k in trained_after}
    scored_by = [
        max((k for k in trained_after if k < batch - label_delay), default=None)
        for batch in range(len(fits.history))
    ]
    losses = [
        fits.mean_loss(batch, FIRST if k is None else keys[k]) for batch, k in enumerate(scored_by)
    ]
    count = len(trained_after)
    after = (batch in trained_after for batch in range(len(fits.history)))
    return Trial(
        tuple(losses),
        _rows(fits),
        tuple((Action.RETRAIN if a else Action.NONE).value for a in after),
        fits=count,
        fit_seconds=sum(fits.seconds(key) for key in keys.values()),
        promotions=count,
    )


def occasions(fits: Fits, label_delay: int = 0) -> tuple[int, ...]:
    """After the labels of which batches a retraining still serves a batch."""
    return tuple(range(max(len(fits.history) - 1 - label_delay, 0)))


def through(fits: Fits, last: int, without: tuple[int, ...] = (), *, recent: bool = True) -> FitKey:
    """The key of a model that has learnt every batch up to one, but for some."""
    learnt = (str(k) for k in range(last + 1) if k not in without and len(fits.rows(str(k))))
    return FitKey(tuple(learnt), recent=recent)


def _rows(fits: Fits) -> tuple[int, ...]:
    return tuple(fits.labels_known(batch) for batch in range(len(fits.history)))


def _arrive(walk: Walk, position: int, *, drift: bool) -> LabelledBatch:
    """A batch without its labels: it is validated and scored, and its drift is measured."""
    state = walk.state
    arrived = state.arrive(position)
    walk.scored_by.append(state.champion().version.number)
    walk.losses.append(state.fits.mean_loss(position, state.key))
    if drift and not arrived.quarantined:
        state.measure_drift(position)
    return arrived


def _labels_arrive(walk: Walk, position: int, listener: Listener | None) -> None:
    """The labels of a batch arrive; a quarantined one was concluded when it arrived itself."""
    if not walk.state.fits.history.batch(position).quarantined:
        _conclude(walk, position, listener)


def _conclude(walk: Walk, position: int, listener: Listener | None) -> None:
    """Harm, gain, the decision, and what follows from it."""
    state = walk.state
    findings = state.findings(position)
    harm = judge_labels(state, findings)
    tested = backtest(state, findings, harm)
    inputs = decision_inputs(state, findings, harm, tested.report if tested else None)
    decision, verdict = decide(inputs), None
    if not state.fits.history.batch(position).quarantined:
        state.record(inputs, decision)
    walk.costs += [tested.cost] if tested else []
    retrains = decision.action is Action.RETRAIN
    if retrains or judged_again(state, inputs):
        anew = retrains and plainly_broken(inputs)
        verdict = _challenge(walk, position, tested if retrains else None, anew=anew)
    number = state.champion().version.number
    walk.steps.append(Step(position, findings.drift, decision, verdict, number))
    if listener is not None:
        listener.judged(walk, walk.steps[-1])


def _challenge(walk: Walk, position: int, tested: Backtest | None, *, anew: bool) -> Verdict:
    """A challenger is judged on a batch, and its refit takes the champion's place if it holds."""
    state, entry = walk.state, walk.state.entry(position)
    if tested is not None and tested.contender is not None:
        challenge = Challenge(tested.contender)
    else:
        challenge = challenger_for(state, entry.batch.digest, anew=anew)
        walk.costs.append(challenge.contender.cost)
    evidence = gather_evidence(state, challenge, entry)
    _, verdict = judge_challenger(state, challenge.contender, evidence)
    state.looked_at(evidence)
    extends = verdict.verdict is Ruling.EXTEND
    waiting = replace(challenge.contender, cost=NO_COST)
    state.waiting = Challenge(waiting, evidence) if extends else None
    if verdict.verdict is not Ruling.PROMOTE:
        return verdict
    refitted = refit(state, challenge.contender, entry)
    walk.costs.append(refitted.contender.cost)
    if refitted.failure is not None:
        return Verdict(Ruling.REJECT, verdict.burden, (refitted.failure,))
    state.install(refitted)
    return verdict


def _trial(walk: Walk) -> Trial:
    state, steps = walk.state, sorted(walk.steps, key=lambda step: step.position)
    return Trial(
        tuple(walk.losses),
        _rows(state.fits),
        tuple(step.decision.action.value for step in steps),
        tuple(None if s.verdict is None else s.verdict.verdict.value for s in steps),
        tuple(walk.scored_by),
        sum(cost.fits for cost in walk.costs),
        sum(cost.fit_seconds for cost in walk.costs),
        state.promotions,
        state.faulty(),
    )
