"""Training-serving skew: rows as they were served beside the offline table, value by value.

`rows` joins them by id, `pair` brings both sides of a feature into one form, `kinds` names how the
values differ, `effect` states what that does to the champion's predictions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from incumbent.data.intake import as_id
from incumbent.data.kinds import unusable_type
from incumbent.monitoring.skew.found import EXPLAINED, Mismatches
from incumbent.monitoring.skew.kinds import kind_of
from incumbent.monitoring.skew.order import Orders
from incumbent.monitoring.skew.pair import Mask, Pair, pair_of
from incumbent.monitoring.skew.permuted import whole_rows
from incumbent.monitoring.skew.rows import JoinedRows, join_rows
from incumbent.monitoring.skew.shown import MOST_EXAMPLES, examples_of
from incumbent.records import FeatureSkew, Kind, SkewExample, SkewKind, SkewReport
from incumbent.statistics.intervals import share_interval

CONFIDENCE = 0.975  # of each bound: 95% of both
ABSENT = "not in the serving table"


@dataclass(frozen=True)
class ComparedColumns:
    """The columns that are compared.

    Attributes:
        id: The column that names a row.
        timestamp: The column with the time of a row, in the offline table; None: none.
        kinds: The features that are compared, and what each holds offline.
        left_out: Other columns, with the reason.
    """

    id: str
    timestamp: str | None
    kinds: Mapping[str, str]
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sides:
    """Both tables, joined by id, and each feature on both sides.

    Attributes:
        rows: The joined rows.
        pairs: The features that are compared.
        columns: What was asked for, with what was left out since.
        offline: The offline table, shape (N, columns).
    """

    rows: JoinedRows
    pairs: tuple[Pair, ...]
    columns: ComparedColumns
    offline: pd.DataFrame


def bring_together(
    serving: pd.DataFrame, offline: pd.DataFrame, columns: ComparedColumns, tolerance: float
) -> Sides:
    """Join two tables, and bring each feature of both into one form.

    Args:
        serving: Rows as they were served, shape (any, columns).
        offline: The offline table, as read or canonical, shape (N, columns).
        columns: What is compared.
        tolerance: Numbers a and b are equal where |a - b| <= tolerance max(|a|, |b|). Null equals
            null, and so do infinite values, which models read as null.

    Raises:
        UnreadableError: Offline values of a numeric feature are no numbers.
    """
    rows = join_rows(as_id(serving[columns.id]), as_id(offline[columns.id]))
    refused = _refused(serving, columns)
    pairs = tuple(
        pair_of(serving[name], offline[name], Kind(kind), rows, tolerance)
        for name, kind in columns.kinds.items()
        if name not in refused
    )
    left_out = {**columns.left_out, **refused}
    return Sides(rows, pairs, replace(columns, left_out=left_out), offline)


def skew(sides: Sides) -> SkewReport:
    """The skew of every feature with its kind, and of whole rows."""
    columns, rows, pairs = sides.columns, sides.rows, sides.pairs
    orders = Orders(sides.offline, columns.timestamp, (columns.id, columns.timestamp))
    wrong, which = whole_rows(pairs)
    found = [_of_feature(pair, rows, orders) for pair in pairs]
    if wrong is not None:
        found = [_of_whole_rows(f, p, which) for f, p in zip(found, pairs, strict=True)]
    mismatching = np.any([pair.differs for pair in pairs], axis=0) if pairs else np.zeros(0)
    return SkewReport(
        tuple(sorted(found, key=lambda f: (-f.mismatch_share, f.feature))),
        {**rows.counts, "mismatching": int(mismatching.sum())},
        max((f.mismatch_share for f in found), default=0.0),
        wrong,
        left_out=columns.left_out,
    )


def _refused(serving: pd.DataFrame, columns: ComparedColumns) -> dict[str, str]:
    """Features that the serving table has not, or with values that no model reads."""
    found = {}
    for name, kind in columns.kinds.items():
        why = unusable_type(serving[name]) if name in serving else ABSENT
        if why is not None and not (kind == Kind.DATETIME and why == "times"):
            found[name] = why if why == ABSENT else f"{why} in the serving table"
    return found


def _of_feature(pair: Pair, rows: JoinedRows, orders: Orders) -> FeatureSkew:
    mismatches = Mismatches(pair)
    count, n = len(mismatches), len(rows)
    low, high = share_interval(count, n, CONFIDENCE)
    report = FeatureSkew(pair.feature, n, count, count / n if n else 0.0, low, high)
    if count == 0:
        return report
    found = kind_of(mismatches, orders)
    return replace(
        report,
        kind=found.kind,
        explained=found.explained,
        evidence=found.evidence,
        examples=_examples(pair, rows, mismatches),
    )


def _examples(pair: Pair, rows: JoinedRows, mismatches: Mismatches) -> tuple[SkewExample, ...]:
    first = mismatches.places[:MOST_EXAMPLES].tolist()
    sides = ((rows.ids[k], pair.shown("serving", k), pair.shown("offline", k)) for k in first)
    return examples_of(sides)


def _of_whole_rows(found: FeatureSkew, pair: Pair, which: Mask) -> FeatureSkew:
    """A feature without a pattern of its own, where whole rows explain its mismatches."""
    explained = float(which[pair.differs].mean()) if found.mismatches else 0.0
    if found.kind is not SkewKind.OTHER or explained < EXPLAINED:
        return found
    text = "the rows that mismatch in nearly all features"
    return replace(found, kind=SkewKind.PERMUTED, explained=explained, evidence=text)
