"""Tables read piece by piece as plain arrays, for profiles; without pandas, which costs a second.

Parquet comes by row group and a few columns at a time, CSV by blocks. Strings are read as
dictionaries: most are repeated.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from incumbent.errors import MissingPathError, UnreadableError, UsageError
from incumbent.gateways.arrays import floats, integers, nulls, values_of
from incumbent.records import ORDERED, Kind

PIECE_VALUES = 1 << 20  # values that a piece of Parquet holds
FEWEST_COLUMNS = 2  # of a piece, however long: one for each thread
CSV_BLOCK = 16 << 20  # bytes
DAY = 86_400_000_000  # microseconds
FORMATS = (".parquet", ".pq", ".csv", ".csv.gz")
CODES = pa.dictionary(pa.int32(), pa.string())


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
        if array.null_count:  # what stands in the place of a null is anybody's guess
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
        # What stands in the place of a null is anybody's guess.
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
                "mend the rows, or leave --timestamp out",
            )
        return np.floor(floats(array) / DAY).astype(np.int64)


@dataclass(frozen=True)
class Table:
    """A table in one or several files of the same columns."""

    paths: tuple[str, ...]
    schema: pa.Schema
    kinds: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def rows(self) -> int | None:
        """How many, where the files say so before they are read."""
        if any(not _is_parquet(path) for path in self.paths):
            return None
        return sum(int(pyarrow.parquet.read_metadata(path).num_rows) for path in self.paths)

    def pieces(
        self, columns: Sequence[str], kinds: Mapping[str, str], timestamp: str | None = None
    ) -> Iterator[ArrowPiece]:
        """The columns piece by piece; with a timestamp, every piece knows its days."""
        known = set(self.schema.names)
        wanted = [c for c in columns if c in known]
        for path in self.paths:
            with _reading(path):
                read = _parquet_pieces if _is_parquet(path) else _csv_pieces
                yield from read(path, wanted, kinds, timestamp)


def open_table(pattern: str) -> Table:
    """The table that a path or a pattern names; its columns are known, its rows not read yet.

    Raises:
        MissingPathError: Nothing is there.
        UsageError: The format is not known.
        UnreadableError: It is not what its name says.
    """
    paths = _find(pattern)
    for path in paths:
        if not path.lower().endswith(FORMATS):
            raise UsageError(
                "The format of this file is not known.",
                path,
                f"a name that ends in {', '.join(FORMATS)}",
                "convert the table, or rename the file if its format is one of these",
            )
    with _reading(paths[0]):
        schema = _schema(paths[0])
    twice = {name for name, times in Counter(schema.names).items() if times > 1}
    if twice:
        raise _unreadable(paths[0], f"two columns of one name: {', '.join(sorted(twice))}")
    return Table(paths, schema, {f.name: k for f in schema if (k := kind_of(f.type))})


def kind_of(kind: pa.DataType) -> str | None:
    """What a column of this type is counted as; None where it cannot be (lists, bytes)."""
    if pa.types.is_dictionary(kind):
        return kind_of(kind.value_type)
    if pa.types.is_boolean(kind):
        return Kind.BOOLEAN
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Kind.NUMERIC
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return Kind.DATETIME
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind):
        return Kind.CATEGORICAL
    return None


def _find(pattern: str) -> tuple[str, ...]:
    path = Path(pattern)
    if path.is_file():
        return (str(path),)
    base = Path(path.anchor) if path.is_absolute() else Path()
    relative = str(path.relative_to(path.anchor)) if path.is_absolute() else pattern
    found = sorted(str(p) for p in base.glob(relative) if p.is_file()) if relative else []
    if not found:
        raise MissingPathError(
            "No file is there.",
            pattern,
            "the path of a file, or a quoted pattern such as 'data/batch_*.parquet'",
            "check the path from the folder that you are in",
        )
    return tuple(found)


def _is_parquet(path: str) -> bool:
    return path.lower().endswith((".parquet", ".pq"))


def _schema(path: str) -> pa.Schema:
    if _is_parquet(path):
        schema = pyarrow.parquet.read_schema(path)
        return pa.schema([f for f in schema if not f.name.startswith("__index_level_")])
    with _open_csv(path, ()) as reader:
        return reader.schema


def _parquet_pieces(
    path: str, columns: Sequence[str], kinds: Mapping[str, str], timestamp: str | None
) -> Iterator[ArrowPiece]:
    coded = [c for c in columns if kinds.get(c) not in ORDERED]
    with pyarrow.parquet.ParquetFile(path, read_dictionary=coded) as file:
        for group in range(file.num_row_groups):
            rows = max(1, file.metadata.row_group(group).num_rows)
            times = _times(file, group, timestamp)
            width = max(FEWEST_COLUMNS, PIECE_VALUES // rows)
            for start in range(0, len(columns), width):
                some = list(columns[start : start + width])
                table = file.read_row_group(group, columns=some, use_threads=False)
                yield ArrowPiece(table, kinds, times)


def _times(
    file: pyarrow.parquet.ParquetFile, group: int, timestamp: str | None
) -> pa.ChunkedArray | None:
    return file.read_row_group(group, columns=[timestamp])[timestamp] if timestamp else None


def _csv_pieces(
    path: str, columns: Sequence[str], kinds: Mapping[str, str], timestamp: str | None
) -> Iterator[ArrowPiece]:
    texts = [c for c in columns if kinds.get(c) not in ORDERED]
    with _open_csv(path, texts, [*columns, *([timestamp] if timestamp else [])]) as reader:
        for batch in reader:
            table = pa.Table.from_batches([batch])
            yield ArrowPiece(table, kinds, table[timestamp] if timestamp else None)


@contextmanager
def _open_csv(
    path: str, texts: Sequence[str], columns: Sequence[str] | None = None
) -> Iterator[Any]:
    reader = pyarrow.csv.open_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(block_size=CSV_BLOCK),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            strings_can_be_null=True,
            include_columns=list(dict.fromkeys(columns)) if columns else None,
            column_types=dict.fromkeys(texts, CODES),
        ),
    )
    try:
        yield reader
    finally:
        reader.close()


@contextmanager
def _reading(path: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, str(error)) from error


def _unreadable(path: str, why: str) -> UnreadableError:
    return UnreadableError(
        "The file cannot be read as what its name says.",
        f"{path}: {(why.strip() or 'no reason given').splitlines()[0][:200]}",
        "a whole Parquet file, or CSV in UTF-8 with commas, a header and equally long rows",
        "ask its source to deliver it again",
    )


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
