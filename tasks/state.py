"""The state of the loop in a live run: the ledger, the registry and the store of predictions."""

from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd

from incumbent.data.label_domain import domain_of
from incumbent.data.labels import Labelled, join
from incumbent.data.profile import kinds_in
from incumbent.errors import IntegrityError, StoredError, UsageError
from incumbent.gateways.ledger import StoredDecision
from incumbent.log import warn
from incumbent.loop.fitting import fit_contender, training_set_of
from incumbent.loop.state import (
    Challenge,
    Contender,
    Evaluation,
    FitKey,
    Part,
    contender_of,
)
from incumbent.loop.teaching import in_part, teachable_rows
from incumbent.model.scoring import predictions_and_truth
from incumbent.monitoring.coverage import fair_sample
from incumbent.params import ModelSpec
from incumbent.policy.decision import judged_batch
from incumbent.policy.limits import BUDGET_WINDOW
from incumbent.policy.shadow import burden_of, evidence_digest
from incumbent.records import (
    BatchEntry,
    Burden,
    Champion,
    Decision,
    DecisionInputs,
    JudgedBatch,
    PairedBlock,
    Predictions,
    TrainingBatch,
    Version,
    document,
)
from incumbent.statistics.metrics import row_losses
from tasks.champion import read_champion, read_training_set
from tasks.gateways import Gateways
from tasks.labels import stored_labels
from tasks.past_rows import read_past
from tasks.stored import scored_predictions, stored_rows


