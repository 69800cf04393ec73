"""A table as it arrives becomes a canonical one: known columns, three kinds of values.

Numbers are float64, categories and ids are text, the timestamp is in UTC. Training and
serving both pass through here, so that 3, 3.0 and "3" are one category wherever they come
from, and True is the class "1".
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from incumbent.data.kinds import CATEGORICAL, NUMERIC, plain_values, uncategorised, unusable_type
from incumbent.data.numbers import float64_of
from incumbent.data.written import FLOAT_END, without_float_end
from incumbent.digest import table_digest, text_digest
from incumbent.errors import UnreadableError
from incumbent.params import ModelSpec, Task
from incumbent.records import Batch, Period

EXCHANGEABLE_BLOCKS = 200
OUTER_TIMES, FAR_TIMES = 0.05, 20  # share of rows on each side; spans of the rest they may lie off
DAY = pd.Timedelta(days=1)


def canonical(frame: pd.DataFrame, spec: ModelSpec, kinds: Mapping[str, str]) -> pd.DataFrame:
    """The columns that the spec names, each of its kind, rows in their order.

    Args:
        frame: A table as read, shape (n, any).
        spec: The model that it is for.
        kinds: The kind of each feature, as found in the training set.

    Raises:
        UnreadableError: A number or a timestamp that is none, or values that no model reads.
    """
    columns = canonical_features(frame, kinds)
    if spec.id is not None:
        columns[spec.id] = as_id(frame[spec.id])
    if spec.timestamp is not None:
        columns[spec.timestamp] = as_time(frame[spec.timestamp])
    if spec.target in frame:
        columns[spec.target] = as_target(frame[spec.target], spec.task)
    return pd.DataFrame(columns).reset_index(drop=True)


def canonical_features(frame: pd.DataFrame, kinds: Mapping[str, str]) -> dict[str, pd.Series]:
    """The features alone, each of its kind, with the index of the rows.

    Batches and requests both pass through here, so that a model is served what it was trained on.

    Raises:
        UnreadableError: A number that is none, or values that no model reads.
    """
    _require_usable(frame, kinds)
    readers = {NUMERIC: as_number, CATEGORICAL: as_text}
    return {name: readers[kind](frame[name]) for name, kind in kinds.items()}


def _require_usable(frame: pd.DataFrame, names: Iterable[str]) -> None:
    for name in names:
        if why := unusable_type(frame[name]):
            raise UnreadableError(
                f"Column {name!r} holds values that a model cannot read.",
                why,
                "numbers, flags or text, as in the training data",
                "correct the values at their source",
            )


def as_target(column: pd.Series, task: Task) -> pd.Series:
    """Labels as numbers for regression, as text for classes."""
    return as_number(column) if task is Task.REGRESSION else as_text(column)


def as_text(column: pd.Series) -> pd.Series:
    """Categories as text: True is "1", 3 and 3.0 are "3", missing stays missing.

    The text of a value does not depend on the rest of the column.

    >>> as_text(pd.Series([3.0, None, 4.5])).tolist()
    ['3', nan, '4.5']
    """
    column = uncategorised(column)
    known = column.notna().to_numpy()
    if column.dtype == object:
        texts = [_text_of(value) for value in column]
        column = pd.Series(texts, index=column.index, dtype=object)
    elif pd.api.types.is_bool_dtype(column.dtype):
        column = column.astype("Int8")
    elif pd.api.types.is_float_dtype(column.dtype):
        column = (column + 0.0).astype("str").str.removesuffix(".0")  # and -0.0 is 0.0
    return column.astype("str").where(known)


def as_id(column: pd.Series) -> pd.Series:
    """Ids as text, as categories are; 7 is "7" where a null made floats of all of them, too.

    >>> as_id(pd.Series(["7.0", "8.0", None])).tolist()
    ['7', '8', nan]
    """
    texts = as_text(column)
    known = texts.dropna()
    floats = len(known) > 0 and bool(known.str.fullmatch(FLOAT_END).all())
    return without_float_end(texts) if floats else texts


def as_number(column: pd.Series) -> pd.Series:
    """Numbers as float64; what is missing or infinite is NaN.

    Raises:
        UnreadableError: The column holds times, or text that is no number.
    """
    column = plain_values(column)
    try:
        if why := unusable_type(column):
            raise TypeError(why)
        numbers = float64_of(column)
        return pd.Series(numbers, index=column.index).where(np.isfinite(numbers))
    except (TypeError, ValueError) as error:
        raise UnreadableError(
            f"Column {column.name!r} should be numeric.",
            f"{column.dtype} values ({error})",
            "numbers",
            "correct the values, or list the column under `categorical` and train again",
        ) from error


def as_time(column: pd.Series) -> pd.Series:
    """Timestamps in UTC, to the microsecond; a time without a zone is taken as UTC.

    Text is read as ISO 8601 only: 01/02/2013 would be a guess, and so would a bare number.

    Raises:
        UnreadableError: A timestamp that cannot be read or is missing.
    """
    try:
        times = read_times(column, errors="raise")
    except (TypeError, ValueError) as error:
        raise UnreadableError(
            f"Column {column.name!r} should hold timestamps.",
            str(error).splitlines()[0],
            "timestamps such as 2013-04-16T08:00:00Z",
            "correct the values at their source",
        ) from error
    if times.isna().any():
        raise UnreadableError(
            f"Column {column.name!r} has rows without a timestamp.",
            f"{int(times.isna().sum())} missing",
            "a timestamp in every row",
            "correct the rows at their source",
        )
    return times


def blocks_of(frame: pd.DataFrame, spec: ModelSpec) -> NDArray[np.int64]:
    """The unit of noise of each row: its day since 1970 (UTC).

    Without timestamps rows are exchangeable, and dealt into at most 200 blocks in turn.
    """
    if spec.timestamp is None:
        return np.arange(len(frame), dtype=np.int64) % EXCHANGEABLE_BLOCKS
    times = frame[spec.timestamp].dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    days: NDArray[np.int64] = times.astype("datetime64[D]").astype(np.int64)
    return days


def noise_blocks(frame: pd.DataFrame, spec: ModelSpec) -> NDArray[np.int64]:
    """The unit of noise of rows that may all be of one day: days, else hours, else rows in turn.

    Hours and rows do not show the noise between days: where days differ, intervals from them are
    too narrow.
    """
    if spec.timestamp is None:
        return blocks_of(frame, spec)
    times = frame[spec.timestamp].dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    for unit in ("D", "h"):
        blocks: NDArray[np.int64] = times.astype(f"datetime64[{unit}]").astype(np.int64)
        if len(np.unique(blocks)) > 1:
            return blocks
    return np.arange(len(frame), dtype=np.int64) % EXCHANGEABLE_BLOCKS


def ids_of(frame: pd.DataFrame, spec: ModelSpec) -> NDArray[np.object_]:
    """What each row is joined by: its id, or its position where the spec names no id."""
    if spec.id is None:
        return np.arange(len(frame)).astype(str).astype(object)
    ids: NDArray[np.object_] = frame[spec.id].to_numpy(dtype=object)
    return ids


def period_of(frame: pd.DataFrame, spec: ModelSpec) -> Period | None:
    """From the oldest to the newest row; None without timestamps or rows. Outliers do not count."""
    if spec.timestamp is None or frame.empty:
        return None
    return _period(frame[spec.timestamp])


def describe(path: str, name: str, raw: pd.DataFrame, spec: ModelSpec) -> Batch:
    """The batch that a table is, known by the digest of all its columns but the target."""
    digest = table_digest(raw.drop(columns=spec.target, errors="ignore"))
    known_by = digest if len(raw) else empty_digest(name, digest)
    return Batch(name, known_by, len(raw), _raw_period(raw, spec), path)


def empty_digest(name: str, digest: str) -> str:
    """What a delivery without content is known by: all of them are alike but for their names."""
    return text_digest([name, digest])


def _raw_period(raw: pd.DataFrame, spec: ModelSpec) -> Period | None:
    if spec.timestamp not in raw:
        return None
    try:
        times = read_times(raw[spec.timestamp], errors="coerce").dropna()
    except TypeError:
        return None
    return None if times.empty else _period(times)


def _period(times: pd.Series) -> Period:
    """The period without times that lie far from nearly all others, such as one of 9999."""
    low, high = times.quantile([OUTER_TIMES, 1 - OUTER_TIMES])
    room = FAR_TIMES * max(high - low, DAY)
    near = times[(times >= low - room) & (times <= high + room)]
    return Period(near.min().to_pydatetime(), near.max().to_pydatetime())


def read_times(column: pd.Series, errors: Literal["raise", "coerce"]) -> pd.Series:
    """Timestamps in UTC, to the microsecond; with `coerce`, what cannot be read is NaT.

    Raises:
        TypeError: The column holds numbers.
        ValueError: With `raise`, a value that is no timestamp.
    """
    if pd.api.types.is_numeric_dtype(plain_values(column).dtype) and column.notna().any():
        raise TypeError(f"{column.dtype} values have no unit")
    times = pd.to_datetime(column, utc=True, errors=errors, format="ISO8601")
    return times.astype("datetime64[us, UTC]")


def _text_of(value: object) -> object:
    """One value of a column that holds several types; what it does not know stays."""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, float | np.floating):
        return str(value + 0.0).removesuffix(".0")
    return value
