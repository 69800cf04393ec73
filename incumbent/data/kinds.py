"""Kinds: whether the model reads a column as numbers or as categories, and which it refuses."""

import difflib
from collections.abc import Mapping

import pandas as pd
import pyarrow as pa

from incumbent.errors import UsageError
from incumbent.params import ModelSpec
from incumbent.records import ColumnTypes, Kind

NUMERIC, CATEGORICAL = Kind.NUMERIC.value, Kind.CATEGORICAL.value
MOST_NAMED = 20  # columns in a message
SEEN = 100  # values of a column of objects that say what it holds
DATE = r"\d{4}-\d{2}-\d{2}(?:[ T]|$)"
UNUSABLE = {
    **dict.fromkeys(("list", "ndarray", "tuple", "set"), "lists"),
    **dict.fromkeys(("dict", "OrderedDict"), "maps or structs"),
    **dict.fromkeys(("bytes", "bytearray", "memoryview"), "bytes that are not UTF-8"),
    **dict.fromkeys(("Timestamp", "datetime", "date", "time"), "times"),
    **dict.fromkeys(("Timedelta", "timedelta"), "durations"),
}


def column_types(spec: ModelSpec, kinds: Mapping[str, str] | None = None) -> ColumnTypes:
    """What a file without types is read with: the champion's kinds, or what the spec names.

    Args:
        spec: The model; its id and its categorical columns are text.
        kinds: The kind of each feature of the champion; None: there is none yet.
    """
    kinds = kinds or {}
    text = {*spec.categorical, *(n for n, kind in kinds.items() if kind == CATEGORICAL)}
    text |= {spec.id} if spec.id is not None else set()
    numbers = (n for n, kind in kinds.items() if kind == NUMERIC)
    return ColumnTypes(frozenset(text), frozenset(numbers))


def features_of(frame: pd.DataFrame, spec: ModelSpec) -> tuple[str, ...]:
    """The columns that the model reads: the spec's, or all but target, timestamp and id."""
    others = {spec.target, spec.timestamp, spec.id}
    return spec.features or tuple(str(c) for c in frame.columns if c not in others)


def require_columns(frame: pd.DataFrame, spec: ModelSpec) -> None:
    """Refuse a spec that names columns which a training set does not have.

    Raises:
        UsageError: Names each of them, and the most alike column that there is.
    """
    there = [str(c) for c in frame.columns]
    absent = [c for c in dict.fromkeys((*spec.categorical, *spec.features)) if c not in there]
    if not absent:
        return
    raise UsageError(
        "The spec names columns that the training data do not have.",
        ", ".join(_hinted(name, there) for name in absent),
        f"columns {', '.join(there[:MOST_NAMED])}",
        "correct `categorical` and `features` in the spec",
    )


def kinds_of(frame: pd.DataFrame, spec: ModelSpec) -> dict[str, str]:
    """Whether each feature of a training set is numeric or categorical.

    Text is categorical; other columns are where the spec says so.

    Raises:
        UsageError: A column that the spec names is not there, or features hold values that no
            model reads: times, durations, lists, maps, bytes that are not UTF-8.
    """
    require_columns(frame, spec)
    features = features_of(frame, spec)
    unusable = {
        n: why for n in (*features, *spec.categorical) if (why := _unusable(frame, spec, n))
    }
    if unusable:
        raise UsageError(
            "Features hold values that a model cannot read.",
            ", ".join(f"{name!r}: {why}" for name, why in unusable.items()),
            "numbers, flags or text",
            "leave them out with `features`, or give what matters of them (hour, age, length)"
            " as numbers",
        )
    return {name: _kind_of(frame[name], name in spec.categorical) for name in features}


def _unusable(frame: pd.DataFrame, spec: ModelSpec, name: str) -> str | None:
    """Why a column is no feature; one of text that is listed may hold dates."""
    if name == spec.timestamp or (name in spec.categorical and _are_dates(frame[name])):
        return "times"
    return unusable_type(frame[name])


def _are_dates(column: pd.Series) -> bool:
    if not isinstance(column.dtype, pd.StringDtype):
        return False
    values = column.dropna()
    return len(values) > 0 and bool(values.str.match(DATE).all())


def unusable_type(column: pd.Series) -> str | None:
    """What a column holds that no model reads; None where a model reads it."""
    dtype = column.dtype
    if isinstance(dtype, pd.ArrowDtype):
        return _unusable_arrow(dtype.pyarrow_dtype)
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "times"
    if pd.api.types.is_timedelta64_dtype(dtype):
        return "durations"
    if not pd.api.types.is_object_dtype(dtype):
        return None
    held = {type(value).__name__ for value in column.dropna().head(SEEN)}
    found = sorted(held & UNUSABLE.keys())
    return UNUSABLE[found[0]] if found else None


def _unusable_arrow(kind: pa.DataType) -> str | None:
    if pa.types.is_duration(kind):
        return "durations"
    if pa.types.is_map(kind) or pa.types.is_struct(kind):
        return "maps or structs"
    return "lists" if pa.types.is_nested(kind) else None


def plain_values(column: pd.Series) -> pd.Series:
    """Without the wrapping of categories, and of objects that are all flags or all numbers."""
    column = uncategorised(column)
    return column.convert_dtypes() if column.dtype == object else column


def uncategorised(column: pd.Series) -> pd.Series:
    """Without the wrapping of categories: the values themselves."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return column
    holes = bool(column.isna().any())  # which integers and flags have no value for
    return column.astype(object if holes else column.cat.categories.dtype)


def _kind_of(column: pd.Series, listed: bool) -> str:  # noqa: FBT001 - the spec lists it, or not
    numeric = pd.api.types.is_numeric_dtype(plain_values(column).dtype)
    return NUMERIC if numeric and not listed else CATEGORICAL


def _hinted(name: str, there: list[str]) -> str:
    close = difflib.get_close_matches(name, there, n=1)
    return f"{name!r} (did you mean {close[0]!r}?)" if close else repr(name)