class LiveState:
    """A model in the loop behind its gateways; it implements `LoopState`.

    One lasts for one batch: what it has read of the batch, it does not read again.

    Args:
        gateways: The ledger, the registry and the store of predictions.
        spec: The model and its rules.
    """

    def __init__(self, gateways: Gateways, spec: ModelSpec) -> None:
        self.gateways, self.spec = gateways, spec
        self._rows: dict[str, pd.DataFrame] = {}
        self._fitted: tuple[tuple[Version, FitKey], pd.DataFrame] | None = None
        self._contenders: dict[Version, Contender] = {}

    def champion(self) -> Champion:
        """The version that the ledger names as champion, its bytes verified."""
        return read_champion(self.gateways, self.spec)

    def challenger(self) -> Challenge | None:
        """The challenger that waits for more labels; None where it waits in vain or is damaged.

        It waits in vain where another champion has been promoted, or the spec has another recipe
        by now: what is refitted after a promotion is what was judged.
        """
        waiting = self.gateways.ledger.challenger(self.spec.name)
        if waiting is None or waiting.champion != self.champion().version.number:
            return None
        try:
            contender = self.load(waiting.version)
        except StoredError as error:
            warn("the waiting challenger is dropped: %s", error)
            self.gateways.ledger.close_challenger(self.spec.name, datetime.now(UTC))
            return None
        same_recipe = burden_of(contender.spec, self.spec) is Burden.REFRESH
        return Challenge(contender, waiting.evidence) if same_recipe else None

    def judged_batches(self, but: str) -> tuple[JudgedBatch, ...]:
        """Other batches whose labels were judged, in the order in which they arrived."""
        return self.gateways.ledger.judged_batches(self.spec.name, but, BUDGET_WINDOW)

    def training_batches(self, before: str) -> tuple[TrainingBatch, ...]:
        """Handled batches before this one with rows to learn from, not learnt by the champion."""
        learnt = self.champion().model.card.training.batches
        ordinal = self.entry_of(before).ordinal
        found = self.gateways.ledger.training_candidates(self.spec.name, ordinal, set(learnt))
        batches = [b.batch for b in found]
        card = replace(self.champion().model.card, spec=self.spec)
        if not self._rows.keys() >= set(batches):
            self._rows |= read_past(self.gateways.predictions, card, batches, self.rows)
        return tuple(batch for batch in found if not self._rows[batch.batch].empty)

    def rows(self, batch: str, part: Part = Part.WHOLE) -> pd.DataFrame:
        """Labelled rows of a batch that a model may learn from and be compared on."""
        if batch not in self._rows:
            self._rows[batch] = self._read_rows(batch)
        rows = self._rows[batch]
        if part is Part.WHOLE:
            return rows
        return rows[in_part(rows, part, self.spec)].reset_index(drop=True)

    def labelled(self, batch: str, predictions: Predictions) -> Labelled | None:
        """The labelled rows that may stand for a batch; None before any labels have arrived."""
        found = self.all_labelled(batch, predictions)
        return found and fair_sample(predictions, found, self.spec.harm_min_labels)

    def all_labelled(self, batch: str, predictions: Predictions) -> Labelled | None:
        """Predictions of a batch joined with its labels; None before any have arrived."""
        labels = stored_labels(self.gateways, self.spec, batch)
        domain = domain_of(self.champion().model.card, self.spec)
        return None if labels.empty else join(predictions, labels, domain)

    def fit(self, key: FitKey) -> Contender:
        """The spec's recipe fitted on the rows of a key."""
        kinds = kinds_in(self.champion().model.card.profile)
        return fit_contender(key, self.fitted_rows(key), self.spec, kinds)

    def fitted_rows(self, key: FitKey) -> pd.DataFrame:
        """The rows of a key: the champion's training set and what is newer, each id once."""
        version = self.champion().version
        if self._fitted is None or self._fitted[0] != (version, key):
            self._fitted = (version, key), self._combined(version, key)
        return self._fitted[1]

    def evaluate(self, contender: Contender, batch: str, part: Part) -> Evaluation:
        """A model on the rows of a batch."""
        rows, kinds = self.rows(batch, part), kinds_in(self.champion().model.card.profile)
        values, truth = predictions_and_truth(contender.pipeline, rows, self.spec, kinds)
        return Evaluation(values, truth, row_losses(values, truth, self.spec.task))

    def may_repeat_ids(self, batch: str) -> bool:  # noqa: ARG002 - any batch may
        """Whether a row of a batch may have the id of an earlier one: corrections arrive so."""
        return True

    def look(self, evidence: tuple[PairedBlock, ...]) -> int:
        """The number of this look at challengers of the champion."""
        number = self.champion().version.number
        return self.gateways.ledger.look_at(self.spec.name, number, evidence_digest(evidence))

    def record(self, inputs: DecisionInputs, decision: Decision) -> None:
        """Keep a decision with all that it was made from, before it is carried out."""
        made = StoredDecision(
            self.spec.name, inputs.batch, decision, document(inputs), datetime.now(UTC)
        )
        self.gateways.ledger.record_decision(made, judged_batch(inputs, decision))

    def load(self, version: Version) -> Contender:
        """A contender that was stored, its bytes verified."""
        if version not in self._contenders:
            model = self.gateways.registry.load(version).model
            key = FitKey(model.card.training.batches)
            self._contenders[version] = Contender(
                key, model.card.spec, model.pipeline, version=version
            )
        return self._contenders[version]

    def entry(self, ordinal: int) -> BatchEntry:
        """The batch that the ledger gave this ordinal.

        Raises:
            UsageError: There is none.
        """
        if (entry := self.gateways.ledger.batch_at(self.spec.name, ordinal)) is not None:
            return entry
        raise UsageError(
            f"Model {self.spec.name!r} has no batch {ordinal}.",
            ordinal,
            "the ordinal of a batch that was monitored",
            f"run `incumbent status {self.spec.name}`, which lists the last batches",
        )

    def entry_of(self, batch: str) -> BatchEntry:
        """The batch of this digest.

        Raises:
            IntegrityError: The ledger does not know it.
        """
        entry = self.gateways.ledger.batch(self.spec.name, batch)
        if entry is None:
            raise IntegrityError(
                "The ledger does not know this batch.",
                batch,
                "the digest of a batch that was monitored",
                "monitor the batch again",
            )
        return entry

    def _combined(self, version: Version, key: FitKey) -> pd.DataFrame:
        """The champion's training set with the batches of a key that are newer."""
        learnt = contender_of(self.champion()).key.batches
        tables = [read_training_set(self.gateways, version)]
        tables += [self.rows(batch) for batch in key.batches[len(learnt) :]]
        tables += [] if key.half is None else [self.rows(key.half, Part.OLDER)]
        return training_set_of(tables, self.spec)

    def _read_rows(self, batch: str) -> pd.DataFrame:
        """What a batch teaches; nothing where it is lost what it was, or what its labels were."""
        entry, card = self.entry_of(batch), self.champion().model.card
        try:
            frame = self.frame(entry)
            predictions = scored_predictions(self.gateways, self.spec, entry)
            labelled = None if predictions is None else self.labelled(batch, predictions)
        except IntegrityError as error:
            message = "batch %s is not learnt from: %s"
            warn(message, entry.batch.id, error)
            return pd.DataFrame()
        return teachable_rows(frame, labelled, card)

    def frame(self, entry: BatchEntry) -> pd.DataFrame:
        """The canonical rows of a batch without its target, as they were when it was scored.

        Raises:
            IntegrityError: They are lost, and its file has changed, or is gone.
        """
        return stored_rows(self.gateways, self.spec, entry)
