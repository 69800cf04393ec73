import json
import math
import signal

import click
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incumbent.cli.replay import interruptible
from incumbent.params import Task
from incumbent.replay.document import AtOnce, Tally, replay_document, tally_of, weighted
from incumbent.replay.history import REFERENCE, History, evenly
from tests.unit.builders import a_frame, a_spec, canonical_rows

SPEC = a_spec(timestamp="t", id="i")


@pytest.fixture
def history():
    rows, kinds = canonical_rows(a_frame(), SPEC)
    found = History(SPEC, kinds, rows)
    for seed in (1, 2, 3):
        found.append(canonical_rows(a_frame(40 * seed, seed), SPEC)[0])
    yield found
    found.close()


def a_document(loss=0.5, action="none", training=None, verdict=None):
    return {
        "batch": {"id": "b", "rows": 10},
        "decision": {"action": action},
        "verdict": verdict and {"verdict": verdict},
        "scored_by": 1,
        "training": training,
        "harm": None
        if loss is None
        else {"metric_name": "log_loss", "metrics": {"log_loss": {"value": loss}}},
    }


def test_excluded_positions_find_their_rows_among_those_with_labels(history):
    rows = canonical_rows(a_frame(40, 4), SPEC)[0]
    history.append(rows[20:24], np.array([20, 21, 21, 23]))  # an id that came with two labels
    found = history.labelled([1], [[], [0], [], [3, 21, 23]])
    assert found.set_aside == {1}
    assert {k: np.flatnonzero(v).tolist() for k, v in found.excluded.items()} == {
        1: [0],
        3: [1, 2, 3],
    }


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


def test_a_history_knows_its_batches(history):
    assert len(history) == 3
    assert history.rows() == (40, 80, 120)


def test_policies_share_their_fits(history):
    assert history.start(0) is history.start(0)
    assert history.start(0).result().seconds > 0
    never, always = history.tally([]), history.tally([0, 1])
    assert never.losses[0] == always.losses[0]
    assert never.losses[1] != always.losses[1]
    assert (never.trainings, never.fits, never.fit_seconds, never.promotions) == (0, 0, 0, 0)
    assert (always.trainings, always.fits, always.promotions, always.refusals) == (2, 2, 2, 0)
    fits = [history.start(k).result().seconds for k in (0, 1)]
    assert always.fit_seconds == pytest.approx(sum(fits))


def test_each_batch_is_scored_by_the_newest_model_before_it(history):
    found = history.tally([1, 0]).losses
    assert found == tuple(history.loss(i, i - 1) for i in range(3))
    assert history.tally([1]).losses == (
        history.loss(0, REFERENCE),
        history.loss(1, REFERENCE),
        history.loss(2, 1),
    )


def test_losses_that_are_known_are_kept(history):
    assert history.tally([], [1.0, 2.0, 3.0]).losses == (1.0, 2.0, 3.0)


def test_a_batch_without_rows_has_no_loss(history):
    history.append(canonical_rows(a_frame(), SPEC)[0].head(0))
    assert math.isnan(history.loss(3, REFERENCE))


def test_a_failed_fit_says_why():
    rows, kinds = canonical_rows(a_frame(y=1), SPEC)
    history = History(SPEC, kinds, rows)
    with pytest.raises(Exception, match="does not fit the task"):
        history.start(REFERENCE).result()
    history.close()


def test_losses_are_weighted_by_rows():
    assert weighted([1.0, 4.0], [3, 1]) == 1.75
    assert math.isnan(weighted([], []))
    assert math.isnan(weighted([1.0], [0]))


def test_incumbents_own_tally_is_read_from_what_was_said():
    documents = [
        a_document(0.5),
        a_document(0.6, "retrain", {"fits": 2, "fit_seconds": 1.5}, "promote"),
        a_document(0.7, "retrain", {"fits": 1, "fit_seconds": 0.5}, "reject"),
        a_document(0.4, "notify", {"fits": 0, "fit_seconds": 0.0}, "extend"),
    ]
    losses = [0.5, 0.6, 0.7, 0.4]
    assert tally_of(documents, losses) == Tally((0.5, 0.6, 0.7, 0.4), 2, 3, 2.0, 1, 1)


def test_the_document_has_a_line_per_policy_and_batch():
    tallies = {"never": Tally((1.0, 2.0)), "incumbent": Tally((1.0, 1.0), 1, 2, 0.5, 1, 0)}
    documents = [a_document(1.0, "retrain", None, "promote"), a_document(1.0)]
    found = replay_document(SPEC, documents, tallies, [10, 30])
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
        "rows": 10,
        "action": "retrain",
        "verdict": "promote",
        "champion_version": 1,
        "metric": {"never": 1.0, "incumbent": 1.0},
    }
    assert found["batches"][1]["verdict"] is None


def test_what_late_labels_cost_is_said_on_the_batches_that_all_have_a_loss_on():
    late = {"always": Tally((1.0, 2.0)), "incumbent": Tally((math.nan, 3.0))}
    at_once = AtOnce(2, {"always": (1.0, 1.5), "incumbent": (1.0, 1.0)})
    found = replay_document(SPEC, [a_document(), a_document()], late, [10, 30], at_once)
    assert found["delay"] == {
        "batches": 2,
        "always": {"metric": 2.0, "at_once": 1.5, "cost": 0.5},
        "incumbent": {"metric": 3.0, "at_once": 1.0, "cost": 2.0},
    }
    assert replay_document(SPEC, [a_document()] * 2, late, [10, 30])["delay"] is None


def test_policies_are_compared_on_the_batches_that_all_have_a_loss_on():
    tallies = {"never": Tally((1.0, 2.0)), "incumbent": Tally((math.nan, 1.0))}
    found = replay_document(SPEC, [a_document(None), a_document()], tallies, [10, 30])
    assert found["policies"]["never"]["metric"] == 2.0
    assert found["policies"]["incumbent"]["metric"] == 1.0
    assert found["batches"][0]["metric"] == {"never": 1.0, "incumbent": None}
    json.dumps(found, allow_nan=False)


def test_no_batch_that_can_be_compared_has_no_metric():
    tallies = {"never": Tally((1.0,)), "incumbent": Tally((math.nan,))}
    found = replay_document(a_spec(task=Task.REGRESSION), [a_document(None)], tallies, [10])
    assert found["metric_name"] == "mae"
    assert found["policies"]["never"]["metric"] is None
    assert found["policies"]["never"]["regret"] is None


def test_an_interrupted_command_ends_as_such_whatever_that_breaks():
    """Prefect's server is interrupted as well: the flow fails for want of it."""
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(click.Abort), interruptible():
        break_when_interrupted()
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(ConnectionError), interruptible():
        raise ConnectionError


def break_when_interrupted():
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        raise ConnectionError
