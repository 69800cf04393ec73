"""Expected gain: the champion's recipe fitted with newer rows, on rows that neither has seen."""

from dataclasses import dataclass, replace
from time import perf_counter

import pandas as pd
from prefect import task
from sklearn.pipeline import Pipeline

from incumbent.gain import closer, measure_gain, shown
from incumbent.harm import INVERSION, UNRELATED
from incumbent.intake import blocks_of
from incumbent.lessons import taught_slope
from incumbent.metrics import row_losses
from incumbent.params import ModelSpec, Trigger
from incumbent.profile import kinds_in
from incumbent.records import (
    Champion,
    Cost,
    Estimate,
    Findings,
    GainReport,
    HarmReport,
    Version,
)
from incumbent.scoring import said_and_came
from incumbent.shadow import evidence_digest, pair
from incumbent.slope import calibration_slope, related
from incumbent.training import fit, halves, recency
from tasks.doors import OUTSIDE, Doors
from tasks.lessons import Lesson, labelled_rows, lessons_since, suspects_since
from tasks.training import (
    assemble_with,
    keep_candidate,
    rows_with,
    waiting_challenger,
)


@dataclass(frozen=True)
class Backtest:
    """What newer rows would have saved, and the model that showed it.

    `lessons` are those that it learnt beyond the champion; none where it has learnt a part of
    the batch, which makes it no candidate.
    """

    report: GainReport
    pipeline: Pipeline
    rows: pd.DataFrame
    lessons: tuple[Lesson, ...]
    cost: Cost


@task(name="gain", **OUTSIDE)
def backtest(
    doors: Doors,
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
    if not _wanted(doors, spec, champion, findings, harm):
        return None
    rows = labelled_rows(doors, spec, champion, findings.entry)
    cleared = _cleared(doors, spec, champion, findings, rows) if UNRELATED in _harmed(harm) else {}
    lessons = lessons_since(doors, spec, champion, findings.entry.ordinal)
    known = {lesson.batch for lesson in lessons}
    taught = [*lessons, *(new for new, _ in cleared.values() if new.batch not in known)]
    tried = _backtest(doors, spec, champion, findings, harm, taught, rows)
    if tried is None or not cleared:
        return tried
    slope = max((slope for _, slope in cleared.values()), key=lambda slope: slope.value)
    return replace(tried, report=replace(tried.report, slope=slope, cleared=tuple(cleared)))


def _backtest(
    doors: Doors,
    spec: ModelSpec,
    champion: Champion,
    findings: Findings,
    harm: HarmReport | None,
    lessons: list[Lesson],
    rows: pd.DataFrame,
) -> Backtest | None:
    """With the lessons on all rows of the batch, or with its older half on the newer one."""
    first, harmed = None, _harmed(harm)
    if lessons:
        first = _try(doors, spec, champion, findings, lessons, rows)
        if not harmed or (shown(first.report) and UNRELATED not in harmed):
            return first
    if (cut := halves(rows, spec)) is None:
        return first
    taught = [*lessons, Lesson(findings.entry.batch.digest, cut[0])]
    second = _try(doors, spec, champion, findings, taught, cut[1])
    if first is None:
        return replace(second, lessons=())
    cost = Cost(2, first.cost.fit_seconds + second.cost.fit_seconds)
    return replace(first, report=closer(first.report, second.report), cost=cost)


def _cleared(
    doors: Doors, spec: ModelSpec, champion: Champion, findings: Findings, rows: pd.DataFrame
) -> dict[str, tuple[Lesson, Estimate]]:
    """Older batches that looked shuffled, and teach what this batch's labels follow."""
    kinds, found = kinds_in(champion.model.card.profile), {}
    for suspect in suspects_since(doors, spec, champion, findings.entry.ordinal):
        slope = taught_slope(suspect.rows, rows, spec, kinds)
        if related(slope):
            found[suspect.batch] = (suspect, slope)
    return found


def keep_backtest(
    doors: Doors, spec: ModelSpec, champion: Champion, findings: Findings, tried: Backtest | None
) -> Version | None:
    """The backtested model as the candidate of a retraining; None where it is none."""
    if tried is None or not tried.lessons:
        return None
    fitted = assemble_with(tried.pipeline, tried.rows, spec, champion, tried.lessons)
    return keep_candidate(doors, findings.entry.batch.id, fitted, tried.rows)


def _try(
    doors: Doors,
    spec: ModelSpec,
    champion: Champion,
    findings: Findings,
    lessons: list[Lesson],
    judged: pd.DataFrame,
) -> Backtest:
    rows = rows_with(doors, spec, champion, lessons)
    kinds, start = kinds_in(champion.model.card.profile), perf_counter()
    pipeline = fit(rows, spec, kinds, recency(rows, spec))
    cost, entry = Cost(1, perf_counter() - start), findings.entry
    unseen = judged if spec.id is None else judged[~judged[spec.id].isin(rows[spec.id])]
    (said, truth), known = said_and_came(pipeline, unseen, spec, kinds), champion.model.pipeline
    ours = row_losses(*said_and_came(known, unseen, spec, kinds), spec.task)
    theirs, blocks = row_losses(said, truth, spec.task), blocks_of(unseen, spec)
    evidence = tuple(replace(b, batch=entry.ordinal) for b in pair(ours, theirs, blocks))
    report = measure_gain(
        evidence,
        replace(champion.model.card, spec=spec),
        rows=entry.batch.rows,
        learnt=sum(len(lesson.rows) for lesson in lessons),
        look=doors.ledger.look_at(spec.name, champion.version.number, evidence_digest(evidence)),
        within=lessons[-1].batch == entry.batch.digest,
        slope=calibration_slope(said, truth, spec.task, spec.harm_confidence),
    )
    return Backtest(report, pipeline, rows, tuple(lessons), cost)


def _wanted(
    doors: Doors,
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
    return waiting_challenger(doors, spec, champion) is None


def _harmed(harm: HarmReport | None) -> set[str]:
    return set(harm.harmed) if harm else set()
