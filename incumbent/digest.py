"""SHA-256 of tables and folders: how a batch, a training set and an artifact are known."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa


def table_digest(frame: pd.DataFrame) -> str:
    """SHA-256 of a table's column names and values, in row order, as 64 hex digits.

    Column order, index, and chunking do not count; nulls, row order and kinds of values do.

    >>> a = pd.DataFrame({"x": [1.0, None], "y": ["a", "b"]})
    >>> table_digest(a) == table_digest(a[["y", "x"]])
    True
    >>> table_digest(a) == table_digest(a.iloc[::-1])
    False
    """
    sha = hashlib.sha256()
    for name in sorted(frame.columns):
        sha.update(f"{len(name)}:{name}".encode())
        for part in _column_bytes(frame[name]):
            sha.update(part)
    return sha.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digest(folder: Path) -> str:
    """SHA-256 of every file below a folder, by relative path, as 64 hex digits."""
    sha = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        sha.update(f"{path.relative_to(folder).as_posix()}\0{file_digest(path)}\n".encode())
    return sha.hexdigest()


def text_digest(parts: Iterable[str]) -> str:
    """SHA-256 of several texts, none of which can run into the next."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(f"{len(part)}:{part}".encode())
    return sha.hexdigest()


def _column_bytes(column: pd.Series) -> Iterable[bytes]:
    missing = column.isna().to_numpy()
    yield np.packbits(missing).tobytes()
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        column = column.astype("int64")
    if pd.api.types.is_integer_dtype(column.dtype):
        yield b"integer"
        yield column.fillna(0).to_numpy().astype(np.int64).tobytes()
        return
    if pd.api.types.is_numeric_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        yield b"number"
        yield np.where(missing, 0.0, values).tobytes()
        return
    if isinstance(column.dtype, pd.ArrowDtype):  # values that are not read: all of them are null
        column = pd.Series(np.nan, index=column.index, dtype="str")
    texts = pa.chunked_array(column.astype("str").fillna(""), type=pa.large_string())
    _, offsets, data = texts.combine_chunks().buffers()
    yield b"text"
    yield np.diff(np.frombuffer(offsets, dtype=np.int64)[: len(column) + 1]).tobytes()
    yield data.to_pybytes() if data is not None else b""
