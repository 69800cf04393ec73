"""Progress of a replay or a demo: a line for each batch, beside never and always retraining."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from incumbent.params import ModelSpec
from incumbent.plain_text import plain_lines
from incumbent.replay.candidates import Candidate, grid, trial_of
from incumbent.replay.document import ALWAYS, INCUMBENT, AtOnce
from incumbent.replay.fits import FIRST, Fits
from incumbent.replay.loop import Step, Walk, fixed_policy, occasions, through
from incumbent.replay.policy_name import named_policy
from incumbent.replay.trial import Trial
from incumbent.statistics.metrics import METRIC_NAMES
from tasks.replay import Memory

LINE = "{:<23} {:>6} {:>6}  {:>7} {:>9} {:>7}  {:<8} {}"
HEAD = ("batch", "rows", "drift", "never", INCUMBENT, ALWAYS, "decision", "verdict")


@dataclass(frozen=True)
class BatchLine:
    """What is printed of one batch, beyond the losses of never and always retraining."""

    name: str
    rows: int
    drift: float | None
    loss: float
    action: str
    verdict: str


class Progress:
    """Prints a line for each batch of a walk, and begins early what the line will need.

    Args:
        fits: The models of never and always retraining.
        label_delay: After how many more batches the labels of a batch arrive.
    """

    def __init__(self, fits: Fits, label_delay: int = 0) -> None:
        self.fits, self.label_delay = fits, label_delay

    def start(self, reference: str) -> None:
        """Print what is being done, and the names of the columns."""
        tell(f"Training the first champion on {reference} ...")
        tell(LINE.format(*HEAD), style="bold")

    def arrives(self, walk: Walk, position: int) -> None:
        """Begin the fit that always retraining would have made before this batch."""
        self.begin(position, walk.state.faulty())

    def judged(self, walk: Walk, step: Step) -> None:
        """Print the line of a batch whose labels were judged."""
        batch = self.fits.history.batch(step.position)
        verdict = "" if step.verdict is None else f"{step.verdict.verdict.value} v{step.champion}"
        line = BatchLine(
            batch.name,
            len(batch.rows),
            step.drift.score if step.drift else None,
            walk.losses[step.position],
            step.decision.action.value,
            verdict,
        )
        self.print(step.position, line, walk.state.faulty())

    def begin(self, position: int, without: tuple[int, ...]) -> None:
        """Begin the fit of always retraining that scores a batch."""
        last = position - 1 - self.label_delay
        if last >= 0:
            self.fits.begin(through(self.fits, last, without))

    def print(self, position: int, line: BatchLine, without: tuple[int, ...]) -> None:
        """Print the line of a batch."""
        last = position - 1 - self.label_delay
        newest = through(self.fits, last, without) if last >= 0 else FIRST
        always = self.fits.mean_loss(position, newest)
        drift = "-" if line.drift is None else f"{line.drift:.3f}"
        losses = (self.fits.mean_loss(position, FIRST), line.loss, always)
        shown = (f"{loss:.4f}" for loss in losses)
        tell(LINE.format(line.name, line.rows, drift, *shown, line.action, line.verdict))


def tell(text: str, style: str | None = None) -> None:
    """A line on standard output, wherever the caller has it lead."""
    Console(soft_wrap=True).print(plain_lines(text), style=style, highlight=False, markup=False)


def labels_at_once(fits: Fits, own: Trial, label_delay: int, memory: Memory) -> AtOnce | None:
    """What labels at once would have brought; None where they do arrive at once."""
    if not label_delay:
        return None
    tell("Replaying with immediate labels in memory ...")
    always = fixed_policy(fits, occasions(fits), without=own.faulty)
    at_once = trial_of(fits, Candidate(fits.spec.trigger), 0, memory)
    return AtOnce(label_delay, {ALWAYS: always.losses, INCUMBENT: at_once.losses})


def try_grid(fits: Fits, label_delay: int, memory: Memory) -> Sequence[tuple[Candidate, Trial]]:
    """The trial of every policy of the grid, with a line on each."""
    spec, history, found = fits.spec, fits.history, list[tuple[Candidate, Trial]]()
    candidates = grid(spec, history.spacing(), len(history))
    for number, candidate in enumerate(candidates, 1):
        trial = trial_of(fits, candidate, label_delay, memory)
        found.append((candidate, trial))
        tell(_replayed(spec, f"{number} of {len(candidates)}", candidate, trial.loss))
    return found


def _replayed(spec: ModelSpec, position: str, candidate: Candidate, loss: float) -> str:
    named = named_policy(candidate.trigger, candidate.settings)
    metric = METRIC_NAMES[spec.task].replace("_", " ")
    return f"Replayed {position} in memory: {named}: {metric} {loss:.4f}"
