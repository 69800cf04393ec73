"""Runs in a model's experiment: opened, filled in one call, finished."""

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mlflow.entities import Metric, Param, Run

from incumbent.errors import OutOfReachError
from incumbent.gateways.registry.connection import Connection, require_sense
from incumbent.plain_text import plain_lines, without_secrets
from incumbent.records import RunRecord

LONGEST_VALUE = 6_000  # characters that MLflow keeps of a parameter
LONGEST_TAG = 8_000
KIND_TAG = "incumbent.kind"  # the first word of a run's name, on every run of Incumbent
KEY_TAG = "incumbent.key"
LEDGER_TAG = "incumbent.ledger"  # the id of the ledger that a run or version belongs to
METRICS_AT_ONCE = 1_000
PARAMS_AT_ONCE = 100


def log_run(
    connection: Connection, model: str, record: RunRecord, now: datetime, *, begun: bool
) -> str:
    """Write a finished run and return its id; where it was begun before, one that is there stands.

    The search reads every run of the model, and is left out where there can be nothing to find.
    """
    key = f"tags.`{KEY_TAG}` = '{record.key}'"
    if written := finished(connection, model, key) if begun else []:
        return str(written[0].info.run_id)
    at, tags = milliseconds(now), {**record.tags, KEY_TAG: record.key}
    with opened(connection, model, record.name, tags, at) as run:
        fill(connection, run, record.params, points(record.metrics, at, 0))
        _log_texts(connection, run, record.texts)
        finish(connection, run, at)
    return str(run.info.run_id)


def finished(connection: Connection, model: str, condition: str) -> list[Run]:
    """The finished runs of a model that meet a condition, oldest first."""
    experiment = connection.experiment(model)
    with connection.guarded("look for a run") as client:
        return list(
            client.search_runs(
                [experiment],
                f"{condition} AND attributes.status = 'FINISHED'",
                order_by=["attributes.start_time ASC"],
            )
        )


def close_abandoned(connection: Connection, model: str) -> None:
    """Mark as killed every open run of the connection's ledger: its process has ended."""
    experiment = connection.known_experiment(model)
    if experiment is None:
        return
    with connection.writing("close abandoned runs") as client:
        # Not by the tag: the database would read the tag of every run that has one.
        for run in client.search_runs([experiment], "attributes.status = 'RUNNING'"):
            if run.data.tags.get(LEDGER_TAG) == connection.ledger:
                client.set_terminated(run.info.run_id, status="KILLED")


@contextmanager
def opened(
    connection: Connection, model: str, name: str, tags: Mapping[str, str], at: int | None
) -> Iterator[Run]:
    """A new run, left as FAILED by any error in the work on it.

    Args:
        connection: MLflow.
        model: The registered model, and so the experiment.
        name: Name of the run.
        tags: Tags of the run.
        at: Its start in milliseconds since 1970; None for the clock of MLflow.
    """
    experiment = connection.experiment(model)
    named = {**tags, **owned(connection), KIND_TAG: name.partition(" ")[0]}
    kept = {key_of(k): _text(v)[:LONGEST_TAG] for k, v in named.items()}
    with connection.writing(f"open the run {name!r}") as client:
        run = client.create_run(experiment, start_time=at, tags=kept, run_name=_text(name))
        require_sense(run.info.run_id != "")
    with failing(connection, run.info.run_id, at):
        yield run


@contextmanager
def failing(connection: Connection, run_id: str, at: int | None = None) -> Iterator[None]:
    """Work on a run, which is marked as FAILED by any error."""
    try:
        yield
    except BaseException:
        with suppress(OutOfReachError), connection.guarded("close a run") as client:
            client.set_terminated(run_id, status="FAILED", end_time=at)
        raise


def finish(connection: Connection, run: Run, at: int | None = None) -> None:
    """End a run well."""
    with connection.writing("finish a run") as client:
        client.set_terminated(run.info.run_id, status="FINISHED", end_time=at)


def fill(
    connection: Connection, run: Run, params: Mapping[str, Any], metrics: list[Metric]
) -> None:
    """Parameters and metrics of a run, in as few calls as MLflow takes them."""
    entries = [Param(key_of(k), _text(v)[:LONGEST_VALUE]) for k, v in params.items()]
    with connection.writing("log parameters and metrics") as client:
        for start in range(0, len(entries), PARAMS_AT_ONCE):
            client.log_batch(run.info.run_id, params=entries[start : start + PARAMS_AT_ONCE])
        for start in range(0, len(metrics), METRICS_AT_ONCE):
            client.log_batch(run.info.run_id, metrics=metrics[start : start + METRICS_AT_ONCE])


def points(metrics: Mapping[str, float | None], at: int, step: int) -> list[Metric]:
    """Metrics as MLflow takes them; what is missing, NaN or infinite is left out."""
    known = {k: float(v) for k, v in metrics.items() if v is not None and math.isfinite(v)}
    return [Metric(key_of(k), v, at, step) for k, v in known.items()]


def owned(connection: Connection) -> dict[str, str]:
    """The tag of the ledger that what is written belongs to."""
    return {} if connection.ledger is None else {LEDGER_TAG: connection.ledger}


def key_of(name: str) -> str:
    """A name as MLflow allows it for parameters, metrics and tags.

    >>> key_of("drift/delay (min)")
    'drift/delay _min_'
    """
    return re.sub(r"[^A-Za-z0-9_./ -]", "_", name)[:250]


def milliseconds(now: datetime) -> int:
    """Milliseconds since 1970."""
    return int(now.timestamp() * 1000)


def _text(value: object) -> str:
    return without_secrets(plain_lines(str(value)))


def _log_texts(connection: Connection, run: Run, texts: Mapping[str, str]) -> None:
    if not texts:
        return
    with TemporaryDirectory() as name:
        for path, text in texts.items():
            file = Path(name) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        with connection.writing("store a report") as client:
            client.log_artifacts(run.info.run_id, name)
