"""Expected gain: the champion's recipe fitted with newer rows, on rows that neither has seen."""

from dataclasses import dataclass, replace
from time import perf_counter

import pandas as pd
from prefect import task
from sklearn.pipeline import Pipeline

from incumbent.data.intake import blocks_of
from incumbent.data.profile import kinds_in
from incumbent.model.scoring import predictions_and_truth
from incumbent.model.training import fit, halves, recency
from incumbent.monitoring.harm import INVERSION, UNRELATED
from incumbent.monitoring.label_faults import cross_batch_slope
from incumbent.params import ModelSpec, Trigger
from incumbent.policy.gain import is_significant, larger_gain, measure_gain
from incumbent.policy.shadow import evidence_digest, pair
from incumbent.records import (
    Champion,
    Cost,
    Estimate,
    Findings,
    GainReport,
    HarmReport,
    Version,
)
from incumbent.statistics.metrics import row_losses
from incumbent.statistics.slope import calibration_slope, related
from tasks.gateways import OUTSIDE, Gateways
from tasks.teaching import TrainingBatch, labelled_rows, suspected_since, unlearnt_batches
from tasks.training import (
    assemble_with,
    keep_candidate,
    rows_with,
    waiting_challenger,
)


@dataclass(frozen=True)
class Backtest:
    """What newer rows would have saved, and the model that showed it.

    `training_batches` are those that it learnt beyond the champion; none where it has learnt a
    part of the batch, which makes it no candidate.
    """

    report: GainReport
    pipeline: Pipeline
    rows: pd.DataFrame
    training_batches: tuple[TrainingBatch, ...]
    cost: Cost


@task(name="gain", **OUTSIDE)
def backtest(
    gateways: Gateways,
    spec: ModelSpec,
    champion: Champion,
    findings: Findings,
    harm: HarmReport | None,
) -> Backtest | None:
    """The champion's recipe with the rows that came since, on rows that neither has seen.

    Where the champion has learnt from all but this batch, or does harm that older batches teach
    nothing of, the batch's older half of days teaches as well and the newer one judges. None
    where it would decide nothing: too few or inverted labels; another trigger or a challenger
    that waits, unless it is to tell shuffled labels from a changed world.
    """
    if not _wanted(gateways, spec, champion, findings, harm):
        return None
    rows = labelled_rows(gateways, spec, champion, findings.entry)
    cleared = (
        _cleared(gateways, spec, champion, findings, rows) if UNRELATED in _harmed(harm) else {}
    )
    training_batches = unlearnt_batches(gateways, spec, champion, findings.entry.ordinal)
    known = {training_batch.batch for training_batch in training_batches}
    taught = [*training_batches, *(new for new, _ in cleared.values() if new.batch not in known)]
    tried = _backtest(gateways, spec, champion, findings, harm, taught, rows)
    if tried is None or not cleared:
        return tried
    slope = max((slope for _, slope in cleared.values()), key=lambda slope: slope.value)
    return replace(tried, report=replace(tried.report, slope=slope, cleared=tuple(cleared)))


def _backtest(
    gateways: Gateways,
    spec: ModelSpec,
    champion: Champion,
    findings: Findings,
    harm: HarmReport | None,
    training_batches: list[TrainingBatch],
    rows: pd.DataFrame,
) -> Backtest | None:
    """On all rows of the batch, or with its older half as well on the newer one."""
    first, harmed = None, _harmed(harm)
    if training_batches:
        first = _try(gateways, spec, champion, findings, training_batches, rows)
        if not harmed or (is_significant(first.report) and UNRELATED not in harmed):
            return first
    if (cut := halves(rows, spec)) is None:
        return first
    taught = [*training_batches, TrainingBatch(findings.entry.batch.digest, cut[0])]
    second = _try(gateways, spec, champion, findings, taught, cut[1])
    if first is None:
        return replace(second, training_batches=())
    cost = Cost(2, first.cost.fit_seconds + second.cost.fit_seconds)
    return replace(first, report=larger_gain(first.report, second.report), cost=cost)


def _cleared(
    gateways: Gateways, spec: ModelSpec, champion: Champion, findings: Findings, rows: pd.DataFrame
) -> dict[str, tuple[TrainingBatch, Estimate]]:
    """Older batches that looked shuffled, and teach what this batch's labels follow."""
    kinds, found = kinds_in(champion.model.card.profile), {}
    for suspect in suspected_since(gateways, spec, champion, findings.entry.ordinal):
        slope = cross_batch_slope(suspect.rows, rows, spec, kinds)
        if related(slope):
            found[suspect.batch] = (suspect, slope)
    return found


def keep_backtest(
    gateways: Gateways,
    spec: ModelSpec,
    champion: Champion,
    findings: Findings,
    tried: Backtest | None,
) -> Version | None:
    """The backtested model as the candidate of a retraining; None where it is none."""
    if tried is None or not tried.training_batches:
        return None
    fitted = assemble_with(tried.pipeline, tried.rows, spec, champion, tried.training_batches)
    return keep_candidate(gateways, findings.entry.batch.id, fitted, tried.rows)


def _try(
    gateways: Gateways,
    spec: ModelSpec,
    champion: Champion,
    findings: Findings,
    training_batches: list[TrainingBatch],
    judged: pd.DataFrame,
) -> Backtest:
    rows = rows_with(gateways, spec, champion, training_batches)
    kinds, start = kinds_in(champion.model.card.profile), perf_counter()
    pipeline = fit(rows, spec, kinds, recency(rows, spec))
    cost, entry = Cost(1, perf_counter() - start), findings.entry
    unseen = judged if spec.id is None else judged[~judged[spec.id].isin(rows[spec.id])]
    (said, truth), known = (
        predictions_and_truth(pipeline, unseen, spec, kinds),
        champion.model.pipeline,
    )
    ours = row_losses(*predictions_and_truth(known, unseen, spec, kinds), spec.task)
    theirs, blocks = row_losses(said, truth, spec.task), blocks_of(unseen, spec)
    evidence = tuple(replace(b, batch=entry.ordinal) for b in pair(ours, theirs, blocks))
    report = measure_gain(
        evidence,
        replace(champion.model.card, spec=spec),
        rows=entry.batch.rows,
        learnt=sum(len(training_batch.rows) for training_batch in training_batches),
        look=gateways.ledger.look_at(spec.name, champion.version.number, evidence_digest(evidence)),
        within=training_batches[-1].batch == entry.batch.digest,
        slope=calibration_slope(said, truth, spec.task, spec.harm_confidence),
    )
    return Backtest(report, pipeline, rows, tuple(training_batches), cost)


def _wanted(
    gateways: Gateways,
    spec: ModelSpec,
    champion: Champion,
    findings: Findings,
    harm: HarmReport | None,
) -> bool:
    harmed = _harmed(harm)
    if findings.learnt or harm is None or not harm.enough or INVERSION in harmed:
        return False
    if UNRELATED in harmed:
        return True
    if spec.trigger is not Trigger.HARM or findings.asked is not None:
        return False
    return waiting_challenger(gateways, spec, champion) is None


def _harmed(harm: HarmReport | None) -> set[str]:
    return set(harm.harmed) if harm else set()
