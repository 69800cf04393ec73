"""The files that a replay is given: what it reads of them, and what it refuses before the work."""

import logging
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from incumbent.errors import UsageError
from tasks.history import open_history
from tests.flows.world import TRAINING_DAYS, a_spec, batch_rows, rows_of

FIXED = ("never", "always", "periodic")


def replay(spec, reference, batches, delay=0):
    return import_module("flows.replay").replay(spec, reference, batches, delay, recommends=False)


@pytest.fixture
def reference(bare, delivery):
    """Training data, in a place without state."""
    return delivery.reference(rows_of(TRAINING_DAYS))


def written(rows, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows.to_parquet(path, index=False)
    return str(path)


def losses(doc, policy):
    return [b["metric"][policy] for b in doc["batches"]]


def test_files_of_one_name_in_different_folders_are_batches_of_their_own(reference, tmp_path):
    tables = [batch_rows(n, rows_a_day=100 + 20 * n) for n in range(2)]
    paths = [
        written(table, tmp_path / "lake" / f"day={n}" / "part-0.parquet")
        for n, table in enumerate(tables)
    ]
    doc = replay(a_spec(), reference, paths)
    assert [(b["batch"], b["rows"]) for b in doc["batches"]] == [
        ("day=0/part-0", len(tables[0])),
        ("day=1/part-0", len(tables[1])),
    ]


def test_a_pattern_or_a_folder_as_the_reference_is_one_table(bare, tmp_path):
    rows = rows_of(TRAINING_DAYS)
    for n, part in enumerate(np.array_split(np.arange(len(rows)), 3)):
        written(rows.iloc[part], tmp_path / "january" / f"part-{n}.parquet")
    for given in (tmp_path / "january", tmp_path / "january" / "part-*.parquet"):
        assert len(open_history(a_spec(), str(given), []).reference) == len(rows)


def test_labels_that_arrive_apart_are_joined_as_monitor_joins_them(reference, delivery):
    tables = [batch_rows(n, changed=n > 0) for n in range(3)]
    within = [delivery.batch(f"b{n}", rows) for n, rows in enumerate(tables)]
    whole = replay(a_spec(), reference, within)
    apart = [delivery.unlabelled(f"u{n}", rows) for n, rows in enumerate(tables)]
    for n, rows in enumerate(tables):
        delivery.labels_of(f"l{n}", rows)
    joined = replay(a_spec(labels=delivery.labels), reference, apart)
    for policy in (*FIXED, "incumbent"):
        assert losses(joined, policy) == losses(whole, policy), policy


def test_batches_without_labels_are_refused_with_what_is_missing(reference, delivery):
    apart = delivery.unlabelled("b0", batch_rows(0))
    with pytest.raises(UsageError, match="no column 'bought'") as refused:
        replay(a_spec(), reference, [apart])
    assert "set `labels`" in refused.value.next_step


def test_missing_labels_are_neither_learnt_nor_judged(bare, delivery):
    def gaps(rows):
        unknown = np.arange(len(rows)) % 7 == 0
        return rows.assign(bought=rows["bought"].astype("Int64").mask(unknown, pd.NA))

    data = delivery.reference(gaps(rows_of(TRAINING_DAYS)))
    batches = [delivery.batch(f"b{n}", gaps(batch_rows(n, changed=n > 0))) for n in range(3)]
    doc = replay(a_spec(), data, batches)
    for policy in (*FIXED, "incumbent"):
        assert all(map(np.isfinite, losses(doc, policy))), policy
    assert doc["policies"]["incumbent"]["promotions"] == 1


@pytest.mark.parametrize("kind", ["bytes", "column", "empty"])
def test_a_broken_batch_is_set_aside_by_every_policy(reference, delivery, kind):
    rows = [batch_rows(n, changed=n > 0) for n in range(3)]
    paths = [delivery.batch(f"b{n}", table) for n, table in enumerate(rows)]
    broken = {
        "bytes": lambda: delivery.broken("broken", b"PAR1 no more"),
        "column": lambda: delivery.batch("broken", rows[0].drop(columns="page")),
        "empty": lambda: delivery.batch("broken", rows[0].head(0)),
    }[kind]()
    whole, doc = (replay(a_spec(), reference, p) for p in (paths, [paths[0], broken, *paths[1:]]))
    (at,) = [b for b in doc["batches"] if b["batch"] == "broken"]
    assert (at["action"], at["metric"]["incumbent"]) == ("notify", None)
    assert {at["metric"][policy] for policy in FIXED} == {None}
    for policy in ("never", "always", "incumbent"):
        assert [x for x in losses(doc, policy) if x is not None] == losses(whole, policy), policy


def test_a_history_of_one_day_is_replayed_with_a_word_on_its_intervals(bare, delivery, caplog):
    rows = rows_of(TRAINING_DAYS)
    minutes = np.sort(np.arange(len(rows)) % (24 * 60))
    day = rows["at"].min().normalize() + pd.to_timedelta(minutes, unit="min")
    data = delivery.reference(rows.assign(at=day))
    batches = [delivery.batch(f"b{n}", batch_rows(n, changed=n > 0)) for n in range(3)]
    with caplog.at_level(logging.WARNING):
        doc = replay(a_spec(), data, batches)
    assert "too narrow where days differ" in caplog.text
    assert doc["policies"]["incumbent"]["promotions"] >= 1
