"""Arrow arrays as numpy arrays that share their memory.

Arrow's own conversions import pandas when they are first called, which costs half a second.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

FLOATS = {"double": "float64", "float": "float32", "halffloat": "float16"}


def values_of(array: pa.Array) -> NDArray[np.generic]:
    """The values of an array of numbers, shape (n,); anything in the place of a null."""
    name = str(array.type)
    whole = np.frombuffer(array.buffers()[1] or b"", dtype=FLOATS.get(name, name))
    return whole[array.offset : array.offset + len(array)]


def floats(array: pa.Array) -> NDArray[np.float64]:
    """The same as float64, converted where they are something else."""
    return values_of(array).astype(np.float64, copy=False)


def integers(array: pa.Array) -> NDArray[np.int64]:
    """The same as int64, converted where they are something else."""
    return values_of(array).astype(np.int64, copy=False)


def nulls(array: pa.Array) -> NDArray[np.bool_]:
    """Which values are null, shape (n,)."""
    bits = array.buffers()[0]
    if not array.null_count or bits is None:
        return np.zeros(len(array), dtype=bool)
    valid = np.unpackbits(np.frombuffer(bits, dtype=np.uint8), bitorder="little")
    return np.equal(valid[array.offset : array.offset + len(array)], 0)


def every(table: pa.Table, step: int) -> pa.Table:
    """Every so many rows of a table, from the first on."""
    places = np.arange(0, table.num_rows, step)
    buffers = [None, pa.py_buffer(places)]
    return table.take(pa.Array.from_buffers(pa.int64(), len(places), buffers))
