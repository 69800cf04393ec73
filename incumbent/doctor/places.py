"""Where data and runs come from: the source, the servers, the disk."""

import shutil
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException

from incumbent.doctor.finding import Finding, Health, warning, well
from incumbent.gateways import sources
from incumbent.gateways.ledger import Ledger
from incumbent.params import ModelSpec
from incumbent.plain_text import without_secrets
from incumbent.settings import Settings

FEW_BYTES, VERY_FEW_BYTES = 2 << 30, 200 << 20
PATIENCE = 5  # seconds for a server's answer


def look_at_source(ledger: Ledger, spec: ModelSpec) -> Iterator[Finding]:
    """Whether the spec's patterns find files, and how many are new."""
    known = ledger.files_done(spec.name)
    for part, pattern in (("source", spec.source), ("labels", spec.labels)):
        if pattern is None:
            continue
        found = sources.stamped(pattern)
        if not found:
            yield warning(part, f"No file is at {pattern}.", "check the pattern in the spec")
            continue
        new = len(sources.unknown(found, known))
        yield well(part, f"{len(found)} files, {new} of them to be looked at.")
        for path in found:
            if (shown := sources.printable(path)) != path:
                text = f"The name of {shown} is not UTF-8."
                yield warning(part, text, "rename the file: it is left out until then")


def look_at_disk(settings: Settings) -> Iterator[Finding]:
    """Whether there is room for the state that is kept in the home."""
    if not settings.home.is_dir():
        yield warning("disk", f"There is no folder {settings.home}.", "the next run makes it")
        return
    free = shutil.disk_usage(settings.home).free
    text = f"{free / (1 << 30):.1f} GB are free at {settings.home}."
    if free >= FEW_BYTES:
        yield well("disk", text)
        return
    health = Health.ERROR if free < VERY_FEW_BYTES else Health.WARNING
    yield Finding("disk", health, text, "make room, or set INCUMBENT_HOME to a larger disk")


def look_at_prefect(url: str | None) -> Iterator[Finding]:
    """Whether the Prefect that is named answers."""
    if not url:
        yield well("prefect", "No server is named: each command brings its own.")
        return
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=PATIENCE) as answer:  # noqa: S310 - a setting
            answers = answer.read().strip() == b"true"
    except (HTTPException, OSError, ValueError):
        answers = False
    shown = without_secrets(url)
    if answers:
        yield well("prefect", f"{shown} answers.")
    else:
        next_step = "start it (`prefect server start`), or unset PREFECT_API_URL"
        yield Finding("prefect", Health.ERROR, f"{shown} does not answer.", next_step)
