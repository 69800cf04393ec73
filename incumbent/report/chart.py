"""The picture of a replay: every policy's loss over time, and the verdicts of the gate."""

import math
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from itertools import cycle
from typing import Any

from matplotlib.figure import Figure

COLOURS = {"never": "#9aa0a6", "always": "#5b8def", "incumbent": "#1a7f5a"}
# Lines of other specs, in turn.
OTHERS = "#d68910", "#8e44ad", "#c0392b", "#16a2b8", "#7f6000"
MARKS = {
    "promote": ("^", "#1a7f5a", "retrained and promoted"),
    "reject": ("X", "#c0392b", "retrained and refused"),
    "extend": ("D", "#d68910", "retrained, evidence not enough"),
}


def draw(doc: Mapping[str, Any]) -> bytes:
    """A replay's document as a PNG.

    Args:
        doc: As `replay` and `demo` print it. A batch without a loss is a gap in the line.
    """
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    axes = figure.subplots()
    batches = doc["batches"]
    x = range(len(batches))
    for name, colour in _colours(doc["policies"]).items():
        total = doc["policies"][name]
        metric = "none" if total["metric"] is None else f"{total['metric']:.3f}"
        label = f"{name}: {metric}, {total['trainings']} trainings"
        width = 2.4 if name == "incumbent" else 1.4
        axes.plot(x, _losses(batches, name), color=colour, label=label, lw=width)
    for verdict, (marker, colour, label) in MARKS.items():
        at = [i for i in x if batches[i]["verdict"] == verdict]
        y = _losses(batches, "incumbent")
        if at:
            axes.scatter(
                at, [y[i] for i in at], marker=marker, color=colour, s=70, zorder=3, label=label
            )
    names = short_names([b["batch"] for b in batches])
    axes.set_xticks(list(x), names, rotation=45, ha="right", parse_math=False)
    axes.set_ylabel(doc["metric_name"].replace("_", " "))
    axes.set_title("Each batch, scored by the model that was champion before its labels arrived")
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncols=2)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=130)
    return buffer.getvalue()


def short_names(names: Sequence[str]) -> list[str]:
    """What tells batches apart: a period by its first day, where no two have the same.

    >>> short_names(["2013-02-01_2013-02-15", "2013-02-16_2013-02-28"])
    ['2013-02-01', '2013-02-16']
    >>> short_names(["batch_00", "batch_01"])
    ['batch_00', 'batch_01']
    """
    first = [name.split("_")[0] for name in names]
    return first if len(set(first)) == len(names) else list(names)


def _colours(policies: Iterable[str]) -> dict[str, str]:
    """The lines to draw, and their colours: `periodic` is left out, other specs take turns."""
    others = (name for name in policies if name not in {*COLOURS, "periodic"})
    return COLOURS | dict(zip(others, cycle(OTHERS), strict=False))


def _losses(batches: Sequence[Mapping[str, Any]], policy: str) -> list[float]:
    losses = [b["metric"][policy] for b in batches]
    return [math.nan if loss is None else loss for loss in losses]
