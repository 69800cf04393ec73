"""Pieces: some columns of some rows as plain arrays, without pandas, which costs a second."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from incumbent.errors import UnreadableError
from incumbent.gateways.sources.arrays import floats, integers, nulls, values_of
from incumbent.gateways.sources.csv import CODES

DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True)
class ArrowPiece:
    """Some columns of some rows, as Arrow holds them."""

    batch: pa.Table
    kinds: Mapping[str, str]
    times: pa.ChunkedArray | None = None

    @property
    def rows(self) -> int:
        """How many."""
        return int(self.batch.num_rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """Which of those that were asked for."""
        return tuple(n for n in self.batch.column_names if n in self.kinds)

    def numbers(self, column: str) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
        """Every row's value as float64 (times in microseconds), and which are null, if any."""
        array = _numeric(self.batch[column])
        return floats(array), nulls(array) if array.null_count else None

    def categories(self, column: str) -> tuple[Mapping[str, int], int]:
        """Rows of each text, and the nulls."""
        array = _coded(self.batch[column])
        texts, codes = array.dictionary.to_pylist(), values_of(array.indices)
        counts = np.bincount(codes, minlength=len(texts))
        if array.null_count:  # the code in the place of a null is undefined
            counts = counts - np.bincount(codes[nulls(array)], minlength=len(counts))
        missing, found = array.null_count, dict[str, int]()
        for text, rows in zip(texts, counts.tolist(), strict=False):
            if text is None:
                missing += rows
            elif rows:
                found[text] = found.get(text, 0) + rows
        return found, missing

    def codes_by_row(self, column: str) -> tuple[NDArray[np.int64], list[str], NDArray[np.bool_]]:
        """Every row's place in a list of texts (0 where null), the list, and the nulls."""
        array = _coded(self.batch[column])
        missing = nulls(array)
        texts = array.dictionary.to_pylist()
        if None in texts:
            missing |= integers(array.indices) == texts.index(None)
            texts = ["" if text is None else text for text in texts]
        # The code in the place of a null is undefined.
        codes = np.where(missing, 0, integers(array.indices))
        return codes, texts, missing

    def days(self) -> NDArray[np.int64]:
        """The day of each row since 1970 (UTC).

        Raises:
            UnreadableError: A row has no time.
        """
        array = _numeric(self.times)
        if array.null_count:
            raise UnreadableError(
                "The timestamp column has rows without one.",
                f"{array.null_count} missing",
                "a timestamp in every row",
                "correct the rows, or leave --timestamp out",
            )
        return np.floor(floats(array) / DAY).astype(np.int64)


def _numeric(column: pa.ChunkedArray) -> pa.Array:
    """One array of numbers: times in microseconds, flags as 0 and 1, text as far as it is any."""
    array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _numeric(pa.chunked_array([array.dictionary_decode()]))
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return array.cast(pa.timestamp("us", tz=getattr(kind, "tz", None)), safe=False).cast(
            pa.int64()
        )
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        number = pc.match_substring_regex(array, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
        return pc.if_else(number, array, pa.scalar(None, array.type)).cast(pa.float64())
    return array if pa.types.is_floating(kind) else array.cast(pa.float64(), safe=False)


def _coded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """One array of codes with its texts: flags are "0" and "1", 3.0 is "3"."""
    kind = column.type
    if pa.types.is_dictionary(kind) and not pa.types.is_string(kind.value_type):
        column = column.cast(kind.value_type)
    if not pa.types.is_dictionary(column.type):
        column = _texts(column).dictionary_encode()
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.unify_dictionaries().combine_chunks() if column.num_chunks else _NO_CODES


_NO_CODES = pa.nulls(0, CODES)


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        written = column.cast(pa.float64()).cast(pa.string())
        return pc.replace_substring_regex(written, r"\.0$", "")
    return column.cast(pa.string())
