"""Batch files, Parquet or CSV, under a local path or any URI that fsspec knows."""

import gzip
import hashlib
import re
import zlib
from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs

from incumbent.errors import MissingPathError, OutOfReachError, UnreadableError, UsageError

SUFFIXES = (".parquet", ".pq", ".csv", ".csv.gz")
# A leading zero, or more digits than an integer holds: the value names something.
_LEADING_ZERO = r"^[+-]?0[0-9]+$"
_CODE = r"^[+-]?(0[0-9]+|[0-9]{19,})$"


def find(pattern: str) -> tuple[str, ...]:
    """Files that a path or a pattern names, by name; numbers in names count as numbers.

    `batch_2` comes before `batch_10`. Local paths come back absolute, others as URIs; folders
    are left out; nothing found is the empty tuple.

    Raises:
        UsageError: The URI's protocol is unknown or needs a package that is not installed.
        OutOfReachError: The storage did not answer.
    """
    filesystem, path = open_filesystem(pattern)
    try:
        filesystem.invalidate_cache()
        found = [path] if filesystem.isfile(path) else _glob(filesystem, path)
    except OSError as error:
        raise _out_of_reach(pattern, error) from error
    return tuple(sorted((_address(filesystem, name) for name in found), key=_natural))


def require(pattern: str) -> tuple[str, ...]:
    """The same as `find`, for a path or pattern that must match something.

    Raises:
        MissingPathError: It does not.
    """
    if found := find(pattern):
        return found
    filesystem, path = open_filesystem(pattern)
    raise MissingPathError(
        "No file is there.",
        f"{pattern} (a folder)" if filesystem.isdir(path) else pattern,
        "the path of a file, or a quoted pattern such as 'data/batch_*.parquet'",
        "check the path from the folder that you are in",
    )


def stem(path: str) -> str:
    """The file's name without folder and suffix: the id of a batch.

    >>> stem("s3://bucket/2013/flights.2013-02.csv.gz")
    'flights.2013-02'
    """
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    return name[: len(name) - len(_suffix(name) or "")] or name


def read(path: str) -> pd.DataFrame:
    """The table in a file, as it is: no column is renamed, dropped or judged.

    Text is `str`, dates are datetime64, decimals float64, whole numbers with nulls float64;
    what was stored as a category comes back as its values. A named pandas index is a column.

    In CSV (comma, UTF-8, one header line) `NA`, `NaN`, `null`, `N/A` and the empty field are
    null, quoted or not. A column with a code in it, which a number would damage, stays text:
    a leading zero (`00123`), or 19 digits and more that no 64-bit integer holds. So does a time
    of day without a date.

    Raises:
        UsageError: The suffix is none of .parquet, .pq, .csv, .csv.gz.
        MissingPathError: There is no such file.
        UnreadableError: Truncated, empty, garbage, not of the format that its suffix says, not
            UTF-8, or with two columns of one name.
        OutOfReachError: The storage did not answer.
    """
    suffix = _suffix(path)
    if suffix is None:
        raise UsageError(
            "The format of this file is not known.",
            path,
            f"a name that ends in {', '.join(SUFFIXES)}",
            "convert the table, or rename the file if its format is one of these",
        )
    return _parsed(path, _parser(suffix), _content(path))


def bytes_digest(path: str) -> str:
    """SHA-256 of a file's bytes, 64 hex digits: how a file that cannot be read is known.

    Raises:
        MissingPathError: There is no such file.
        OutOfReachError: The storage did not answer.
    """
    return hashlib.sha256(_content(path)).hexdigest()


def open_filesystem(uri: str) -> tuple[AbstractFileSystem, str]:
    """The filesystem that a URI or local path lives on, and the path within it.

    Raises:
        UsageError: The protocol is unknown or needs a package that is not installed.
    """
    try:
        filesystem, path = url_to_fs(uri)
    except (ValueError, ImportError) as error:
        raise UsageError(
            "This kind of address cannot be opened.",
            f"{uri} ({error})",
            "a local path, or a URI whose fsspec package is installed",
            "install the package that is named, or use a local path",
        ) from error
    return filesystem, path


