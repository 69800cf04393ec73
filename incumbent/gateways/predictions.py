"""Predictions, canonical rows and matured labels: Parquet files, one per batch and version.

    <root>/<model>/predictions/<batch digest, 16 digits>-v<version>.parquet
    <root>/<model>/rows/<batch digest, 16 digits>.parquet
    <root>/<model>/together/<name>.parquet
    <root>/<model>/labels/<batch digest, 16 digits>-<arrival digest, 16 digits>.parquet
    <root>/<model>/quarantine/...  (see `quarantined`)

Each is known by its key: a second write replaces an identical file.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from incumbent.gateways.quarantined import QuarantinedFiles, is_quarantined
from incumbent.gateways.stored_files import StoredFiles
from incumbent.records import Exploration, LabelArrival, Predictions

STORED_PATH = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}/[a-z]+/[\w-]+\.parquet")
LABEL_COLUMNS = "id", "label", "arrival", "path"
_DIGITS = 16
_NOTE = b"PANDAS_ATTRS"  # where pandas keeps the attributes of a table in its file
_SLICE = "slice_"  # before the name of a column whose values are kept


class PredictionStore:
    """The predictions of each version on each batch, and the labels that arrived for it.

    Args:
        root: A local folder or any fsspec URI; made when something is first written.
        fence: Is called just before each write, and raises where it must not be made.

    Raises:
        UsageError: The URI's protocol is unknown or needs a package that is not installed.
        OutOfReachError: (every method) The storage did not answer, or is full.
        IntegrityError: (every reading method) A file is not what was written.
    """

    def __init__(self, root: str, fence: Callable[[], None] = lambda: None) -> None:
        self._root, self._files = root, StoredFiles(root, fence)

    def under(self, fence: Callable[[], None]) -> "PredictionStore":
        """The same store, as a run writes to it that holds the lease of a model."""
        return PredictionStore(self._root, fence)

    @property
    def quarantined(self) -> QuarantinedFiles:
        """The copies of quarantined deliveries, in the same store."""
        return QuarantinedFiles(self._files)

    def write(self, model: str, batch_digest: str, version: int, predictions: Predictions) -> None:
        """Keep the predictions of one version on one batch; NaN scores stay NaN.

        Ids and the values of slices are kept as text, missing ones as None.
        """
        columns = {
            "id": _texts(predictions.ids),
            "block": pa.array(predictions.blocks, type=pa.int64()),
            "trainable": pa.array(predictions.trainable, type=pa.bool_()),
        }
        scores = predictions.values
        for k in range(scores.shape[1]):
            columns[f"value_{k}"] = pa.array(scores[:, k], type=pa.float64())
        if (drawn := predictions.exploration) is not None:
            columns["explored"] = pa.array(drawn.explored, type=pa.bool_())
            columns["propensity"] = pa.array(drawn.propensity, type=pa.float64())
        if predictions.labels is not None:
            columns["label"] = pa.array(predictions.labels, type=pa.string())
        for name, held in predictions.slices.items():
            columns[f"{_SLICE}{name}"] = pa.array(held, type=pa.string(), from_pandas=True)
        self._write(self._predictions(model, batch_digest, version), pa.table(columns))

    def read(self, model: str, batch_digest: str, version: int) -> Predictions | None:
        """The predictions of one version on one batch, None where it has made none."""
        table = self._files.read(self._predictions(model, batch_digest, version))
        if table is None:
            return None
        scores = [name for name in table.column_names if name.startswith("value_")]
        values = np.empty((table.num_rows, len(scores)))
        for k in range(len(scores)):
            values[:, k] = table[f"value_{k}"].to_numpy()
        return Predictions(
            ids=table["id"].to_numpy(),
            blocks=table["block"].to_numpy().copy(),  # the buffer behind it cannot be written
            values=values,
            trainable=table["trainable"].to_numpy(),
            slices={
                name.removeprefix(_SLICE): table[name].to_numpy()
                for name in table.column_names
                if name.startswith(_SLICE)
            },
            labels=table["label"].to_numpy() if "label" in table.column_names else None,
            exploration=_exploration(table),
        )

    def write_rows(self, model: str, batch_digest: str, rows: pd.DataFrame) -> None:
        """Keep the canonical rows of a batch, without its target, for later trainings.

        A later training then needs no file of the batch.
        """
        self._files.write(self._rows(model, batch_digest), [rows.to_parquet(index=False)])

    def read_rows(self, model: str, batch_digest: str) -> pd.DataFrame | None:
        """The canonical rows of a batch as they were kept; None where they were not."""
        table = self._files.read(self._rows(model, batch_digest))
        return None if table is None else table.to_pandas()

    def write_together(
        self, model: str, name: str, key: str, tables: Mapping[str, pd.DataFrame]
    ) -> None:
        """Keep the rows of several batches in one file, in the place of its earlier content.

        Args:
            model: Name of the model.
            name: Name of the file.
            key: Digest of all that the rows were made from.
            tables: Batch digest to rows, all of the same columns and kinds.
        """
        filled = [rows for rows in tables.values() if len(rows)] or [*tables.values()][:1]
        whole = pd.concat(filled)
        whole.attrs = {"key": key, "rows": {batch: len(rows) for batch, rows in tables.items()}}
        self._files.write(self._together(model, name), [whole.to_parquet(index=False)])

    def read_together(self, model: str, name: str, key: str) -> dict[str, pd.DataFrame] | None:
        """The rows of several batches by digest; None where they were made from something else."""
        table = self._files.read(self._together(model, name))
        if table is None or (note := json.loads(table.schema.metadata[_NOTE]))["key"] != key:
            return None
        whole, start, found = table.to_pandas(), 0, dict[str, pd.DataFrame]()
        for digest, count in note["rows"].items():
            found[digest] = whole.iloc[start : start + count].reset_index(drop=True)
            start += count
        return found

    def write_labels(
        self,
        model: str,
        batch_digest: str,
        arrival: LabelArrival,
        ids: Sequence[Any] | NDArray[Any],
        values: Sequence[Any] | NDArray[Any],
    ) -> None:
        """Keep the labels of one batch that arrived together: classes as text, or numbers.

        Args:
            model: Name of the model.
            batch_digest: Digest of the batch that the labels belong to.
            arrival: The label table that they arrived in.
            ids: Ids of the rows, shape (n,).
            values: Labels of the same rows, shape (n,); missing ones are kept as missing.
        """
        table = pa.table(
            {
                "id": _texts(ids),
                "label": pa.array(np.asarray(values), from_pandas=True),
                "arrival": pa.array([arrival.digest] * len(ids), type=pa.string()),
                "path": pa.array([arrival.path] * len(ids), type=pa.string()),
            }
        )
        self._write(self._labels(model, batch_digest, arrival.digest), table)

    def read_labels(self, model: str, batch_digest: str) -> pd.DataFrame:
        """All labels that arrived for a batch, as columns id, label, arrival and path.

        Nothing is merged away: an id that two arrivals label is there twice. Rows are ordered
        by the arrival's digest, then as they were delivered.
        """
        arrivals = self.label_arrivals(model, [batch_digest])[batch_digest]
        paths = [self._labels(model, batch_digest, arrival) for arrival in arrivals]
        tables = [table for path in paths if (table := self._files.read(path)) is not None]
        frames = [t.to_pandas() for t in tables if t.num_rows]
        if not frames:
            return pd.DataFrame({c: pd.Series(dtype="str") for c in LABEL_COLUMNS})
        return pd.concat(frames, ignore_index=True)

    def label_arrivals(
        self, model: str, batch_digests: Sequence[str]
    ) -> dict[str, tuple[str, ...]]:
        """Arrivals of labels that were kept for each batch: 16 digits of their digests, sorted.

        The folder is listed once, however many batches are asked for.
        """
        found = dict[str, list[str]]()
        for name in self._files.names(f"{model}/labels"):
            batch, _, arrival = name.partition("-")
            found.setdefault(batch, []).append(arrival)
        return {digest: tuple(found.get(digest[:_DIGITS], ())) for digest in batch_digests}

    def files(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Every file of every model: its path below the root, and its bytes, some at a time."""
        for path in filter(is_stored, self._files.paths()):
            yield path, self._files.chunks(path)

    def put(self, path: str, chunks: Iterable[bytes]) -> None:
        """Put a file of `files` back in its place."""
        self._files.write(path, chunks)

    def _labels(self, model: str, batch_digest: str, labels_digest: str) -> str:
        name = f"{batch_digest[:_DIGITS]}-{labels_digest[:_DIGITS]}.parquet"
        return f"{model}/labels/{name}"

    def _together(self, model: str, name: str) -> str:
        return f"{model}/together/{name}.parquet"

    def _rows(self, model: str, batch_digest: str) -> str:
        return f"{model}/rows/{batch_digest[:_DIGITS]}.parquet"

    def _predictions(self, model: str, batch_digest: str, version: int) -> str:
        name = f"{batch_digest[:_DIGITS]}-v{version}.parquet"
        return f"{model}/predictions/{name}"

    def _write(self, path: str, table: pa.Table) -> None:
        content = pa.BufferOutputStream()
        pyarrow.parquet.write_table(table, content)
        self._files.write(path, [content.getvalue()])


def is_stored(path: str) -> bool:
    """Whether a path below the root is that of a file of a store.

    >>> is_stored("flights/rows/0123456789abcdef.parquet"), is_stored("../notes.parquet")
    (True, False)
    """
    return STORED_PATH.fullmatch(path) is not None or is_quarantined(path)


def _exploration(table: pa.Table) -> Exploration | None:
    """The rows that were drawn; None in a file without the columns: none were."""
    if not {"explored", "propensity"} <= set(table.column_names):
        return None
    return Exploration(table["explored"].to_numpy(), table["propensity"].to_numpy().copy())


def _texts(ids: Sequence[Any] | NDArray[Any]) -> pa.Array:
    present = [None if missing else str(i) for i, missing in zip(ids, pd.isna(ids), strict=True)]
    return pa.array(present, type=pa.string())
