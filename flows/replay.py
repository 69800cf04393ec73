"""Replay: a labelled history walked in memory by the rules of `monitor`, beside other policies."""

from functools import partial
from typing import Any

from prefect import flow

from incumbent.params import ModelSpec
from incumbent.replay.candidates import trial_of_spec
from incumbent.replay.document import ALWAYS, INCUMBENT, NEVER, PERIODIC, replay_document
from incumbent.replay.fits import Fits
from incumbent.replay.loop import fixed_policy, occasions, replay_policy
from incumbent.replay.recommendation import recommend
from incumbent.replay.trial import Trial, evenly
from tasks.history import open_history
from tasks.progress import Progress, labels_at_once, try_grid
from tasks.replay import replay_folder, require_alike, require_ids, resumable_folder


@flow(name="replay", flow_run_name="replay {spec.name}")
def replay(  # noqa: PLR0913 - the fields of its form
    spec: ModelSpec,
    reference: str,
    batches: list[str],
    label_delay: int = 0,
    against: dict[str, ModelSpec] | None = None,
    *,
    recommends: bool = True,
    fresh: bool = False,
) -> dict[str, Any]:
    """What never, always, periodic and Incumbent would have brought on labelled history.

    Args:
        spec: The model and its rules.
        reference: Training data of the first champion, with labels: a file or a pattern.
        batches: Labelled batches, oldest first.
        label_delay: After how many more batches the labels of a batch arrive.
        against: Other rules for the same model, by the name of their line.
        recommends: Try a grid of other policies in memory, and recommend one.
        fresh: Begin anew where an earlier replay of the same inputs was stopped.
    """
    others = against or {}
    require_ids(spec, label_delay)
    require_alike(spec, others)
    folder = replay_folder(spec, [reference, *batches], label_delay, others)
    with resumable_folder(folder, fresh=fresh) as memory:
        history = open_history(spec, reference, batches)
        fits = Fits(history, spec, memory)
        try:
            progress = Progress(fits, label_delay)
            progress.start(reference)
            own = replay_policy(fits, None, label_delay, drift=True, listener=progress)
            trials = plain(fits, own, label_delay) | {INCUMBENT: own}
            compared = {
                name: trial_of_spec(fits, s, label_delay, memory) for name, s in others.items()
            }
            at_once = labels_at_once(fits, own, label_delay, memory)
            doc = replay_document(spec, history.described(), trials | compared, at_once)
            grid = try_grid(fits, label_delay, memory) if recommends else None
            return {**doc, "recommendation": grid and recommend(spec, grid, label_delay)}
        finally:
            fits.close()


def plain(fits: Fits, own: Trial, label_delay: int) -> dict[str, Trial]:
    """The policies that look at nothing: never, always, and as many trainings evenly spaced.

    They learn the same rows with the same recipe as the spec's own policy.
    """
    fixed = partial(fixed_policy, fits, label_delay=label_delay, without=own.faulty)
    when = occasions(fits, label_delay)
    return {
        NEVER: fixed(()),
        ALWAYS: fixed(when),
        PERIODIC: fixed(evenly(own.trainings, len(when) + 1)),
    }
