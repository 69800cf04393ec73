"""One loop: a live run and a replay walk the same rules to the same decisions.

Histories are generated: labels that are late, partial, shuffled, inverted, uneven or of a third
class; batches that are quarantined or small; rows that an expectation excludes; training sets
beyond their limit. The live side is the flows behind a real ledger, a real store of predictions
and Great Expectations; the other side is the same history in memory.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from incumbent.model.scoring import predictions_and_truth
from incumbent.records import document
from incumbent.replay.fits import Fits
from incumbent.replay.loop import replay_policy
from incumbent.statistics.metrics import row_losses
from tasks import past_rows
from tasks.history import open_history
from tests.flows.world import TRAINING_DAYS, Delivery, a_spec, batch_rows, rows_of
from tests.tasks.loops import at_work

LABELS = ("sound", "changed", "inverted", "shuffled", "third class", "partial", "uneven", "none")
SPECS = {
    "usual": {},
    "small gate": {"shadow_min_labels": 1_000, "decision_cooldown": 0},
    "sampled": {"training_max_rows": 1_000, "decision_cooldown": 0},
    "age": {"trigger": "schedule", "schedule_days": 3},
    "drift": {"trigger": "drift", "drift_repeats": 1},
    "other days": {"training_half_life": 0.0, "decision_price": 0.0},
}


@pytest.fixture(scope="module", autouse=True)
def _rows_are_kept_together_early():
    """Rows of the past are kept by two batches, so that short histories have them as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(past_rows, "TOGETHER", 2)
        yield


@dataclass(frozen=True)
class Delivered:
    """How one batch is delivered, and how its labels are."""

    labels: str
    rows_a_day: int
    moved: bool = False
    broken: bool = False


def deliveries():
    return st.builds(
        Delivered,
        labels=st.sampled_from(LABELS),
        rows_a_day=st.sampled_from([30, 80, 150]),
        moved=st.booleans(),
        broken=st.sampled_from([False, False, False, True]),
    )


def rows_delivered(number, how):
    """The rows of a batch with the labels that are delivered; a missing label is null."""
    changed = how.labels in {"changed", "partial"}
    rows = batch_rows(number, changed=changed, rows_a_day=how.rows_a_day)
    random, known = np.random.default_rng(number), rows["bought"]
    labels = {
        "inverted": 1 - known,
        "shuffled": pd.Series(random.permutation(known)),
        "third class": known.mask(random.random(len(rows)) < 0.05, 2),
        "partial": known.astype("Int64").mask(random.random(len(rows)) < 0.3),
        "uneven": known.astype("Int64").mask(rows["price"] > 0.3),
        "none": known.astype("Int64").mask(known >= 0),
    }.get(how.labels, known)
    rows = rows.assign(bought=labels, price=rows["price"] + (1.5 if how.moved else 0.0))
    return rows.assign(visit=None) if how.broken else rows


def live(loop, spec, data, batches, delay):
    """What the flows answer: a document for each batch once its labels were due."""
    loop.train(spec, data)
    documents, losses, versions = {}, [], []
    for position in range(len(batches) + delay):
        if position < len(batches):
            path, labels, rows = batches[position]
            champion = loop.registry.load(loop.gateways.ledger.champion("shop"))
            versions.append(champion.version.number)
            losses.append(loss_of(champion, rows, spec))
            (documents[position],) = loop.monitor(spec, path, None if delay else labels)
        if delay and position >= delay:
            path, labels, _ = batches[position - delay]
            (documents[position - delay],) = loop.monitor(spec, path, labels)
    return [documents[k] for k in range(len(batches))], losses, versions


def loss_of(champion, rows, spec):
    known = rows[rows["bought"].isin([0, 1])]  # a third class is no label
    if rows["visit"].isna().any() or known.empty:
        return float("nan")
    kinds = {"price": "numeric", "age": "numeric", "page": "categorical"}
    known = known.assign(bought=known["bought"].astype(int).astype(str))
    found = predictions_and_truth(champion.model.pipeline, known, spec, kinds)
    return float(row_losses(*found, spec.task)["log_loss"].mean())


def decided(decision):
    """A decision as far as it does not depend on how batches are named."""
    names = ("reasons", "blocked", "faults")
    return decision["action"], *(
        tuple((r["signal"], r["text"]) for r in decision[name]) for name in names
    )


class Recorder:
    """Keeps the steps of a walk."""

    def __init__(self):
        self.steps = []

    def arrives(self, walk, position):
        """Nothing is begun early."""

    def judged(self, walk, step):
        self.steps.append(step)


def deliver(folder, history):
    """Files of a history: the reference, and for each batch its path, its labels and its rows."""
    delivery, found = Delivery(folder), []
    for number, how in enumerate(history):
        rows = rows_delivered(number, how)
        known = rows.dropna(subset=["bought"])
        labels = delivery.labels_of(f"b{number}", known.astype({"bought": "int64"}))
        found.append((delivery.unlabelled(f"b{number}", rows), labels, rows))
    return delivery, delivery.reference(rows_of(TRAINING_DAYS)), found


def compare(folder, fields, history, delay):
    delivery, data, batches = deliver(folder, history)
    spec = a_spec(harm_min_labels=100, **{"shadow_min_labels": 100} | fields)
    with at_work(folder / "home") as loop:
        documents, losses, versions = live(loop, spec, data, batches, delay)
        replayed = spec.model_copy(update={"labels": delivery.labels})
        made = open_history(replayed, data, [path for path, *_ in batches])
        fits, recorder = Fits(made, spec), Recorder()
        trial = replay_policy(fits, None, delay, drift=True, listener=recorder)
        fits.close()
    steps = sorted(recorder.steps, key=lambda step: step.position)
    decisions = [document(step.decision) for step in steps]
    assert [decided(d["decision"]) for d in documents] == [decided(d) for d in decisions]
    verdicts = [d["verdict"] and d["verdict"]["verdict"] for d in documents]
    assert verdicts == list(trial.verdicts)
    assert versions == list(trial.scored_by)
    assert np.allclose(losses, trial.losses, rtol=0, atol=1e-9, equal_nan=True)
    after = [d["champion"]["version_after"] for d in documents]
    assert after == [step.champion for step in steps]


@pytest.mark.slow
# Shrinking would take minutes: each example is a loop of its own.
@settings(max_examples=12, phases=[Phase.generate])
@given(
    fields=st.sampled_from(list(SPECS.values())),
    history=st.lists(deliveries(), min_size=3, max_size=5),
    delay=st.sampled_from([0, 0, 1, 2]),
)
def test_live_and_in_memory_decide_alike(tmp_path_factory, fields, history, delay):
    compare(tmp_path_factory.mktemp("one"), fields, history, delay)


SOUND, CHANGED = Delivered("sound", 150), Delivered("changed", 150)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "history", "delay"),
    [
        ("usual", [SOUND, CHANGED, CHANGED, CHANGED], 0),
        ("usual", [SOUND, CHANGED, CHANGED, CHANGED], 1),
        ("sampled", [CHANGED] * 4, 0),
        ("small gate", [CHANGED] * 4, 0),
        ("usual", [Delivered("shuffled", 150), CHANGED, Delivered("inverted", 80), CHANGED], 0),
        ("age", [SOUND, replace(SOUND, broken=True), CHANGED, SOUND], 0),
        ("drift", [replace(SOUND, moved=True)] * 3, 0),
    ],
)
def test_the_paths_of_the_loop_are_walked_alike(tmp_path, fields, history, delay):
    compare(tmp_path, SPECS[fields], history, delay)
