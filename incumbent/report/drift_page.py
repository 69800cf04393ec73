"""The report on drift as one HTML file: no script, nothing fetched, values from data escaped."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from incumbent.plain_text import plain_lines

WIDTH, HEIGHT = 160, 40


def page(doc: Mapping[str, Any], drawn: Mapping[str, Mapping[str, Any]], title: str) -> str:
    """The page.

    Args:
        doc: The document of the comparison.
        drawn: Bars of the columns that are shown, by name.
        title: What is compared.
    """
    templates = Environment(
        loader=PackageLoader("incumbent.report"),
        autoescape=True,
        finalize=_readable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pictures = {name: _rectangles(bars) for name, bars in drawn.items()}
    shown = [c for c in doc["columns"] if c["column"] in drawn]
    return templates.get_template("drift.html").render(
        doc=doc, shown=shown, pictures=pictures, title=title, width=WIDTH, height=HEIGHT
    )


def _readable(value: object) -> object:
    return plain_lines(value) if type(value) is str else value


def _rectangles(bars: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Pairs of bars, the reference's left of the batch's, with what each stands for."""
    top = max((*bars["reference"], *bars["batch"]), default=0.0) or 1.0
    step = WIDTH / max(len(bars["labels"]), 1)
    return [
        {
            "side": side,
            "x": round((i + shift) * step, 1),
            "y": round(HEIGHT * (1 - share / top), 1),
            "width": round(step * 0.45, 1),
            "height": round(HEIGHT * share / top, 1),
            "label": f"{label if isinstance(label, str) else format(label, '.4g')}: {share:.1%}",
        }
        for side, shift in (("reference", 0.0), ("batch", 0.45))
        for i, (label, share) in enumerate(zip(bars["labels"], bars[side], strict=True))
    ]
