"""The stored form of a profile: one Arrow file, a row for each column, versioned and compressed."""

import io
import json
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from incumbent.errors import UnreadableError
from incumbent.gateways.sources.arrays import integers, values_of
from incumbent.records import ColumnProfile, KnownRows, Profile, Spread, Windows

FORM = 1

_SPREAD = pa.struct(
    [
        ("finite", pa.int64()),
        ("infinite", pa.int64()),
        ("lowest", pa.float64()),
        ("lowest_rows", pa.int64()),
        ("highest", pa.float64()),
        ("highest_rows", pa.int64()),
        *((name, pa.float64()) for name in ("total", "squares", "below", "above")),
    ]
)
_WINDOWS = pa.struct(
    [("blocks", pa.int64()), ("distance", pa.float64()), ("correlation", pa.float64())]
)
_SCHEMA = pa.schema(
    [
        ("column", pa.string()),
        ("kind", pa.string()),
        ("rows", pa.int64()),
        ("nulls", pa.int64()),
        ("edges", pa.list_(pa.float64())),
        ("categories", pa.list_(pa.string())),
        ("counts", pa.list_(pa.int64())),
        ("spread", _SPREAD),
        ("null", pa.list_(_WINDOWS)),
        ("weight", pa.float64()),
    ]
)


def write(profile: Profile) -> bytes:
    """A profile as the bytes of an Arrow file (IPC, zstd)."""
    rows = [_row(name, column, profile) for name, column in profile.columns.items()]
    null = [asdict(s) for s in profile.null.get("", ())]
    known = asdict(profile.known_rows) if profile.known_rows else None
    head = {
        "form": FORM,
        "rows": profile.rows,
        "blocks": profile.blocks,
        "null": null,
        "known_rows": known,
    }
    schema = _SCHEMA.with_metadata({"profile": json.dumps(head)})
    arrays = [_array(rows, field) for field in _SCHEMA]
    table = pa.Table.from_arrays(arrays, schema=schema)
    sink = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(sink, schema, options=options) as writer:
        writer.write_table(table)
    return sink.getvalue()


def read(content: bytes) -> Profile:
    """The profile in the bytes of an Arrow file.

    A later form may have more columns and more in its head; what this one knows keeps its name.

    Raises:
        UnreadableError: They are not a profile, or one of a form that is not known.
    """
    try:
        with pa.ipc.open_file(pa.py_buffer(content)) as reader:
            table = reader.read_all().combine_chunks()
        head = json.loads(table.schema.metadata[b"profile"])
        return _profile(table, head)
    except (pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise UnreadableError(
            "The stored profile cannot be read.",
            str(error).splitlines()[0],
            f"an Arrow file of form {FORM}",
            "train again, or read it with the release that wrote it",
        ) from error


def _row(name: str, column: ColumnProfile, profile: Profile) -> dict[str, Any]:
    return {
        "column": name,
        "kind": str(column.kind),
        "rows": column.rows,
        "nulls": column.nulls,
        "edges": column.edges,
        "categories": list(column.categories),
        "counts": column.counts,
        "spread": asdict(column.spread) if column.spread else None,
        "null": [asdict(s) for s in profile.null.get(name, ())],
        "weight": profile.weights.get(name),
    }


def _array(rows: list[dict[str, Any]], field: pa.Field) -> pa.Array:
    values = [row[field.name] for row in rows]
    if field.name not in {"edges", "counts"} or not rows:
        return pa.array(values, type=field.type)
    offsets = pa.array(np.cumsum([0, *map(len, values)]).tolist(), type=pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.array(np.concatenate(values)))


def _profile(table: pa.Table, head: dict[str, Any]) -> Profile:
    if head["form"] != FORM:
        raise ValueError(f"form {head['form']}")
    names = table["column"].to_pylist()
    small = {f: table[f].to_pylist() for f in ("kind", "rows", "nulls", "categories", "spread")}
    edges, counts = _lists(table["edges"]), _lists(table["counts"])
    columns = {
        name: ColumnProfile(
            small["kind"][i],
            small["rows"][i],
            small["nulls"][i],
            edges[i],
            tuple(small["categories"][i]),
            counts[i],
            Spread(**small["spread"][i]) if small["spread"][i] else None,
        )
        for i, name in enumerate(names)
    }
    null = dict(zip(names, table["null"].to_pylist(), strict=True)) | {"": head["null"]}
    weights = zip(names, table["weight"].to_pylist(), strict=True)
    return Profile(
        head["rows"],
        head["blocks"],
        columns,
        {name: tuple(Windows(**s) for s in known) for name, known in null.items() if known},
        {name: weight for name, weight in weights if weight is not None},
        _known_rows(head.get("known_rows")),
    )


def _known_rows(stored: dict[str, Any] | None) -> KnownRows | None:
    if stored is None:
        return None
    keys, rows = tuple(stored["keys"]), tuple(stored["rows"])
    return KnownRows(keys, rows, stored["whole"], stored["copies"])


def _lists(column: pa.ChunkedArray) -> list[Any]:
    """The lists of a column as arrays that share its memory."""
    if column.num_chunks == 0:
        return []
    lists = column.chunk(0)
    bounds, values = integers(lists.offsets).tolist(), values_of(lists.values)
    return [values[a:b] for a, b in pairwise(bounds)]
