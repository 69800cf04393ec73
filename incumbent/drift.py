"""Drift of a batch from its champion's training set, column by column and as a whole."""

import math

import numpy as np

from incumbent.distance import distances, p_value, q_values
from incumbent.params import ModelSpec
from incumbent.profile import cell_counts
from incumbent.records import ColumnDrift, DriftReport, NullQuantile, Profile


def drift(batch: Profile, reference: Profile, spec: ModelSpec) -> DriftReport:
    """Compare two profiles on the same cells.

    A column alarms when its distance is beyond its null (what stretches of the reference as
    long as the batch keep below), significant after false-discovery control, and above the
    effect floor. The table alarms when a column does and the mean distance is beyond the
    null of the mean; without a null, when a column does.
    """
    names = list(reference.columns)
    pairs = {n: (cell_counts(batch.columns[n]), cell_counts(reference.columns[n])) for n in names}
    kinds = {n: reference.columns[n].kind for n in names}
    p = np.array([p_value(*pairs[n], kinds[n]) for n in names])
    columns = [
        _column(
            n, kinds[n], float(distances(*pairs[n], kinds[n])), p_n, q_n, batch, reference, spec
        )
        for n, p_n, q_n in zip(names, p.tolist(), q_values(p).tolist(), strict=True)
    ]
    score, null = _score(columns), null_quantile(reference, "", batch.blocks)
    alarm = any(c.alarm for c in columns) and (null is None or score is None or score > null)
    return DriftReport(
        tuple(sorted(columns, key=lambda c: -(c.distance or 0.0))),
        score,
        null,
        alarm,
        {"reference": reference.rows, "batch": batch.rows},
    )


def null_quantile(reference: Profile, column: str, blocks: int) -> float | None:
    """What a stretch of the reference keeps below: the longest no longer than the batch.

    None where the reference is too short, or has no time, to say.
    """
    known: tuple[NullQuantile, ...] = reference.null.get(column, ())
    fitting = [k for k in known if k.blocks <= max(blocks, 1)]
    return fitting[-1].distance if fitting else None


def _column(  # noqa: PLR0913, PLR0917 - a column of two tables, with what was found of it
    name: str,
    kind: str,
    distance: float,
    p: float,
    q: float,
    batch: Profile,
    reference: Profile,
    spec: ModelSpec,
) -> ColumnDrift:
    if math.isnan(distance):
        return ColumnDrift(name, kind, None, None, None, None, alarm=False)
    null = null_quantile(reference, name, batch.blocks)
    beyond = distance > max(spec.drift_effect_floor, null or 0.0)
    return ColumnDrift(name, kind, distance, p, q, null, alarm=beyond and q < spec.drift_q)


def _score(columns: list[ColumnDrift]) -> float | None:
    known = [c.distance for c in columns if c.distance is not None]
    return float(np.mean(known)) if known else None