def _glob(filesystem: AbstractFileSystem, path: str) -> list[str]:
    found = filesystem.glob(path, detail=True)
    files = [name for name, info in found.items() if info["type"] == "file"]
    return [name for name in files if _suffix(name) is not None]  # no markers such as _SUCCESS


def _address(filesystem: AbstractFileSystem, path: str) -> str:
    protocols = filesystem.protocol
    local = "file" in ((protocols,) if isinstance(protocols, str) else protocols)
    return path if local else str(filesystem.unstrip_protocol(path))


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    parts = re.split(r"([0-9]+)", name)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts], name


def _suffix(path: str) -> str | None:
    return next((s for s in SUFFIXES if path.lower().endswith(s)), None)


def _content(path: str) -> bytes:
    filesystem, inside = open_filesystem(path)
    try:
        content: bytes = filesystem.cat_file(inside)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise MissingPathError(
            "No file is there.", path, "the path of a file", "check the path"
        ) from error
    except PermissionError as error:
        raise UsageError(
            "The file may not be read.", path, "a file that you may read", "check its permissions"
        ) from error
    except OSError as error:
        raise _out_of_reach(path, error) from error
    return content


def _parser(suffix: str) -> Callable[[bytes], pa.Table]:
    if suffix == ".csv":
        return _csv
    return _zipped_csv if suffix == ".csv.gz" else _parquet


def _parsed(path: str, parse: Callable[[bytes], pa.Table], content: bytes) -> pd.DataFrame:
    try:
        if not content:
            raise pa.ArrowInvalid("the file is empty (0 bytes)")
        table = parse(content)
        _check_names(table)
        return _frame(table)
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise UnreadableError(
            "The file cannot be read as what its name says.",
            f"{path}: {_first_line(error)}",
            "a whole Parquet file, or CSV in UTF-8 with commas, a header and equally long rows",
            "ask its source to deliver it again",
        ) from error


def _parquet(content: bytes) -> pa.Table:
    return pyarrow.parquet.ParquetFile(pa.BufferReader(content)).read()


def _zipped_csv(content: bytes) -> pa.Table:
    return _csv(gzip.decompress(content))


def _csv(content: bytes) -> pa.Table:
    content.decode("utf-8")
    if b"\0" in content:
        raise pa.ArrowInvalid("zero bytes: this is not text")
    table = _csv_columns(content)
    _check_names(table)
    if not (doubtful := [field.name for field in table.schema if _may_be_code(field.type)]):
        return table
    texts = _csv_columns(content, doubtful)
    for name in doubtful:
        if _is_code(table.schema.field(name).type, texts[name]):
            table = table.set_column(table.schema.get_field_index(name), name, texts[name])
    return table


def _csv_columns(content: bytes, as_text: list[str] | None = None) -> pa.Table:
    """All columns, their types inferred from all rows, or some of them as text."""
    return pyarrow.csv.read_csv(
        pa.BufferReader(content),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=b'"' in content),
        convert_options=pyarrow.csv.ConvertOptions(
            strings_can_be_null=True,
            include_columns=as_text,
            column_types=dict.fromkeys(as_text or (), pa.string()),
        ),
    )


def _may_be_code(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_time(kind))


def _is_code(kind: pa.DataType, texts: pa.ChunkedArray) -> bool:
    if pa.types.is_time(kind):
        return True
    pattern = _LEADING_ZERO if pa.types.is_integer(kind) else _CODE
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())


def _check_names(table: pa.Table) -> None:
    names = table.column_names
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise pa.ArrowInvalid(f"two columns of one name: {', '.join(twice)}")


def _frame(table: pa.Table) -> pd.DataFrame:
    """Without pandas' own metadata, which would hide an index from the columns."""
    unnamed = [name for name in table.column_names if name.startswith("__index_level_")]
    table = table.drop_columns(unnamed)
    plain = pa.schema([pa.field(f.name, _plain(f.type)) for f in table.schema])
    return table.cast(plain).to_pandas(ignore_metadata=True, date_as_object=False)


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    return pa.float64() if pa.types.is_decimal(kind) else kind


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")[:200]


def _out_of_reach(path: str, error: OSError) -> OutOfReachError:
    return OutOfReachError(
        "The storage of the batches did not answer.",
        f"{path}: {_first_line(error)}",
        "a folder or bucket that can be read",
        "check the address and its credentials, then run again",
    )
