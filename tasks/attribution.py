"""Attribution: why the champion does harm, where it does."""

from dataclasses import replace

from prefect import task

from incumbent.attribution import attribute_change
from incumbent.params import ModelSpec
from incumbent.records import Champion, Findings, HarmReport
from tasks.doors import OUTSIDE, Doors
from tasks.training import labelled_rows


@task(name="attribution", **OUTSIDE)
def attribute_harm(
    doors: Doors, spec: ModelSpec, champion: Champion, findings: Findings, harm: HarmReport | None
) -> HarmReport | None:
    """The report with the change of the loss split into its causes, where harm is shown.

    Of harm that is not shown nothing is asked: it would cost more than all other steps.
    """
    if harm is None or not any(signal.harmed for signal in harm.signals):
        return harm
    rows = labelled_rows(doors, spec, champion, findings.entry)
    return replace(harm, attribution=attribute_change(champion.model, rows, spec))
