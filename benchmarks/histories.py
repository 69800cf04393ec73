"""Labelled histories: a reference and later batches, in their order or in random order."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from incumbent.data.intake import canonical
from incumbent.data.kinds import kinds_of
from incumbent.params import ModelSpec
from incumbent.replay.labelled_history import LabelledHistory


@dataclass(frozen=True)
class Tables:
    """Canonical tables with labels: the reference, then each batch."""

    name: str
    spec: ModelSpec
    kinds: dict[str, str]
    tables: tuple[pd.DataFrame, ...]

    def history(self) -> LabelledHistory:
        """The history that they make."""
        return LabelledHistory.of_tables(self.name, self.spec, self.kinds, self.tables)


def read_folder(folder: Path) -> Tables:
    """A folder with meta.json, reference.parquet and batch_*.parquet, target included."""
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    fields = {name: meta[name] for name in ("task", "target", "timestamp", "id", "categorical")}
    spec = ModelSpec(name=folder.name.replace("_", "-"), **fields)
    paths = [folder / "reference.parquet", *sorted(folder.glob("batch_*.parquet"))]
    return _history(folder.name, spec, [pd.read_parquet(path) for path in paths])


def read_flights(folder: Path) -> Tables:
    """The flights of 2013, built into this folder if they are missing."""
    from examples.flights import build  # noqa: PLC0415 - needs the extra `demo`

    data = build(folder)
    spec = ModelSpec(
        name="flights",
        task="binary",
        target="late",
        timestamp="timestamp",
        id="id",
        categorical=("day_of_week",),
    )
    batches = (
        pd.read_parquet(batch).merge(pd.read_parquet(labels), on="id")
        for batch, labels in zip(data.batches, data.labels, strict=True)
    )
    return _history("flights", spec, [pd.read_parquet(data.reference), *batches])


def histories(flights: Path | None, folders: list[Path]) -> Iterator[Tables]:
    """The histories that the command line names."""
    yield from map(read_folder, folders)
    if flights is not None:
        yield read_flights(flights)


def permuted(tables: Tables, seed: int = 0) -> Tables:
    """The same rows in random order under the same timestamps: a history without drift."""
    rows = pd.concat(tables.tables, ignore_index=True)
    order = np.random.default_rng(seed).permutation(len(rows))
    mixed = rows.iloc[order].reset_index(drop=True)
    if tables.spec.timestamp is not None:
        times = rows[tables.spec.timestamp]
        mixed[tables.spec.timestamp] = times.sort_values(ignore_index=True)
    return replace(tables, name=f"{tables.name} permuted", tables=tuple(_cut(mixed, tables)))


def _cut(rows: pd.DataFrame, like: Tables) -> Iterator[pd.DataFrame]:
    start = 0
    for table in like.tables:
        yield rows.iloc[start : start + len(table)].reset_index(drop=True)
        start += len(table)


def _history(name: str, spec: ModelSpec, raw: list[pd.DataFrame]) -> Tables:
    kinds = kinds_of(raw[0], spec)
    return Tables(name, spec, kinds, tuple(canonical(t, spec, kinds) for t in raw))
