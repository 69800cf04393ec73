"""Attribution: why the champion does harm, or newer rows would help."""

from dataclasses import replace

from prefect import task

from incumbent.monitoring.attribution import attribute_change
from incumbent.params import ModelSpec
from incumbent.policy.gain import is_significant
from incumbent.records import Champion, Findings, HarmReport
from tasks.gain import Backtest
from tasks.gateways import OUTSIDE, Gateways
from tasks.teaching import labelled_rows


@task(name="attribution", **OUTSIDE)
def attribute_harm(
    gateways: Gateways,
    spec: ModelSpec,
    champion: Champion,
    findings: Findings,
    harm: HarmReport | None,
    tried: Backtest | None,
) -> HarmReport | None:
    """The report with the change of the loss split into its causes, where there is one to tell.

    That is where harm is shown, or that newer rows help. Of anything less nothing is asked: it
    would cost more than all other steps.
    """
    helped = tried is not None and is_significant(tried.report)
    if harm is None or not (helped or harm.harmed):
        return harm
    rows = labelled_rows(gateways, spec, champion, findings.entry)
    return replace(harm, attribution=attribute_change(champion.model, rows, spec))
