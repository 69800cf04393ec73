"""The timeline of a model: one MLflow run, whose steps are the ordinals of batches."""

from collections.abc import Mapping
from datetime import datetime

from mlflow.entities import LifecycleStage, Metric, Run
from mlflow.exceptions import MlflowException

from incumbent.gateways.registry.connection import NO_RUN, Connection, is_answer, require_sense
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
TIMELINE_TAG = "incumbent.timeline"  # on the experiment: id of the run


def log_timeline(
    connection: Connection,
    model: str,
    step: int,
    metrics: Mapping[str, float | None],
    at: datetime,
) -> None:
    """Add one point to each line; a line that has a point at this step keeps it.

    Args:
        connection: MLflow.
        model: The registered model.
        step: Ordinal of the batch that the metrics are about.
        metrics: None, NaN and infinities are left out.
        at: When the batch arrived; MLflow keeps a point of the same time, step and value once.
    """
    when = milliseconds(at)
    run = _run(connection, model, when)
    newest = {m.key: int(m.step) for m in run.data.to_proto().metrics}
    new = [
        point
        for point in points(metrics, when, step)
        if not _has(connection, run, point, newest.get(point.key))
    ]
    fill(connection, run, {}, new)


def _run(connection: Connection, model: str, at: int) -> Run:
    """The timeline, which the experiment names: a search would read every run of the model."""
    if (named := connection.experiment_tags(model).get(TIMELINE_TAG)) is not None:
        run = _known(connection, named)
        if run is not None and run.info.lifecycle_stage == LifecycleStage.ACTIVE:
            return run
    if (run := _oldest(connection, model)) is not None:
        _name(connection, model, run)
        return run
    # Finished at birth, so that it never looks hung; one that cannot be named is left as FAILED.
    with opened(connection, model, NAME, {}, at) as run:
        finish(connection, run, at)
        _name(connection, model, run)
    return run


def _name(connection: Connection, model: str, run: Run) -> None:
    """Note in the experiment which run is the timeline."""
    with connection.writing("name the timeline") as client:
        experiment = connection.experiment(model)
        client.set_experiment_tag(experiment, TIMELINE_TAG, run.info.run_id)


def _known(connection: Connection, run: str) -> Run | None:
    with connection.guarded("read the timeline") as client:
        try:
            found = client.get_run(run)
            require_sense(found.info.run_id == run)
            return found
        except MlflowException as error:
            if is_answer(error, NO_RUN):
                return None
            raise


def _oldest(connection: Connection, model: str) -> Run | None:
    """The oldest timeline that is finished, where the experiment does not name it."""
    named = finished(connection, model, f"attributes.run_name = '{NAME}'")
    return next((run for run in named if run.data.tags.get(KIND_TAG) == NAME), None)


def _has(connection: Connection, run: Run, point: Metric, newest: int | None) -> bool:
    """Whether a line has a point at a step; only behind its newest is its history read."""
    if newest is None or point.step >= newest:
        return point.step == newest
    with connection.guarded("read the timeline") as client:
        history = client.get_metric_history(run.info.run_id, point.key)
    return any(m.step == point.step for m in history)
