"""The rules of the loop as Prefect runs them: named, and tried again where a server is away."""

from dataclasses import replace

import pandas as pd
from prefect import task

from incumbent.loop import backtest as backtesting
from incumbent.loop import challenge as challenging
from incumbent.loop import judge as judging
from incumbent.loop.backtest import Backtest
from incumbent.monitoring.attribution import attribute_change
from incumbent.monitoring.estimate import estimate
from incumbent.policy.gain import is_significant
from incumbent.records import EstimateReport, Findings, HarmReport, JudgedBatch, Predictions
from tasks.gateways import OUTSIDE
from tasks.state import LiveState

Judged = tuple[JudgedBatch, ...]

judge = task(name="harm", **OUTSIDE)(judging.judge_labels)
backtest = task(name="gain", **OUTSIDE)(backtesting.backtest)
gather_evidence = task(name="shadow", **OUTSIDE)(challenging.gather_evidence)
refit = task(name="refit", **OUTSIDE)(challenging.refit)


@task(name="estimate", **OUTSIDE)
def estimate_performance(
    state: LiveState, frame: pd.DataFrame, predictions: Predictions, judged: Judged
) -> EstimateReport | None:
    """What the champion can be expected to do, beside how far earlier estimates were off."""
    pairs = [
        (batch.estimated, batch.loss.value)
        for batch in judged
        if batch.estimated is not None and batch.loss is not None
    ]
    return estimate(state.champion().model, frame, predictions, state.spec, pairs)


@task(name="attribution", **OUTSIDE)
def attribute(
    state: LiveState,
    findings: Findings,
    harm: HarmReport | None,
    tested: Backtest | None,
) -> HarmReport | None:
    """The report with the change of the loss split into its causes.

    Only where harm is shown, or newer rows are shown to help: it costs more than all other steps.
    """
    retraining_helps = tested is not None and is_significant(tested.report)
    if harm is None or not (retraining_helps or harm.harmed):
        return harm
    rows = state.rows(findings.entry.batch.digest)
    return replace(harm, attribution=attribute_change(state.champion().model, rows, state.spec))
