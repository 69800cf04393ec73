"""Recommendation: other policies tried in memory once history was walked, with a line on each."""

from collections.abc import Mapping, Sequence
from typing import Any

from incumbent.params import ModelSpec
from incumbent.records import Outcome
from incumbent.replay.candidates import Candidate, grid, try_out
from incumbent.replay.document import ALWAYS, INCUMBENT, AtOnce
from incumbent.replay.fits import Fits
from incumbent.replay.history import History
from incumbent.replay.recommendation import recommend
from incumbent.replay.words import named_policy
from incumbent.statistics.metrics import METRIC_NAMES
from tasks.replay import Memory, console


def fits_in_memory(history: History, documents: Sequence[Mapping[str, Any]]) -> Fits:
    """The models of the loop in memory, which learns nothing that `monitor` did not learn.

    That is: no batch that was quarantined, and no row that the expectations exclude.
    """
    found = [doc["validation"] for doc in documents]
    set_aside = [k for k, v in enumerate(found) if v["outcome"] == Outcome.QUARANTINE.value]
    return Fits(history.labelled(set_aside, [v["excluded"] for v in found]), history.spec)


def labels_at_once(history: History, fits: Fits, memory: Memory) -> AtOnce | None:
    """What labels at once would have brought `always` and the spec; None where they do come so."""
    if not history.label_delay:
        return None
    console().print("Trying labels at once in memory ...", highlight=False)
    own = try_out(fits, Candidate(history.spec.trigger), 0, memory)
    losses = {ALWAYS: history.at_once(), INCUMBENT: own.losses}
    return AtOnce(history.label_delay, losses)


def recommendation(fits: Fits, label_delay: int, memory: Memory) -> dict[str, Any]:
    """Every policy of the grid tried, and what follows from that."""
    spec, history = fits.spec, fits.history
    candidates, found = grid(spec, history.spacing(), len(history)), []
    for number, candidate in enumerate(candidates, 1):
        found.append((candidate, try_out(fits, candidate, label_delay, memory)))
        _tell(spec, f"{number} of {len(candidates)}", candidate, found[-1][1].loss)
    return recommend(spec, found, label_delay)


def _tell(spec: ModelSpec, position: str, candidate: Candidate, loss: float) -> None:
    named = named_policy(candidate.trigger, candidate.settings)
    metric = METRIC_NAMES[spec.task].replace("_", " ")
    line = f"Tried {position} in memory: {named}: {metric} {loss:.4f}"
    console().print(line, highlight=False, markup=False)
