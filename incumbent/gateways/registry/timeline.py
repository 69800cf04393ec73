"""The timeline of a model: one MLflow run, whose steps are the ordinals of batches."""

from collections.abc import Mapping
from datetime import datetime

from mlflow.entities import Metric, Run

from incumbent.gateways.registry.connection import Connection
from incumbent.gateways.registry.runs import (
    KIND_TAG,
    fill,
    finish,
    finished,
    milliseconds,
    opened,
    points,
)

NAME = "timeline"


def log_timeline(
    connection: Connection,
    model: str,
    step: int,
    metrics: Mapping[str, float | None],
    now: datetime,
) -> None:
    """Add one point to each line; a line that has a point at this step keeps it.

    Args:
        connection: MLflow.
        model: The registered model.
        step: Ordinal of the batch that the metrics are about.
        metrics: None, NaN and infinities are left out.
        now: Time of logging.
    """
    at = milliseconds(now)
    run = _run(connection, model, at)
    newest = {m.key: int(m.step) for m in run.data.to_proto().metrics}
    new = [
        point
        for point in points(metrics, at, step)
        if not _has(connection, run, point, newest.get(point.key))
    ]
    fill(connection, run, {}, new)


def _run(connection: Connection, model: str, at: int) -> Run:
    """The timeline; of several the oldest, finished at birth so that it never looks hung."""
    named = finished(connection, model, f"attributes.run_name = '{NAME}'")
    if found := [run for run in named if run.data.tags.get(KIND_TAG) == NAME]:
        return found[0]
    with opened(connection, model, NAME, {}, at) as run:
        finish(connection, run, at)
    return run


def _has(connection: Connection, run: Run, point: Metric, newest: int | None) -> bool:
    """Whether a line has a point at a step; only behind its newest is its history read."""
    if newest is None or point.step >= newest:
        return point.step == newest
    with connection.guarded("read the timeline") as client:
        history = client.get_metric_history(run.info.run_id, point.key)
    return any(m.step == point.step for m in history)
