"""`incumbent.skew`: rows as they were served beside the offline table, without server or model."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from incumbent.api.tables import TableLike, arrow_of, path_of
from incumbent.data.intake import as_id
from incumbent.data.kinds import CATEGORICAL, NUMERIC, plain_values, unusable_type
from incumbent.data.written import FLAGS, as_known
from incumbent.errors import UsageError
from incumbent.gateways.sources.frame import frame_of, read_frame
from incumbent.monitoring.skew import ComparedColumns, bring_together
from incumbent.monitoring.skew import skew as skew_of
from incumbent.monitoring.skew.shown import shown
from incumbent.params import SkewRules
from incumbent.records import ColumnTypes, Kind, SkewReport, document
from incumbent.report.skew_text import described

TOLERANCE = SkewRules().skew_tolerance
SOME_IDS = 3
TIMES = "times"


@dataclass(frozen=True, repr=False)
class SkewComparison:
    """A serving table beside its offline table.

    Attributes:
        report: What was found.
    """

    report: SkewReport

    @property
    def skewed(self) -> tuple[str, ...]:
        """The features with a mismatch, those with most first."""
        return tuple(found.feature for found in self.report.features if found.mismatches)

    @cached_property
    def doc(self) -> dict[str, Any]:
        """The document for machines: what `incumbent skew --json` prints."""
        found: dict[str, Any] = document(self.report)
        return found

    def to_dict(self) -> dict[str, Any]:
        """The document, of plain values that JSON has, for the caller to keep and change."""
        return deepcopy(self.doc)

    def __repr__(self) -> str:
        """What differs, in a few lines."""
        return described(self.doc)


def skew(  # noqa: PLR0913 - the options of the command
    serving: TableLike,
    offline: TableLike,
    id: str,
    timestamp: str | None = None,
    *,
    ignore: Sequence[str] = (),
    only: Sequence[str] = (),
    tolerance: float = TOLERANCE,
) -> SkewComparison:
    """How the values that were served differ from the offline values of the same rows.

    Rows are joined by id, and compared value by value. Numbers are equal within a relative
    tolerance, null equals null, and categories are compared as the text that training reads (True,
    1 and "1" are one, and so are 3 and 3.0). The kind of a difference is named with its evidence:
    another unit, a default, null, rounding, an earlier or later row, other names of the same
    values, or the values of other rows.

    Args:
        serving: Rows as they were served: a pandas frame, an Arrow table (or what exports one), or
            the path of a file, folder or pattern, local or any fsspec URI.
        offline: The table that a model would be trained on, likewise. What a column holds is read
            from here.
        id: Column that names a row, in both.
        timestamp: Column of the offline table with the time of a row: it puts rows in order, and
            is not compared. Without it rows are taken in the order of the table.
        ignore: Columns that are left out.
        only: Columns that are compared; empty: all.
        tolerance: Numbers a and b are equal where |a - b| <= tolerance max(|a|, |b|).

    Raises:
        UsageError: A column that is named is not there, no id is in both tables, or a table is
            none.
        MissingPathError: Nothing is at a path.
        UnreadableError: A file is not what its name says.

    >>> offline = pd.DataFrame({"id": range(300), "price": [k / 7 for k in range(300)]})
    >>> skew(offline.assign(price=offline["price"] * 100), offline, id="id")
    299 of 300 joined rows differ
      price: 99.7% [98.2%, 100.0%], unit: serving = 100 x offline (percent or cents)
    """
    _require_tolerance(tolerance)
    truth = _read(offline, ColumnTypes(frozenset({id})))
    _require_columns(truth, "offline", [id, *ignore, *only, *([timestamp] if timestamp else [])])
    kinds, left_out = _kinds(truth, id, timestamp)
    left_out |= {name: "ignored" for name in ignore if name not in {id, timestamp}}
    left_out |= {name: "not asked for" for name in kinds if only and name not in only}
    kinds = {name: kind for name, kind in kinds.items() if name not in left_out}
    served = _read(serving, _types(id, kinds))
    _require_columns(served, "serving", [id, *only])
    columns = ComparedColumns(id, timestamp, kinds, left_out)
    sides = bring_together(served, _with_flags(truth, served), columns, tolerance)
    if len(sides.rows) == 0:
        raise _nothing_in_common(served[id], truth[id])
    return SkewComparison(skew_of(sides))


def _read(given: TableLike, known: ColumnTypes) -> pd.DataFrame:
    path = path_of(given)
    return frame_of(arrow_of(given)) if path is None else read_frame(path, known)


def _kinds(
    offline: pd.DataFrame, key: str, timestamp: str | None
) -> tuple[dict[str, str], dict[str, str]]:
    """What each column of the offline table holds, and those that cannot be compared."""
    kinds, left_out = dict[str, str](), dict[str, str]()
    for name in offline.columns:
        why = unusable_type(offline[name])
        if name in {key, timestamp}:
            continue
        if why not in {None, TIMES}:
            left_out[name] = str(why)
        else:
            kinds[name] = Kind.DATETIME.value if why == TIMES else _kind(offline[name])
    return kinds, left_out


def _kind(column: pd.Series) -> str:
    return NUMERIC if pd.api.types.is_numeric_dtype(plain_values(column).dtype) else CATEGORICAL


def _types(key: str, kinds: dict[str, str]) -> ColumnTypes:
    """What a serving table without types is read with: what the offline table holds."""
    texts = {name for name, kind in kinds.items() if kind == CATEGORICAL}
    numbers = (name for name, kind in kinds.items() if kind == NUMERIC)
    return ColumnTypes(frozenset({key, *texts}), frozenset(numbers))


def _with_flags(offline: pd.DataFrame, serving: pd.DataFrame) -> pd.DataFrame:
    """The offline table, whose `true` and `false` of CSV are the flags that were served."""
    flags = [
        name
        for name in offline
        if isinstance(offline[name].dtype, pd.StringDtype)
        and name in serving
        and pd.api.types.is_bool_dtype(serving[name].dtype)
    ]
    return offline.assign(**{name: as_known(offline[name], FLAGS.values()) for name in flags})


def _require_tolerance(tolerance: float) -> None:
    if not 0 <= tolerance < 1:
        raise UsageError(
            "The tolerance is no relative difference.",
            tolerance,
            "a number from 0 to below 1",
            "give another one, such as 1e-6",
        )


def _require_columns(table: pd.DataFrame, side: str, names: Sequence[str]) -> None:
    for name in names:
        if name not in table:
            raise UsageError(
                f"The {side} table has no column {name!r}.",
                f"columns {', '.join(map(str, table.columns[:20]))}",
                "a column of the table",
                "correct the name",
            )


def _nothing_in_common(serving: pd.Series, offline: pd.Series) -> UsageError:
    """An error that shows what the ids of both tables look like."""
    sides = {"serving": as_id(serving).dropna(), "offline": as_id(offline).dropna()}
    some = {
        side: ", ".join(repr(shown(one)) for one in ids.head(SOME_IDS)) or "none"
        for side, ids in sides.items()
    }
    return UsageError(
        "No id of the serving table names one row of the offline table.",
        "; ".join(f"{side}: {ids}" for side, ids in some.items()),
        "ids that both tables have, each once",
        "name the column that both tables share with --id, or bring its values into one form",
    )
