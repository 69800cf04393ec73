"""The ledger, the registry and the store of predictions, looked at without a change."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from incumbent.doctor.finding import Finding, Health, warning, well
from incumbent.errors import StoredError
from incumbent.gateways.ledger import Ledger
from incumbent.gateways.ledger.schema import VERSION
from incumbent.gateways.predictions import PredictionStore
from incumbent.gateways.registry import Registry
from incumbent.model.promotion import golden_failure
from incumbent.records import BatchEntry, BatchStatus, Version

LAST_BATCHES = 20
MOST_NAMED = 5
CLOCK = timedelta(seconds=5)  # of two machines, beyond which a lease of 30 seconds is unsure


def look_at_schema(ledger: Ledger) -> Iterator[Finding]:
    """Whether there is a ledger that this release reads."""
    found = ledger.schema()
    if found is None:
        yield Finding(
            "ledger",
            Health.ERROR,
            "There is no ledger here.",
            "set INCUMBENT_HOME or INCUMBENT_DATABASE_URL to it, or train a first champion with"
            " `incumbent train SPEC DATA`",
        )
    elif found > VERSION:
        yield Finding(
            "ledger",
            Health.ERROR,
            f"A newer release wrote it: schema {found}, this release reads {VERSION}.",
            "upgrade: pip install --upgrade incumbent",
        )
    elif found < VERSION:
        text = f"It has schema {found}; the next run brings it to {VERSION}."
        next_step = "copy the file, or use `pg_dump`, first: an older release cannot read it then"
        yield warning("ledger", text, next_step)


def look_at_runs(ledger: Ledger, model: str) -> Iterator[Finding]:
    """Who works on the model, and what was left half done."""
    now = datetime.now(UTC)
    apart = abs(ledger.clock() - now)
    if apart > CLOCK:
        text = f"The clocks of this machine and of the database are {apart.total_seconds():.0f} s"
        yield Finding("clock", Health.ERROR, f"{text} apart.", "set both by a time server (NTP)")
    lease, half_done = ledger.lease(model), ledger.open_intents(model)
    held = lease is not None and lease.until > now
    if lease is not None and held:
        yield well("lease", f"{lease.holder} works on the model, until {lease.until:%H:%M:%S} UTC.")
    if half_done and not held:
        numbers = ", ".join(str(p.version.number) for p in half_done)
        text = f"The promotion of version {numbers} is half done."
        yield warning("promotion", text, f"run `incumbent monitor {model}`, which finishes it")
    started = [e for e in ledger.batches(model) if e.status is BatchStatus.STARTED]
    if started and not held:
        text = f"Batches begun and not finished: {_named([e.batch.id for e in started])}."
        yield warning("batches", text, f"run `incumbent monitor {model}`, which takes them again")
    yield from _look_at_quarantine(ledger.batches(model), model, held=held)
    yield well("ledger", f"Ledger {ledger.identity()}, {len(ledger.batches(model))} batches.")


def _look_at_quarantine(
    entries: Sequence[BatchEntry], model: str, *, held: bool
) -> Iterator[Finding]:
    """Whether batches wait for a person, or for a run since a person has released them."""
    in_status = {
        status: [e.batch.id for e in entries if e.status is status]
        for status in (BatchStatus.QUARANTINED, BatchStatus.RELEASED)
    }
    if names := in_status[BatchStatus.QUARANTINED]:
        text = f"Batches in quarantine: {_named(names)}."
        yield warning("quarantine", text, f"run `incumbent quarantine list {model}`")
    if (names := in_status[BatchStatus.RELEASED]) and not held:
        text = f"Batches released and not finished: {_named(names)}."
        yield warning("quarantine", text, f"run `incumbent monitor {model}`, which finishes them")


def look_at_champion(ledger: Ledger, registry: Registry, model: str) -> Iterator[Finding]:
    """Whether the champion is there, whole, and what MLflow shows."""
    champion, next_step = ledger.champion(model), f"run `incumbent train {model} DATA`"
    shown = registry.aliased(model, "champion")
    if champion is None:
        if shown is not None:
            next_step = f"run `incumbent recover {model} --reason TEXT`, or use its ledger"
        yield Finding("champion", Health.ERROR, "The ledger names no champion.", next_step)
        return
    if golden := golden_failure(registry.load(champion)):
        next_step = f"run `incumbent rollback {model} --reason TEXT`"
        yield Finding("champion", Health.ERROR, golden, next_step)
        return
    yield well("champion", f"Version {champion.number} is whole and repeats its predictions.")
    known = shown is not None and ledger.knows_run(model, shown.version.run_id)
    if shown is not None and not known and shown.ledger is not None:
        text = f"The alias `champion` names version {shown.version.number} of another ledger."
        next_step = f"use that ledger, or run `incumbent recover {model} --reason TEXT`"
        yield Finding("aliases", Health.ERROR, text, next_step)
    elif shown is None or shown.version.number != champion.number:
        number = "none" if shown is None else f"version {shown.version.number}"
        text = f"The alias `champion` names {number}, not version {champion.number}."
        yield warning("aliases", text, "the next run sets it, if MLflow has that version")


def look_at_versions(ledger: Ledger, registry: Registry, model: str) -> Iterator[Finding]:
    """Whether what later runs may need is whole: training rows, former champion, challenger."""
    champion = ledger.champion(model)
    if champion is None:
        return
    registry.training_rows(champion)
    yield well("training rows", f"Those of version {champion.number} are whole.")
    previous, waiting = ledger.previous(model), ledger.challenger(model)
    kept: list[tuple[str, Version, str]] = []
    if previous is not None:
        kept.append(("previous", previous, "a rollback needs another one: --version NUMBER"))
    if waiting is not None:
        kept.append(("challenger", waiting.version, "the next run drops it, and trains another"))
    for part, version, next_step in kept:
        try:
            registry.load(version)
        except StoredError as error:
            yield warning(part, f"{error.what} {error.observed}", next_step)
        else:
            yield well(part, f"Version {version.number or 'in run ' + version.run_id} is whole.")


def look_at_stored(ledger: Ledger, store: PredictionStore, model: str) -> Iterator[Finding]:
    """Whether the predictions, rows and labels of the last batches can be read back."""
    lost = dict[str, list[str]]()
    batches = ledger.documented(model, LAST_BATCHES)
    for entry in batches:
        for what in _lost(store, model, entry):
            lost.setdefault(what, []).append(entry.batch.id)
    for what, names in lost.items():
        next_step = "they are made again from the file of the batch, where it is still there"
        yield warning("predictions", f"The {what} of {_named(names)} are lost.", next_step)
    if not lost:
        yield well("predictions", f"Those of the last {len(batches)} batches are whole.")


def _lost(store: PredictionStore, model: str, entry: BatchEntry) -> Iterator[str]:
    digest, scored_by = entry.batch.digest, (entry.document or {}).get("scored_by")
    reads: dict[str, Callable[[], Any]] = {"labels": partial(store.read_labels, model, digest)}
    if scored_by is not None:
        reads["predictions"] = partial(store.read, model, digest, scored_by)
        reads["rows"] = partial(store.read_rows, model, digest)
    for what, read in reads.items():
        try:
            lost = read() is None
        except StoredError:
            lost = True
        if lost:
            yield what


def _named(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
