"""CSV: comma, UTF-8, one header line; types are those that all rows of all files bear.

A column of numbers, dates or times is one where every value is. Flags stay text: `true` and
`false` in one batch, and `unknown` beside them in the next, are values of one column. So does a
column with a code in it that a number would damage: a leading zero (`00123`), or 19 digits and
more that no 64-bit integer holds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from incumbent.gateways.sources.types import require_distinct
from incumbent.records import ColumnTypes

BLOCK = 16 << 20  # bytes
CODES = pa.dictionary(pa.int32(), pa.string())
# A leading zero, or more digits than an integer holds: the value names something.
LEADING_ZERO = r"^[+-]?0[0-9]+$"
CODE = r"^[+-]?(0[0-9]+|[0-9]{19,})$"
TIME = pa.timestamp("us")
UTC_TIME = pa.timestamp("us", tz="UTC")
TYPES = (pa.int64(), pa.float64(), TIME, UTC_TIME)  # the first that all values bear


Source = str | bytes


def infer(sources: Iterable[Source], known: ColumnTypes) -> dict[str, pa.DataType]:
    """The type of each column, from every row of every file."""
    found: dict[str, _Column] = {}
    for source in sources:
        names = columns_of(source)
        strings = dict.fromkeys(names, pa.string())
        with _open(source, strings, None) as reader:
            for name in names:
                found.setdefault(name, _Column.of(name, known))
            for batch in reader:
                for name, values in zip(batch.schema.names, batch.columns, strict=True):
                    found[name].see(values)
    return {name: column.type for name, column in found.items()}


def columns_of(source: Source) -> list[str]:
    """The names in the header line.

    Raises:
        pyarrow.ArrowInvalid: The file is empty, is not text, or names two columns alike.
    """
    if isinstance(source, bytes):
        _require_text(source)
    with _open(source, {}, None) as reader:
        names = list(reader.schema.names)
    require_distinct(names)
    return names


def pieces(
    source: Source, columns: Sequence[str], types: Mapping[str, pa.DataType]
) -> Iterator[pa.Table]:
    """Some columns block by block, of the types that were found."""
    with _open(source, types, columns) as reader:
        for batch in reader:
            yield pa.Table.from_batches([batch])


@dataclass
class _Column:
    """What the values seen so far leave possible."""

    possible: list[pa.DataType]
    wanted: pa.DataType | None = None
    seen: bool = False
    code: bool = False

    @classmethod
    def of(cls, name: str, known: ColumnTypes) -> "_Column":
        if name in known.text:
            return cls([], pa.string())
        if name in known.numbers:
            return cls([pa.float64()], pa.float64())
        return cls(list(TYPES))

    @property
    def type(self) -> pa.DataType:
        """The type of the whole column; without a value that of nulls, unless one is wanted."""
        if not self.seen:
            return pa.null() if self.wanted is None else self.wanted
        if not self.possible or (self.code and self.wanted is None):
            return pa.string()
        return self.possible[0]

    def see(self, values: pa.Array) -> None:
        """Rule out what the next values are not."""
        some = values.drop_null()
        if len(some) == 0:
            return
        self.seen = True
        self.possible = [kind for kind in self.possible if _bears(some, kind)]
        if self.wanted is None and self.possible and not self.code:
            self.code = _is_code(some, self.possible[0])


def _bears(values: pa.Array, kind: pa.DataType) -> bool:
    try:
        pc.cast(values, kind)
    except pa.ArrowInvalid:
        return False
    return True


def _is_code(values: pa.Array, kind: pa.DataType) -> bool:
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return False
    pattern = LEADING_ZERO if pa.types.is_integer(kind) else CODE
    return bool(pc.any(pc.match_substring_regex(values, pattern)).as_py())


def _require_text(content: bytes) -> None:
    if not content:
        raise pa.ArrowInvalid("the file is empty (0 bytes)")
    content.decode("utf-8")
    if b"\0" in content:
        raise pa.ArrowInvalid("zero bytes: this is not text")


@contextmanager
def _open(
    source: Source, types: Mapping[str, pa.DataType], columns: Sequence[str] | None
) -> Iterator[Any]:
    reader = pyarrow.csv.open_csv(
        source if isinstance(source, str) else pa.BufferReader(source),
        read_options=pyarrow.csv.ReadOptions(block_size=BLOCK),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            strings_can_be_null=True,
            include_columns=None if columns is None else list(dict.fromkeys(columns)),
            column_types=dict(types),
        ),
    )
    try:
        yield reader
    finally:
        reader.close()
