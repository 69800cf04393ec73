"""CSV: comma, UTF-8, one header line; types are those that all rows of all files bear.

A column of numbers, dates or times is one where every value is. Flags stay text: `true` and
`false` in one batch, and `unknown` beside them in the next, are values of one column. So does a
column with a code in it that a number would damage: a leading zero (`00123`), or 19 digits and
more that no 64-bit integer holds.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from incumbent.gateways.sources.types import require_distinct
from incumbent.log import warn
from incumbent.records import ColumnTypes

BLOCK = 16 << 20  # bytes
CODES = pa.dictionary(pa.int32(), pa.string())
# A leading zero, or more digits than an integer holds: the value names something.
LEADING_ZERO = r"^[+-]?0[0-9]+$"
CODE = r"^[+-]?(0[0-9]+|[0-9]{19,})$"
TIME = pa.timestamp("us")
UTC_TIME = pa.timestamp("us", tz="UTC")
TYPES = (pa.int64(), pa.float64(), TIME, UTC_TIME)  # the first that all values bear


# A local path, the bytes of a file, or a stream that is read once.
Source: TypeAlias = str | bytes | pa.NativeFile


class Columns:
    """The columns of some files, each typed by every row of every file.

    Args:
        known: What is known of them before.
    """

    def __init__(self, known: ColumnTypes) -> None:
        self.known = known
        self._found: dict[str, Column] = {}

    @property
    def types(self) -> dict[str, pa.DataType]:
        """Their types, by what was seen of them."""
        return {name: column.type for name, column in self._found.items()}

    def see(self, opened: Callable[[], Source]) -> list[str]:
        """Read a file, and give the names of its columns; those without a name are left out.

        Args:
            opened: Gives the file, from its beginning.

        Raises:
            pyarrow.ArrowInvalid: The file is empty, is not text, or names two columns alike.
        """
        names = _names(opened())
        for name in names:
            self._found.setdefault(name, Column.of(name, self.known))
        with _open(opened(), dict.fromkeys(names, pa.string()), names) as reader:
            for batch in reader:
                for name, values in zip(batch.schema.names, batch.columns, strict=True):
                    self._found[name].see(values)
        return names


def _names(source: Source) -> list[str]:
    if isinstance(source, bytes):
        _require_text(source)
    with _open(source, {}, None) as reader:
        names = list(reader.schema.names)
    named = [name for name in names if name]
    require_distinct(named)
    if not named:
        raise pa.ArrowInvalid("no column has a name")
    if len(named) < len(names):
        warn("a column without a name was left out (a written index?)")
    return named


def pieces(
    source: Source, columns: Sequence[str], types: Mapping[str, pa.DataType]
) -> Iterator[pa.Table]:
    """Some columns block by block, of the types that were found."""
    with _open(source, types, columns) as reader:
        for batch in reader:
            yield pa.Table.from_batches([batch])


@dataclass
class Column:
    """What the values of a column of text that were seen so far leave possible."""

    possible: list[pa.DataType]
    wanted: pa.DataType | None = None
    seen: bool = False
    code: bool = False

    @classmethod
    def of(cls, name: str, known: ColumnTypes) -> "Column":
        """A column of which nothing was seen; flags may stand for numbers that are known."""
        if name in known.text:
            return cls([], pa.string())
        if name in known.numbers:
            return cls([pa.float64(), pa.bool_()], pa.float64())
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
        pa.BufferReader(source) if isinstance(source, bytes) else source,
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
