"""Backtest: the champion's recipe fitted with newer rows, on rows that neither has seen."""

from dataclasses import dataclass, replace

from incumbent.data.profile import kinds_in
from incumbent.loop.comparison import compare_on
from incumbent.loop.state import Contender, FitKey, LoopState, Part, contender_of
from incumbent.loop.teaching import suspected_shuffled, unlearnt_batches
from incumbent.monitoring.harm import INVERSION, UNRELATED
from incumbent.monitoring.label_faults import cross_batch_slope
from incumbent.params import Trigger
from incumbent.policy.gain import BacktestDesign, is_significant, larger_gain, measure_gain
from incumbent.records import Cost, Estimate, Findings, GainReport, HarmReport
from incumbent.statistics.slope import calibration_slope, related


@dataclass(frozen=True)
class Backtest:
    """What newer rows would have saved, and the model that showed it.

    `contender` is None where it was fitted on a part of the batch itself: it cannot be a
    challenger that the batch judges.
    """

    report: GainReport
    contender: Contender | None
    cost: Cost


def backtest(state: LoopState, findings: Findings, harm: HarmReport | None) -> Backtest | None:
    """The champion's recipe with newer rows, on rows that neither model has seen.

    Where the champion has learnt all batches but this one, or does harm that older batches do not
    explain, the older half of the batch's days is learnt as well and the newer half judges.

    Returns:
        None where the answer would decide nothing: too few or inverted labels; another trigger,
        or a challenger that waits, unless the labels look shuffled.
    """
    if harm is None or not wanted(state, findings, harm):
        return None
    batch = findings.entry.batch.digest
    cleared = cleared_batches(state, batch) if UNRELATED in harm.harmed else {}
    taught = unlearnt_batches(state, batch, cleared)
    found = _of_batches_or_half(state, findings, harm, taught)
    if found is None or not cleared:
        return found
    slope = max(cleared.values(), key=lambda slope: slope.value)
    return replace(found, report=replace(found.report, slope=slope, cleared=tuple(cleared)))


def wanted(state: LoopState, findings: Findings, harm: HarmReport) -> bool:
    """Whether a backtest would decide anything."""
    if findings.learnt or not harm.enough or INVERSION in harm.harmed:
        return False
    if UNRELATED in harm.harmed:
        return True
    if state.spec.trigger is not Trigger.HARM or findings.asked is not None:
        return False
    return state.challenger() is None


def cleared_batches(state: LoopState, batch: str) -> dict[str, Estimate]:
    """Older batches that looked shuffled, and predict this batch's labels: with their slope."""
    spec, kinds = state.spec, kinds_in(state.champion().model.card.profile)
    rows = state.rows(batch)
    slopes = {
        suspected: cross_batch_slope(state.rows(suspected), rows, spec, kinds)
        for suspected in suspected_shuffled(state, batch)
    }
    return {suspected: slope for suspected, slope in slopes.items() if related(slope)}


def _of_batches_or_half(
    state: LoopState, findings: Findings, harm: HarmReport, taught: tuple[str, ...]
) -> Backtest | None:
    champion, batch = contender_of(state.champion()), findings.entry.batch.digest
    first = _try(state, findings, champion.key.beyond(taught)) if taught else None
    if first is not None:
        explained = is_significant(first.report) and UNRELATED not in harm.harmed
        if not harm.harmed or explained:
            return first
    if state.rows(batch, Part.NEWER).empty:
        return first
    second = _try(state, findings, champion.key.beyond(taught, half=batch))
    if first is None:
        return second
    cost = Cost(2, first.cost.fit_seconds + second.cost.fit_seconds)
    return replace(first, report=larger_gain(first.report, second.report), cost=cost)


def _try(state: LoopState, findings: Findings, key: FitKey) -> Backtest:
    champion, entry, spec = state.champion(), findings.entry, state.spec
    contender = state.fit(key)
    part = Part.WHOLE if key.half is None else Part.NEWER
    found = compare_on(state, contender_of(champion), contender, entry, part)
    values, truth = found.challenger.values, found.challenger.truth
    design = BacktestDesign(
        rows=entry.batch.rows,
        learnt=_learnt(state, contender_of(champion).key, key),
        look=state.look(found.evidence),
        within=key.half is not None,
        slope=calibration_slope(values, truth, spec.task, spec.harm_confidence),
    )
    report = measure_gain(found.evidence, replace(champion.model.card, spec=spec), design)
    return Backtest(report, contender if key.half is None else None, contender.cost)


def _learnt(state: LoopState, before: FitKey, after: FitKey) -> int:
    """Rows that one key has beyond another."""
    whole = sum(len(state.rows(batch)) for batch in after.batches[len(before.batches) :])
    return whole + (0 if after.half is None else len(state.rows(after.half, Part.OLDER)))
