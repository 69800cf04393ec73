import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incumbent.params import Task
from incumbent.records import Batch
from incumbent.replay.document import AtOnce, replay_document
from incumbent.replay.trial import Trial, evenly, weighted
from tests.unit.builders import a_spec

SPEC = a_spec(timestamp="t", id="i")
BATCHES = [Batch("b", "0", 11, None, "b"), Batch("c", "1", 30, None, "c")]


def a_trial(*losses, **fields):
    """A policy on two batches of 10 and 30 rows with a label."""
    n = len(losses)
    found = {"actions": ("none",) * n, "verdicts": (None,) * n, "scored_by": (1,) * n} | fields
    return Trial(losses, (10, 30)[:n], **found)


@given(st.integers(0, 60), st.integers(0, 60))
def test_trainings_are_spread_evenly_and_never_after_the_last(trainings, batches):
    after = evenly(trainings, batches)
    assert len(after) == min(trainings, max(batches - 1, 0))
    assert sorted(set(after)) == list(after)
    assert all(0 <= k <= batches - 2 for k in after)
    gaps = np.diff([-1, *after, batches - 1])
    assert len(gaps) == 0 or gaps.max() - gaps.min() <= 2


@pytest.mark.parametrize(
    ("trainings", "batches", "expected"),
    [
        (0, 0, ()),
        (3, 0, ()),
        (1, 1, ()),
        (1, 2, (0,)),
        (2, 2, (0,)),
        (10, 22, tuple(range(1, 21, 2))),
    ],
)
def test_trainings_of_short_histories(trainings, batches, expected):
    assert evenly(trainings, batches) == expected


def test_losses_are_weighted_by_rows():
    assert weighted([1.0, 4.0], [3, 1]) == 1.75
    assert math.isnan(weighted([], []))
    assert math.isnan(weighted([1.0], [0]))


def test_a_trial_counts_its_trainings_and_refusals():
    found = a_trial(0.5, 0.7, actions=("retrain", "retrain"), verdicts=("promote", "reject"))
    assert (found.trained, found.trainings, found.refusals) == ((True, True), 2, 1)
    assert found.loss == pytest.approx(0.65)


def test_the_document_has_a_line_per_policy_and_batch():
    own = a_trial(
        *(1.0, 1.0),
        actions=("retrain", "none"),
        verdicts=("promote", None),
        fits=2,
        fit_seconds=0.5,
        promotions=1,
    )
    found = replay_document(SPEC, BATCHES, {"never": a_trial(1.0, 2.0), "incumbent": own})
    assert found["metric_name"] == "log_loss"
    assert found["lower_is_better"] is True
    assert found["policies"]["never"]["metric"] == 1.75
    assert found["policies"]["never"]["regret"] == 0.75
    assert found["policies"]["incumbent"] == {
        "metric": 1.0,
        "regret": 0.0,
        "trainings": 1,
        "fits": 2,
        "fit_seconds": 0.5,
        "promotions": 1,
        "refusals": 0,
    }
    assert found["batches"][0] == {
        "batch": "b",
        "rows": 11,
        "action": "retrain",
        "verdict": "promote",
        "champion_version": 1,
        "metric": {"never": 1.0, "incumbent": 1.0},
    }
    assert found["batches"][1]["verdict"] is None


def test_what_late_labels_cost_is_told_on_the_batches_that_all_have_a_loss_on():
    late = {"always": a_trial(1.0, 2.0), "incumbent": a_trial(math.nan, 3.0)}
    at_once = AtOnce(2, {"always": (1.0, 1.5), "incumbent": (1.0, 1.0)})
    found = replay_document(SPEC, BATCHES, late, at_once)
    assert found["delay"] == {
        "batches": 2,
        "always": {"metric": 2.0, "at_once": 1.5, "cost": 0.5},
        "incumbent": {"metric": 3.0, "at_once": 1.0, "cost": 2.0},
    }
    assert replay_document(SPEC, BATCHES, late)["delay"] is None


def test_policies_are_compared_on_the_batches_that_all_have_a_loss_on():
    trials = {"never": a_trial(1.0, 2.0), "incumbent": a_trial(math.nan, 1.0)}
    found = replay_document(SPEC, BATCHES, trials)
    assert found["policies"]["never"]["metric"] == 2.0
    assert found["policies"]["incumbent"]["metric"] == 1.0
    assert found["batches"][0]["metric"] == {"never": 1.0, "incumbent": None}
    json.dumps(found, allow_nan=False)


def test_no_batch_that_can_be_compared_has_no_metric():
    trials = {"never": a_trial(1.0), "incumbent": a_trial(math.nan)}
    found = replay_document(a_spec(task=Task.REGRESSION), BATCHES[:1], trials)
    assert found["metric_name"] == "mae"
    assert found["policies"]["never"]["metric"] is None
    assert found["policies"]["never"]["regret"] is None
