from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incumbent.data.labels import join
from incumbent.data.maturity import cohorts, describe_maturity, maturity, pooled, share_after
from incumbent.records import BatchEntry, BatchStatus, Cohort, MaturityPoint, PooledPoint
from tests.unit.builders import some_findings, some_predictions

PREDICTIONS = some_predictions(np.linspace(0.1, 0.9, 4))
LATER = {"first": 0, "second": 2}


def curve(*arrived, later=LATER):
    """Of the rows r0 to r3: pairs of an id and its arrival, and its label."""
    columns = {"id": [c[0] for c in arrived], "arrival": [c[1] for c in arrived]}
    labels = pd.DataFrame(columns | {"label": [(*c, "1")[2] for c in arrived]}, dtype="str")
    return [
        (p.batches_later, p.share) for p in maturity(join(PREDICTIONS, labels), labels, later, 4)
    ]


def test_no_labels_have_no_curve():
    assert curve() == []


def test_the_share_grows_with_each_arrival():
    assert curve(("r0", "first"), ("r1", "second"), ("r2", "second")) == [(0, 0.25), (2, 0.75)]


def test_a_label_counts_from_its_first_arrival():
    again = [("r0", "second"), ("r0", "first"), ("r1", "first"), ("r1", "second")]
    assert curve(*again) == [(0, 0.5)]


def test_ids_of_other_batches_and_with_two_labels_do_not_count():
    assert curve(("r9", "first"), ("r0", "first"), ("r0", "second", "0"), ("r1", "second")) == [
        (2, 0.25)
    ]


def test_arrivals_at_one_time_are_one_point():
    assert curve(("r0", "a"), ("r1", "b"), later={"a": 1, "b": 1}) == [(1, 0.5)]


@pytest.mark.parametrize(("lag", "share"), [(0, 0.0), (1, 0.5), (2, 0.5), (3, 0.9), (9, 0.9)])
def test_between_two_arrivals_the_share_stays(lag, share):
    assert share_after((MaturityPoint(1, 0.5), MaturityPoint(3, 0.9)), lag) == share


def test_documents_tell_how_labels_came_in_and_older_ones_do_not():
    batch = some_findings().entry.batch
    documents = [None, {}, {"maturity": None}, {"maturity": []}]
    documents += [{"maturity": [{"batches_later": 1, "share": 0.5}]}]
    entries = [BatchEntry(batch, k, BatchStatus.HANDLED, d) for k, d in enumerate(documents)]
    assert cohorts(entries, 6) == [
        Cohort(3, batch.rows, ()),
        Cohort(2, batch.rows, (MaturityPoint(1, 0.5),)),
    ]


def test_young_batches_do_not_make_labels_look_slow():
    """Half comes at once and all one batch later: for any age, as far as batches have closed."""
    whole = (MaturityPoint(0, 0.5), MaturityPoint(1, 1.0))
    ages = [Cohort(age, 100, whole[: age + 1]) for age in range(4)]
    assert pooled(ages) == (PooledPoint(0, 0.5, 3), PooledPoint(1, 1.0, 2))


def test_rows_count_alike():
    large, small = Cohort(1, 300, (MaturityPoint(0, 1.0),)), Cohort(1, 100, ())
    assert pooled([large, small]) == (PooledPoint(0, 0.75, 2),)


def test_a_lag_without_a_closed_batch_is_left_out():
    assert pooled([]) == ()
    assert pooled([Cohort(0, 100, (MaturityPoint(0, 1.0),))]) == ()


def test_labels_that_never_came_are_a_share_of_zero():
    assert pooled([Cohort(2, 100, ())]) == (PooledPoint(0, 0.0, 1),)


@given(st.lists(st.lists(st.floats(0, 1), min_size=1, max_size=6), min_size=1, max_size=6))
def test_batches_of_one_age_pool_to_shares_that_never_fall(steps):
    whole = [
        Cohort(6, 10, tuple(MaturityPoint(k, share) for k, share in enumerate(sorted(shares))))
        for shares in steps
    ]
    shares = [p.share for p in pooled(whole)]
    assert all(0 <= share <= 1 for share in shares)
    assert all(later >= share - 1e-12 for share, later in pairwise(shares))


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        ((), ""),
        (((0, 0.0),), "Labels: 0% come with the batch."),
        (((0, 1.0),), "Labels: 100% come with the batch."),
        (((0, 0.6), (1, 0.9)), "Labels: 60% come with the batch, 90% within 1 batch."),
        (
            ((0, 0.6), (3, 0.970), (30, 0.974)),
            "Labels: 60% come with the batch, 97% within 3 batches.",
        ),
    ],
)
def test_when_labels_come_in_a_sentence(points, sentence):
    assert describe_maturity([MaturityPoint(*point) for point in points]) == sentence
