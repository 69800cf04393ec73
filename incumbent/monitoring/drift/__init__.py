"""Drift of a batch from its champion's training set, per column and of the whole table."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from incumbent.data.profile.windows import at_length
from incumbent.monitoring.drift.column import measure, null_quality_of, sides_of
from incumbent.monitoring.drift.moved import moved
from incumbent.params import DriftRules
from incumbent.records import ColumnDrift, DriftReport, NullQuality, Profile
from incumbent.statistics.evidence import q_values

TABLE_LEVEL = 0.005  # half of the stated 1%: p-values are approximations


def drift(batch: Profile, reference: Profile, rules: DriftRules) -> DriftReport:
    """Compare two profiles on the same bins.

    A column alarms when its distance is beyond its null, significant after false-discovery
    control over the columns (Benjamini-Hochberg), and above the effect floor. The table alarms
    when a column alarms, the table's p-value is below `TABLE_LEVEL`, and its mean distance is
    beyond the null of the reference's windows. That p-value is the smallest q of a column (Simes
    1986), which holds for dependent columns; where columns have weights it is twice the smaller of
    the weighted and the unweighted p-value.
    """
    null_quality = null_quality_of(batch, reference)
    weights = reference.weights
    measured = [
        measure(name, sides_of(name, batch, reference), null_quality, weights.get(name))
        for name in reference.columns
    ]
    columns = _settled(measured, batch, reference, rules)
    null = at_length(reference.null.get("", ()), batch.blocks, reference.blocks)
    score, p = _mean(columns, weighted=False), _p_of_table(columns)
    beyond = null is None or score is None or score > null.distance
    significant = p is not None and p < TABLE_LEVEL
    beyond_null = any(c.alarm for c in columns) and beyond and significant
    return DriftReport(
        columns,
        score,
        null.distance if null else None,
        alarm=beyond_null,
        rows={"reference": reference.rows, "batch": batch.rows},
        p=p,
        weighted_score=_mean(columns, weighted=True) if weights else None,
        null_quality=null_quality,
        beyond=beyond_null,
    )


def persistent(report: DriftReport, earlier: Sequence[bool], repeats: int) -> DriftReport:
    """The report on one batch, with its alarm conditional on earlier batches.

    Args:
        report: The result of `drift`.
        earlier: Whether each of the last batches of the same champion was beyond its null.
        repeats: Number of batches, this one included, that must be beyond a weak null.

    A weak null is estimated from few windows, so one batch beyond it is no alarm yet. With a
    sound null the alarm does not change.
    """
    before = sum(earlier)
    enough = report.null_quality is not NullQuality.WEAK_NULL or before + 1 >= repeats
    return replace(report, alarm=report.beyond and enough, earlier=before)


def _settled(
    measured: list[ColumnDrift], batch: Profile, reference: Profile, rules: DriftRules
) -> tuple[ColumnDrift, ...]:
    """The columns with q and alarm; alarms first, then by weight times distance."""
    known = [c for c in measured if c.p is not None]
    q = dict(zip((c.column for c in known), q_values(_p(known)).tolist(), strict=True))
    columns = [_judged(c, q.get(c.column), batch, reference, rules) for c in measured]
    return tuple(sorted(columns, key=lambda c: (not c.alarm, -_rank(c), c.column)))


def _judged(
    column: ColumnDrift, q: float | None, batch: Profile, reference: Profile, rules: DriftRules
) -> ColumnDrift:
    if q is None or column.distance is None:
        return column
    least = max(rules.drift_effect_floor, column.null_quantile or 0.0)
    if not (q < rules.drift_q and column.distance > least):
        return replace(column, q=q)
    name = column.column
    changes = moved(batch.columns[name], reference.columns[name])
    return replace(column, q=q, alarm=True, moved=changes)


def _p_of_table(columns: tuple[ColumnDrift, ...]) -> float | None:
    known = [c for c in columns if c.p is not None]
    if not known:
        return None
    plain = float(q_values(_p(known)).min())
    weights = np.array([c.weight or 0.0 for c in known])
    if not weights.sum():
        return plain
    return min(1.0, 2 * min(plain, float(q_values(_p(known), weights).min())))


def _mean(columns: tuple[ColumnDrift, ...], *, weighted: bool) -> float | None:
    known = [(c.distance, c.weight or 0.0) for c in columns if c.distance is not None]
    weights = [w if weighted else 1.0 for _, w in known]
    if not sum(weights):
        return None
    return float(np.average([d for d, _ in known], weights=weights))


def _p(columns: list[ColumnDrift]) -> np.ndarray:
    return np.array([c.p for c in columns], dtype=np.float64)


def _rank(column: ColumnDrift) -> float:
    weight = 1.0 if column.weight is None else column.weight
    return weight * (column.distance or 0.0)
