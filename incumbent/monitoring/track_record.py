"""How far an estimate can be trusted: its error on the batches whose labels have arrived since."""

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
    """An estimate beside its own error on past batches; never better than unverified.

    Args:
        metrics: The estimated metrics, the primary one among them.
        task: What the target is.
        tolerated: The largest loss that is tolerated: the baseline with its tolerance.
        record: How far estimates of past batches were from what their labels said.

    It is suspect where it exceeds what is tolerated by more than its own mean error, known from
    three batches or more.
    """
    name = METRIC_NAMES[task]
    known = {k: v for k, v in metrics.items() if math.isfinite(v)}
    error = record.error if record.batches >= FEWEST_PAST else None
    loss = known.get(name)
    suspect = error is not None and loss is not None and loss - error > tolerated
    trust = Trust.SUSPECT if suspect else Trust.UNVERIFIED
    return EstimateReport(name, known, tolerated, record, trust)


def track_record(pairs: TrackPairs) -> TrackRecord:
    """The mean absolute error of past estimates: (estimated, observed) losses of each batch.

    >>> track_record([(0.5, 0.6), (0.5, 0.4)])
    TrackRecord(batches=2, error=0.1)
    """
    if not pairs:
        return TrackRecord(0, None)
    errors = [abs(estimated - observed) for estimated, observed in pairs]
    return TrackRecord(len(pairs), round(float(np.mean(errors)), 12))
