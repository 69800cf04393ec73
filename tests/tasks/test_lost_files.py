"""Files that are lost or damaged: what can be made again is, the rest is set aside by itself."""

import os
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest

from incumbent.errors import MissingPathError, QuarantineError
from incumbent.records import BatchStatus
from tests.flows.world import a_spec, batch_rows

ROWS = [batch_rows(k) for k in range(3)]


@pytest.fixture
def spec(delivery):
    return a_spec(source=delivery.source, labels=delivery.labels)


def stored(loop, kind):
    """Every file of one kind in the store of predictions."""
    return sorted((loop.home / "predictions" / "shop" / kind).glob("*.parquet"))


def truncate(path):
    path.write_bytes(path.read_bytes()[:100])


def remove(path):
    path.unlink()


def handled(loop):
    entries = loop.gateways.ledger.batches("shop")
    return [entry.batch.id for entry in entries if entry.status is BatchStatus.HANDLED]


def deliver(delivery, number, *, labels=True):
    delivery.unlabelled(f"b{number}", ROWS[number])
    if labels:
        delivery.labels_of(f"l{number}", ROWS[number])


@pytest.mark.parametrize("damage", [truncate, remove])
@pytest.mark.parametrize("rows_too", [False, True])
def test_lost_predictions_are_made_again_by_the_version_that_scored(
    loop, delivery, spec, damage, rows_too
):
    deliver(delivery, 0, labels=False)
    loop.monitor(spec)
    (predictions,) = stored(loop, "predictions")
    before = pd.read_parquet(predictions)
    damage(predictions)
    if rows_too:
        damage(*stored(loop, "rows"))
    delivery.labels_of("l0", ROWS[0])
    (late,) = loop.monitor(spec)
    assert late["harm"]["matured"] == len(ROWS[0])
    pd.testing.assert_frame_equal(pd.read_parquet(predictions), before)


def test_predictions_that_cannot_be_made_again_leave_their_labels_unjudged(loop, delivery, spec):
    deliver(delivery, 0, labels=False)
    loop.monitor(spec)
    remove(*stored(loop, "predictions"))
    remove(*stored(loop, "rows"))
    remove(Path(delivery.source).parent / "b0.parquet")
    delivery.labels_of("l0", ROWS[0])
    assert loop.monitor(spec) == []
    deliver(delivery, 1)
    (document,) = loop.monitor(spec)
    assert document["harm"]["matured"] == len(ROWS[1])


def test_a_batch_file_that_retention_has_deleted_does_not_keep_its_labels_from_counting(
    loop, delivery, spec
):
    deliver(delivery, 0, labels=False)
    loop.monitor(spec)
    remove(Path(delivery.source).parent / "b0.parquet")
    delivery.labels_of("l0", ROWS[0])
    (late,) = loop.monitor(spec)
    assert late["harm"]["matured"] == len(ROWS[0])
    deliver(delivery, 1)
    (document,) = loop.monitor(spec)
    assert document["gain"]["rows"] > 0


def test_a_damaged_label_file_is_read_again_from_where_it_arrived(loop, delivery, spec):
    deliver(delivery, 0)
    loop.monitor(spec)
    (labels,) = stored(loop, "labels")
    before = pd.read_parquet(labels)
    truncate(labels)
    deliver(delivery, 1)
    (document,) = loop.monitor(spec)
    assert document["gain"]["rows"] > 0
    pd.testing.assert_frame_equal(pd.read_parquet(labels), before)


def test_labels_that_are_lost_for_good_are_no_longer_learnt_from(loop, delivery, spec):
    deliver(delivery, 0)
    loop.monitor(spec)
    truncate(*stored(loop, "labels"))
    remove(Path(delivery.labels).parent / "l0.parquet")
    for number in (1, 2):
        deliver(delivery, number)
        (document,) = loop.monitor(spec)
        assert document["harm"]["matured"] == len(ROWS[number])
    assert handled(loop) == ["b0", "b1", "b2"]


class TestQueue:
    def test_a_file_that_vanishes_on_the_way_does_not_stop_those_behind_it(
        self, loop, delivery, spec, monkeypatch
    ):
        for number in range(2):
            deliver(delivery, number)
        gone = Path(delivery.unlabelled("a", ROWS[2]))
        module = import_module("flows.monitor")
        found = module.find_batches(loop.gateways, spec, None, None)
        monkeypatch.setattr(module, "find_batches", lambda *_: found)
        remove(gone)
        with pytest.raises(MissingPathError):
            loop.monitor(spec)
        assert handled(loop) == ["b0", "b1"]

    def test_a_name_that_is_not_utf_8_does_not_stop_those_behind_it(self, loop, delivery, spec):
        deliver(delivery, 0)
        name = os.fsdecode(b"a\xff.parquet")
        other = Path(delivery.unlabelled("other", ROWS[2]))
        other.rename(other.with_name(name))
        with pytest.raises(QuarantineError, match="UTF-8"):
            loop.monitor(spec)
        assert handled(loop) == ["b0"]
        deliver(delivery, 1)
        with pytest.raises(QuarantineError, match="UTF-8"):
            loop.monitor(spec)
        assert handled(loop) == ["b0", "b1"]
