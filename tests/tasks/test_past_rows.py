"""Rows of the past: kept together they are those of each batch, until something of them changes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from incumbent.gateways.predictions import PredictionStore
from incumbent.records import LabelArrival
from tasks.past_rows import TOGETHER, read_past

BATCHES = [f"{number:016x}{0:048x}" for number in range(2 * TOGETHER + 3)]


@pytest.fixture
def store(tmp_path):
    return PredictionStore(str(tmp_path))


@pytest.fixture
def card(loop):
    return loop.registry.load(loop.gateways.ledger.champion("shop")).model.card


class Reading:
    """Gives the rows of a batch, and knows of which it was asked for."""

    def __init__(self, *unlabelled, other=None):
        self.unlabelled, self.other, self.asked = set(unlabelled), other, []

    def __call__(self, batch):
        self.asked.append(BATCHES.index(batch))
        random = np.random.default_rng(BATCHES.index(batch))
        rows = pd.DataFrame({"price": random.normal(size=5), "bought": random.integers(0, 2, 5)})
        if batch == self.other:
            rows["bought"] = rows["bought"].astype(float)
        return rows[:0] if batch in self.unlabelled else rows


def assert_rows(found, read):
    assert [*found] == BATCHES
    for batch, rows in found.items():
        pd.testing.assert_frame_equal(rows, read(batch))


def test_what_was_kept_together_is_not_read_one_by_one_again(store, card):
    assert_rows(read_past(store, card, BATCHES, Reading(BATCHES[1])), Reading(BATCHES[1]))
    again = Reading(BATCHES[1])
    found = read_past(store, card, BATCHES, again)
    assert again.asked == [40, 41, 42]
    assert_rows(found, Reading(BATCHES[1]))


@pytest.mark.parametrize("change", ["labels", "classes", "batch"])
def test_what_has_changed_is_read_again_and_kept_anew(store, card, change):
    read_past(store, card, BATCHES, Reading(BATCHES[1]))
    batches = BATCHES[1:] if change == "batch" else BATCHES
    if change == "labels":
        store.write_labels("shop", BATCHES[1], LabelArrival("a" * 64, "/l.csv"), ["x"], [1])
    if change == "classes":
        card = replace(card, classes=("no", "yes"))
    first, second = Reading(), Reading()
    read_past(store, card, batches, first)
    read_past(store, card, batches, second)
    assert len(first.asked) >= TOGETHER > len(second.asked)


def test_batches_whose_labels_are_of_another_kind_are_read_one_by_one(store, card):
    read_past(store, card, BATCHES, Reading(other=BATCHES[3]))
    again = Reading(other=BATCHES[3])
    assert_rows(read_past(store, card, BATCHES, again), Reading(other=BATCHES[3]))
    assert again.asked[:20] == [*range(20)]
    assert again.asked[20:] == [40, 41, 42]
