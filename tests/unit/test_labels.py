import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incumbent.data.labels import join, labels_of, take
from incumbent.params import Task
from incumbent.records import Predictions
from tests.unit.builders import a_spec, some_predictions

PREDICTIONS = some_predictions([0.1, 0.2, 0.3, 0.4, 0.5])
arrivals = st.lists(
    st.tuples(st.sampled_from(["r0", "r1", "r2", "r3", "r4", "r9"]), st.sampled_from(["0", "1"])),
    max_size=20,
)


def table(pairs, dtype="str"):
    return pd.DataFrame(
        {
            "id": pd.Series([p[0] for p in pairs], dtype="str"),
            "label": pd.Series([p[1] for p in pairs], dtype=dtype),
        }
    )


def label_by_id(labelled):
    return dict(zip(labelled.predictions.ids.tolist(), labelled.labels.tolist(), strict=True))


def test_labels_find_their_rows_in_the_order_of_the_batch():
    found = join(PREDICTIONS, table([("r3", "1"), ("r9", "1"), ("r0", "0")]))
    assert found.positions.tolist() == [0, 3]
    assert found.labels.tolist() == ["0", "1"]
    assert found.predictions.ids.tolist() == ["r0", "r3"]
    assert found.predictions.values[:, 1].tolist() == [0.1, 0.4]
    assert found.predictions.blocks.tolist() == [0, 3]
    assert found.conflicts == 0


def test_the_values_of_slices_go_with_their_rows():
    kept = some_predictions([0.1, 0.2, 0.3], slices={"c": np.array(["a", None, "b"], dtype=object)})
    found = join(kept, table([("r2", "1"), ("r1", "0")])).predictions.slices
    assert found["c"].tolist() == [None, "b"]


def test_an_id_with_two_labels_has_none():
    found = join(
        PREDICTIONS, table([("r0", "0"), ("r1", "1"), ("r0", "1"), ("r9", "0"), ("r9", "1")])
    )
    assert label_by_id(found) == {"r1": "1"}
    assert found.conflicts == 1


def test_a_label_that_comes_again_is_no_conflict():
    found = join(PREDICTIONS, table([("r0", "0"), ("r0", "0")]))
    assert (label_by_id(found), found.conflicts) == ({"r0": "0"}, 0)


def test_an_id_that_stands_twice_in_the_batch_has_one_label():
    twice = take(PREDICTIONS, np.array([0, 1, 0]))
    found = join(twice, table([("r0", "1")]))
    assert found.positions.tolist() == [0, 2]
    assert found.labels.tolist() == ["1", "1"]


@given(arrivals, st.randoms(use_true_random=False))
def test_neither_order_nor_repeats_of_arrivals_matter(pairs, random):
    again = pairs + random.sample(pairs, len(pairs) // 2)
    random.shuffle(again)
    here, there = join(PREDICTIONS, table(pairs)), join(PREDICTIONS, table(again))
    assert label_by_id(here) == label_by_id(there)
    assert here.conflicts == there.conflicts


@given(arrivals)
def test_what_is_joined_is_what_was_said_once(pairs):
    by_id = {i: {label for key, label in pairs if key == i} for i in PREDICTIONS.ids}
    found = join(PREDICTIONS, table(pairs))
    assert label_by_id(found) == {i: min(s) for i, s in by_id.items() if len(s) == 1}
    assert found.conflicts == sum(len(s) == 2 for s in by_id.values())


def test_no_labels_and_no_predictions_join_to_nothing():
    assert len(join(PREDICTIONS, table([])).labels) == 0
    nothing = take(PREDICTIONS, np.array([], dtype=int))
    found = join(nothing, table([("r0", "1"), ("r0", "0")]))
    assert (len(found.labels), found.conflicts) == (0, 0)


def test_values_are_labels_too():
    found = join(PREDICTIONS, table([("r0", 1.5), ("r1", 2.0), ("r1", 2.0)], "float64"))
    assert found.labels.tolist() == [1.5, 2.0]


def test_a_row_without_an_id_has_no_label():
    ids = np.array([None, "r1"], dtype=object)
    predictions = Predictions(
        ids,
        *(
            getattr(take(PREDICTIONS, np.array([0, 1])), f)
            for f in ("blocks", "values", "trainable")
        ),
    )
    raw = pd.DataFrame({"i": [None, "r1"], "y": [1, 1]})
    found = join(predictions, labels_of(raw, a_spec(id="i")))
    assert found.positions.tolist() == [1]


@pytest.mark.parametrize(
    ("ids", "labels", "expected"),
    [
        ([1, 2], [True, False], [("1", "1"), ("2", "0")]),
        ([1.0, None, 3.0], [1, 0, 1], [("1", "1"), ("3", "1")]),
        (["a", "b"], [1.0, None], [("a", "1")]),
        ([], [], []),
    ],
)
def test_labels_are_read_as_the_batch_is(ids, labels, expected):
    found = labels_of(pd.DataFrame({"i": ids, "y": labels, "other": 0}), a_spec(id="i"))
    assert list(found.columns) == ["id", "label"]
    assert list(found.itertuples(index=False, name=None)) == expected


def test_labels_without_an_id_are_known_by_their_position():
    found = labels_of(pd.DataFrame({"y": [1, None, 0]}), a_spec())
    assert list(found.itertuples(index=False, name=None)) == [("0", "1"), ("2", "0")]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_no_label(bad):
    spec = a_spec(task=Task.REGRESSION, id="i")
    found = labels_of(pd.DataFrame({"i": ["a", "b"], "y": [bad, 2.0]}), spec)
    assert list(found.itertuples(index=False, name=None)) == [("b", 2.0)]
