"""Lease: one run at a time works on a model; the next one waits, but not for a dead one."""

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import sleep

from prefect.runtime import flow_run

from incumbent.errors import LeaseError, OutOfReachError
from incumbent.gateways.ledger import Ledger
from incumbent.log import warn
from incumbent.params import ModelSpec
from incumbent.records import Lease
from incumbent.settings import Settings
from tasks.gateways import Gateways, open_gateways

POLL_SECONDS = 0.2
RENEWALS = 3  # within the length of a lease: two may be missed

_held: ContextVar[Mapping[str, Gateways]] = ContextVar("held", default={})  # noqa: B039 - never changed in place


@contextmanager
def holding(spec: ModelSpec) -> Iterator[Gateways]:
    """The gateways, with the lease of the model until the end of the block.

    A flow within a flow is under the lease of the outer one. All that is written to the ledger
    and to the registry is refused from the moment that another run has taken the model over.

    Raises:
        LeaseError: Another run has held the model for longer than this one may wait.
    """
    outer = _held.get()
    if (gateways := outer.get(spec.name)) is not None:
        yield gateways
        return
    gateways, settings = open_gateways(), Settings.of(os.environ)
    lease = _wait_for(gateways.ledger, spec.name, settings)
    ledger = gateways.ledger.under(lease)
    registry = gateways.registry.under(ledger.identity(), ledger.require_lease)
    predictions = gateways.predictions.under(ledger.require_lease)
    leased = replace(gateways, ledger=ledger, registry=registry, predictions=predictions)
    token = _held.set({**outer, spec.name: leased})
    try:
        with _renewing(gateways.ledger, lease, settings.lease):
            yield leased
    finally:
        _held.reset(token)
        with suppress(LeaseError):  # taken over: there is nothing to give back
            gateways.ledger.release(lease, datetime.now(UTC))


def _wait_for(ledger: Ledger, model: str, settings: Settings) -> Lease:
    start, logged = datetime.now(UTC), False
    while (lease := ledger.acquire(model, _me(), settings.lease, datetime.now(UTC))) is None:
        other = ledger.lease(model)
        holder = other.holder if other else "another run"
        if datetime.now(UTC) - start > settings.patience:
            raise _busy(model, holder, settings.patience)
        if not logged:
            warn("waiting for %s, which works on %s", holder, model)
            logged = True
        sleep(POLL_SECONDS)
    return lease


@contextmanager
def _renewing(ledger: Ledger, lease: Lease, length: timedelta) -> Iterator[None]:
    """Renew a lease beside the work; once it is lost, the next write of the work is refused."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(length.total_seconds() / RENEWALS):
            with suppress(OutOfReachError):  # the next renewal may find it again
                try:
                    ledger.renew(lease, length, datetime.now(UTC))
                except LeaseError:
                    return

    thread = threading.Thread(target=renew, name=f"lease of {lease.model}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _me() -> str:
    """Who holds a lease, as a person who waits for it would look for them."""
    place = f"process {os.getpid()} on {socket.gethostname()}"
    return f"flow run {flow_run.name} ({place})" if flow_run.name else place


def _busy(model: str, holder: str, patience: timedelta) -> LeaseError:
    return LeaseError(
        f"Another run works on model {model!r}.",
        f"{holder}, for the {patience.total_seconds():.0f} seconds that this run waited",
        "one run of a model at a time",
        "run again when it has ended; INCUMBENT_PATIENCE_SECONDS sets how long to wait",
    )
