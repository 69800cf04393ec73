"""A small world that decays: rows by the day, and files of them as a source would deliver."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from incumbent.data.intake import canonical
from incumbent.data.kinds import kinds_of
from incumbent.params import ModelSpec
from incumbent.replay.fits import Fits
from incumbent.replay.labelled_history import LabelledHistory
from incumbent.replay.loop import replay_policy
from incumbent.replay.trial import Trial

ROWS_A_DAY = 150
FIRST_DAY = "2024-03-01"
TRAINING_DAYS = range(12)
DAYS_A_BATCH = 4


def a_spec(**fields: Any) -> ModelSpec:
    """The model of this world; few trees, since nothing here is hard to learn."""
    usual = {
        "name": "shop",
        "task": "binary",
        "target": "bought",
        "timestamp": "at",
        "id": "visit",
        "training_iterations": 20,
    }
    return ModelSpec(**usual | fields)


def written(spec: ModelSpec, folder: Path) -> str:
    """The path of a spec as a person writes it."""
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(spec.model_dump(mode="json", exclude_defaults=True)))
    return str(path)


def rows_of(days: range, *, changed: bool = False, rows_a_day: int = ROWS_A_DAY) -> pd.DataFrame:
    """Labelled rows of some days. After the change another feature decides, and more is bought."""
    return pd.concat([_day(d, rows_a_day, changed=changed) for d in days], ignore_index=True)


def batch_rows(number: int, *, changed: bool = False, rows_a_day: int = ROWS_A_DAY) -> pd.DataFrame:
    """Labelled rows of the days of one batch."""
    first = TRAINING_DAYS.stop + number * DAYS_A_BATCH
    return rows_of(range(first, first + DAYS_A_BATCH), changed=changed, rows_a_day=rows_a_day)


def _day(day: int, rows: int, *, changed: bool) -> pd.DataFrame:
    random = np.random.default_rng(day)
    price, age = random.normal(size=rows), random.normal(size=rows)
    page = random.choice(["home", "news", "sale"], rows)
    score = price + 1.5 * age + 1.5 if changed else 2 * price + (page == "sale") - 0.5
    bought = (random.random(rows) < 1 / (1 + np.exp(-score))).astype("int64")
    start = pd.Timestamp(FIRST_DAY, tz="UTC") + pd.Timedelta(days=day)
    return pd.DataFrame(
        {
            "visit": [f"{day}-{k}" for k in range(rows)],
            "at": (start + pd.to_timedelta(np.arange(rows), unit="m")).as_unit("us"),
            "price": price,
            "age": np.where(random.random(rows) < 0.05, np.nan, age),
            "page": pd.Series(np.where(random.random(rows) < 0.05, None, page)).astype("str"),
            "bought": bought,
        }
    )


def of_task(rows: pd.DataFrame, task: str) -> pd.DataFrame:
    """The same rows with a target for another task under the same name."""
    if task == "binary":
        return rows
    value = 2 * rows["price"] + rows["bought"] + (rows["page"] == "sale")
    if task == "regression":
        return rows.assign(bought=value)
    return rows.assign(bought=pd.cut(value, [-np.inf, -1, 1, np.inf], labels=list("abc")))


@dataclass(frozen=True)
class Delivery:
    """Folders that a source writes to: `batches` and `labels`."""

    folder: Path

    @property
    def source(self) -> str:
        (self.folder / "batches").mkdir(parents=True, exist_ok=True)
        return str(self.folder / "batches" / "*.parquet")

    @property
    def labels(self) -> str:
        return str(self.folder / "labels" / "*.parquet")

    def reference(self, rows: pd.DataFrame) -> str:
        """Deliver training data."""
        return self._write("reference", "reference", rows)

    def batch(self, name: str, rows: pd.DataFrame) -> str:
        """Deliver a batch as it is."""
        return self._write("batches", name, rows)

    def unlabelled(self, name: str, rows: pd.DataFrame) -> str:
        """Deliver a batch without its target."""
        return self._write("batches", name, rows.drop(columns="bought"))

    def labels_of(self, name: str, rows: pd.DataFrame) -> str:
        """Deliver the labels of some rows."""
        return self._write("labels", name, rows[["visit", "bought"]])

    def broken(self, name: str, content: bytes) -> str:
        """Deliver bytes under the name of a batch."""
        path = self.folder / "batches" / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return str(path)

    def _write(self, kind: str, name: str, rows: pd.DataFrame) -> str:
        path = self.folder / kind / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows.to_parquet(path, index=False)
        return str(path)


def walked(spec: ModelSpec, reference: str, batches: list[str], label_delay: int = 0) -> Trial:
    """What the loop in memory makes of files that a replay walks."""
    raw = [pd.read_parquet(path) for path in (reference, *batches)]
    kinds = kinds_of(raw[0], spec)
    tables = [canonical(table, spec, kinds) for table in raw]
    history = LabelledHistory.of_tables(spec.name, spec, kinds, tables)
    return replay_policy(Fits(history, spec), label_delay=label_delay)
