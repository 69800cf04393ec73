"""Fits that are kept in a folder from one run of a benchmark to the next."""

import pickle
from pathlib import Path

from sklearn.pipeline import Pipeline

from incumbent.digest import text_digest
from incumbent.params import ModelSpec
from incumbent.replay.fits import FitKey, Fits
from incumbent.replay.labelled_history import LabelledHistory


class KeptFits(Fits):
    """Models that this benchmark has fitted before are read from its own folder."""

    def __init__(self, history: LabelledHistory, spec: ModelSpec, folder: Path) -> None:
        super().__init__(history, spec)
        self.folder = folder

    def _made(self, key: FitKey) -> Pipeline:
        recipe = {k: v for k, v in self.spec.model_dump().items() if k.startswith("training_")}
        parts = [self.history.name, str(len(self.history)), str(key), str(recipe)]
        parts += [str(sorted(key.without))] if key.without else []
        path = self.folder / f"{text_digest(parts)}.pickle"
        if path.exists():
            return pickle.loads(path.read_bytes())  # noqa: S301 - written by the line below
        path.write_bytes(pickle.dumps(model := super()._made(key)))
        return model
