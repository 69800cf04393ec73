"""A small labelled history whose world changes after its second batch."""

import numpy as np

from incumbent.replay.labelled_history import LabelledHistory
from tests.unit.builders import a_frame, a_spec, canonical_rows

SPEC = a_spec(
    timestamp="t", id="i", training_iterations=10, harm_min_labels=50, shadow_min_labels=50
)


def a_batch(number, *, changed=False):
    """Ten days of eight rows; after the change the number is greater and tells nothing."""
    frame = a_frame(80, seed=number + 10)
    later = frame["t"] + np.timedelta64(30 + 10 * number, "D")
    frame = frame.assign(t=later, i=[f"{number}-{k}" for k in range(80)])
    told = (frame["c"] == "a").astype(int)
    return frame.assign(x=frame["x"] + 2, y=told) if changed else frame


def a_history(batches=5, reports=None, spec=SPEC):
    """A reference of thirty days, then the batches."""
    frames = [a_frame(), *(a_batch(n, changed=n >= 2) for n in range(batches))]
    tables = [canonical_rows(frame, spec) for frame in frames]
    rows = [table for table, _ in tables]
    return LabelledHistory.of_tables("made", spec, tables[0][1], rows, reports)
