"""The track record of estimates: their error on batches whose labels have arrived since."""

import math

import numpy as np

from incumbent.params import Task
from incumbent.records import EstimateReport, TrackRecord, Trust
from incumbent.statistics.metrics import METRIC_NAMES

TrackPairs = list[tuple[float, float]]
FEWEST_PAST = 3


def judge_estimate(
    metrics: dict[str, float], task: Task, tolerated: float, record: TrackRecord
) -> EstimateReport:
    """The report of an estimate, with its trust from the track record.

    Args:
        metrics: The estimated metrics, the primary one among them.
        task: The task.
        tolerated: The limit of the loss: the baseline with its tolerance.
        record: The mean error of past estimates.

    The estimate is suspect where it exceeds the limit by more than the mean error of three past
    estimates or more; otherwise it is unverified.
    """
    name = METRIC_NAMES[task]
    defined = {k: v for k, v in metrics.items() if math.isfinite(v)}
    error = record.error if record.batches >= FEWEST_PAST else None
    loss = defined.get(name)
    suspect = error is not None and loss is not None and loss - error > tolerated
    trust = Trust.SUSPECT if suspect else Trust.UNVERIFIED
    return EstimateReport(name, defined, tolerated, record, trust)


def track_record(pairs: TrackPairs) -> TrackRecord:
    """The mean absolute error of past estimates: (estimated, observed) losses of each batch.

    >>> track_record([(0.5, 0.6), (0.5, 0.4)])
    TrackRecord(batches=2, error=0.1)
    """
    if not pairs:
        return TrackRecord(0, None)
    errors = [abs(estimated - observed) for estimated, observed in pairs]
    return TrackRecord(len(pairs), round(float(np.mean(errors)), 12))
