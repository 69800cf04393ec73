"""Demo: what the loop has done on real parts, as a trial beside those in memory."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from incumbent.data.intake import canonical
from incumbent.data.kinds import kinds_of
from incumbent.data.labels import labels_of
from incumbent.gateways.sources.frame import read_frame
from incumbent.model.scoring import predictions_and_truth
from incumbent.params import ModelSpec
from incumbent.records import Champion, ModelCard, Outcome, ValidationReport
from incumbent.replay.labelled_history import LabelledBatch, LabelledHistory
from incumbent.replay.trial import Trial
from incumbent.statistics.metrics import METRIC_NAMES, row_losses
from tasks.champion import read_champion
from tasks.gateways import open_gateways
from tasks.history import labelled_batch
from tasks.progress import BatchLine
from tasks.validation import sound_rows

COSTS = "backtest", "training"  # parts of a document with the number of fits


class Journey:
    """The batches of a history, and what `monitor` answered on each.

    Args:
        spec: The model.
        reference: The training data of its first champion.
        files: Each batch and its labels, oldest first.
    """

    def __init__(
        self, spec: ModelSpec, reference: Path, files: Sequence[tuple[Path, Path]]
    ) -> None:
        raw = sound_rows(read_frame(str(reference)), spec)
        kinds = kinds_of(raw, spec)
        known = canonical(raw, spec, kinds).dropna(subset=[spec.target]).reset_index(drop=True)
        readers = [partial(self._read, position) for position in range(len(files))]
        self.spec, self.files, self.kinds = spec, files, kinds
        self.history = LabelledHistory(spec.name, spec, kinds, known, readers)
        self.documents: list[dict[str, Any]] = []
        self.losses: list[float] = []
        self._champion: Champion | None = None

    def score_next(self) -> None:
        """Note the champion that scores the next batch."""
        self._champion = read_champion(open_gateways(), self.spec)

    def add(self, document: dict[str, Any]) -> BatchLine:
        """Note what was answered on a batch, and the loss of the champion that scored it."""
        position = len(self.documents)
        self.documents.append(document)
        assert self._champion is not None  # noqa: S101 - noted before the batch arrived
        champion = self._champion.model
        batch = self.history.arrive(position, lambda: champion.card)
        self.losses.append(self._loss(batch))
        drift, verdict = document["drift"], document["verdict"]
        return BatchLine(
            batch.name,
            document["batch"]["rows"],
            drift and drift["score"],
            self.losses[-1],
            document["decision"]["action"],
            f"{verdict['verdict']} v{document['champion']['version_after']}" if verdict else "",
        )

    def faulty(self) -> tuple[int, ...]:
        """Batches whose labels were found faulty."""
        return tuple(k for k, doc in enumerate(self.documents) if doc["decision"]["faults"])

    def trial(self) -> Trial:
        """What the loop did and brought."""
        docs = self.documents
        costs = [doc[part] for doc in docs for part in COSTS if doc.get(part)]
        verdicts = [doc["verdict"]["verdict"] if doc["verdict"] else None for doc in docs]
        known = (self.history.batch(k).rows[self.spec.target].notna() for k in range(len(docs)))
        return Trial(
            tuple(self.losses),
            tuple(int(labels.sum()) for labels in known),
            tuple(doc["decision"]["action"] for doc in docs),
            tuple(verdicts),
            tuple(doc["champion"]["version_before"] for doc in docs),
            sum(cost["fits"] for cost in costs),
            sum(cost["fit_seconds"] for cost in costs),
            verdicts.count("promote"),
            self.faulty(),
        )

    def _read(self, position: int, _: ModelCard) -> LabelledBatch:
        """A batch with its labels, as `monitor` has validated it."""
        path, labels = self.files[position]
        found = self.documents[position]["validation"]
        report = TypeAdapter(ValidationReport).validate_python(found)
        raw, target = read_frame(str(path)), labels_of(read_frame(str(labels)), self.spec)
        aside = report.outcome is Outcome.QUARANTINE
        rows = canonical(raw.iloc[:0] if aside else raw, self.spec, self.kinds)
        return labelled_batch(self.spec, path.stem, rows, target, report)

    def _loss(self, batch: LabelledBatch) -> float:
        rows = batch.rows.dropna(subset=[self.spec.target])
        if rows.empty or self._champion is None:
            return float("nan")
        pipeline, task = self._champion.model.pipeline, self.spec.task
        values, truth = predictions_and_truth(pipeline, rows, self.spec, self.kinds)
        return float(row_losses(values, truth, task)[METRIC_NAMES[task]].mean())
