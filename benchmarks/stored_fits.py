"""Fits stored in a folder, and reused by later runs of a benchmark."""

import pickle
from pathlib import Path

import pandas as pd

from incumbent.digest import text_digest
from incumbent.loop.state import Contender, FitKey
from incumbent.params import ModelSpec
from incumbent.replay.fits import Fits
from incumbent.replay.labelled_history import LabelledHistory


class StoredFits(Fits):
    """Fits that read earlier results of this benchmark from its own folder."""

    def __init__(self, history: LabelledHistory, spec: ModelSpec, folder: Path) -> None:
        super().__init__(history, spec)
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def _fit(self, rows: pd.DataFrame, key: FitKey) -> Contender:
        recipe = {k: v for k, v in self.spec.model_dump().items() if k.startswith("training_")}
        parts = [self.history.name, str(len(rows)), str(key), str(recipe)]
        path = self.folder / f"{text_digest(parts)}.pickle"
        if path.exists():
            found: Contender = pickle.loads(path.read_bytes())  # noqa: S301 - written by the line below
            return found
        path.write_bytes(pickle.dumps(made := super()._fit(rows, key)))
        return made
