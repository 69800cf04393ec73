"""Exploration, the fair sample of a batch, and the footprint of decisions in its labels."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from incumbent.data.labels import join
from incumbent.monitoring.coverage import coverage, coverage_of, fair_sample, uneven
from incumbent.monitoring.feedback import draw, measure_feedback, p_of_gaps
from incumbent.policy.decision import decide, identify, stored_inputs
from incumbent.records import Action, Exploration, document
from tests.unit.builders import (
    a_card,
    a_harm_report,
    a_signal,
    a_spec,
    an_estimate,
    some_inputs,
    some_predictions,
)

SPEC = a_spec(id="i", feedback_exploration=0.1, feedback_influence=True)
IDS = np.array([f"r{k}" for k in range(20_000)], dtype=object)
DAYS = 20


def a_usage(seed, rows=2_000, follows=0.0, share=0.1, seen=lambda score: score >= 0):
    """Predictions that are calibrated, and labels of which a share follows the decision."""
    random = np.random.default_rng(seed)
    score = expit(random.normal(0, 1.5, rows))
    explored = random.random(rows) < share
    truth = random.random(rows) < score
    decided = ~explored & (random.random(rows) < follows)
    label = np.where(decided, score >= 0.5, truth).astype(int).astype(str)
    drawn = Exploration(explored, np.full(rows, share))
    predictions = some_predictions(score, np.arange(rows) % DAYS)
    table = pd.DataFrame({"id": predictions.ids, "label": label})[seen(score) | explored]
    predictions = replace(predictions, exploration=drawn)
    return predictions, join(predictions, table)


def above_half(score):
    return score >= 0.5


def test_rows_are_drawn_by_their_id_and_the_seed_of_the_spec():
    drawn = draw(IDS, SPEC)
    assert drawn.explored.mean() == pytest.approx(0.1, abs=0.01)
    assert set(drawn.propensity) == {0.1}
    assert (draw(IDS[::-1], SPEC).explored == drawn.explored[::-1]).all()
    assert np.flatnonzero(drawn.explored)[:5].tolist() == [2, 10, 12, 24, 45]
    more = draw(IDS, SPEC.model_copy(update={"feedback_exploration": 0.2})).explored
    assert more[drawn.explored].all()
    for other in ({"training_seed": 1}, {"name": "n"}):
        both = draw(IDS, SPEC.model_copy(update=other)).explored & drawn.explored
        assert both.mean() == pytest.approx(0.01, abs=0.003)


def test_nothing_is_drawn_by_default_and_no_row_without_an_id():
    assert draw(IDS, a_spec(id="i")) is None
    whole = a_spec(id="i", feedback_exploration=1)
    assert draw(np.array(["a", None], dtype=object), whole).explored.tolist() == [True, False]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_labels_that_are_missing_at_random_are_even(share):
    random, found = np.random.default_rng(0), 0
    for _ in range(500):
        values, seen = random.random((250, 1)), random.random(250) < share
        found += uneven(coverage(values, np.flatnonzero(seen)))
    assert found <= 3


def test_labels_of_one_class_that_arrive_more_often_are_uneven():
    random, found = np.random.default_rng(0), 0
    for _ in range(100):
        score = expit(random.normal(0, 1.5, 1_000))
        truth = random.random(1_000) < score
        seen = random.random(1_000) < np.where(truth, 0.9, 0.5)
        found += uneven(coverage(score[:, None], np.flatnonzero(seen)))
    assert found == 100


def test_a_small_difference_that_is_significant_does_not_matter():
    values = np.arange(100_000.0)[:, None]
    seen = np.random.default_rng(0).random(100_000) < np.where(values[:, 0] < 50_000, 0.80, 0.86)
    found = coverage(values, np.flatnonzero(seen))
    assert found.p < 1e-9
    assert not uneven(found)


def test_selective_labels_are_judged_by_explored_rows_where_there_are_enough():
    predictions, labelled = a_usage(0, seen=above_half)
    explored = int(predictions.exploration.explored.sum())
    fair = fair_sample(predictions, labelled, explored)
    assert len(fair.labels) == len(fair.positions) == explored
    assert fair.predictions.exploration.explored.all()
    assert (fair.predictions.ids == predictions.ids[fair.positions]).all()
    known = dict(zip(labelled.predictions.ids, labelled.labels, strict=True))
    assert [known[i] for i in fair.predictions.ids] == fair.labels.tolist()
    assert coverage_of(predictions, fair).shares == (1.0,) * 5
    assert fair_sample(predictions, labelled, explored + 1) is labelled
    assert uneven(coverage_of(predictions, labelled))


def test_explored_rows_whose_labels_are_selective_too_are_no_fair_sample():
    predictions, _ = a_usage(0)
    score = predictions.values[:, 1]
    table = pd.DataFrame({"id": predictions.ids, "label": "1"})[score >= 0.5]
    fair = fair_sample(predictions, join(predictions, table), 30)
    assert fair.drawn
    assert uneven(coverage_of(predictions, fair))


def test_even_labels_are_judged_together_and_without_exploration_nothing_changes():
    predictions, labelled = a_usage(0)
    assert fair_sample(predictions, labelled, 30) is labelled
    predictions, _ = a_usage(0)
    bare = replace(predictions, exploration=None)
    above = pd.DataFrame({"id": bare.ids, "label": "1"})[bare.values[:, 1] >= 0.5]
    joined = join(bare, above)
    assert fair_sample(bare, joined, 30) is joined


def test_outcomes_that_follow_the_decisions_alarm():
    found = measure_feedback(*a_usage(0, follows=0.6), a_card(SPEC))
    assert found.alarm
    assert found.p < found.limit == pytest.approx(0.025)
    assert found.explored.loss.low > found.exploited.loss.high
    assert found.variance_gap.value > 0
    assert found.gap.n == found.explored.labelled
    assert found.influenced == pytest.approx(0.9, abs=0.02)


def test_the_gaps_of_several_batches_count_together():
    reports = []
    for seed in range(8):
        usage = a_usage(seed, rows=1_000, follows=0.3, share=0.05)
        reports.append(measure_feedback(*usage, a_card(SPEC), reports))
    assert not reports[0].alarm
    assert reports[-1].alarm
    assert [r.looks for r in reports] == list(range(1, 9))
    assert reports[-1].p < min(p_of_gaps([r.gap]) for r in reports)


@pytest.mark.parametrize("seen", [above_half, lambda score: score >= 0])
def test_without_feedback_twenty_batches_seldom_alarm(seen):
    """Twelve models, selective labels or not: selection alone is no footprint in the outcomes."""
    alarmed = 0
    for model in range(12):
        reports = []
        for look in range(20):
            usage = a_usage([model, look], rows=600, seen=seen)
            reports.append(measure_feedback(*usage, a_card(SPEC), reports))
        alarmed += any(r.alarm for r in reports)
    assert alarmed <= 2


@pytest.mark.parametrize(
    "table", [np.random.default_rng(0).dirichlet((1, 1, 1), 600), np.arange(600.0)[:, None]]
)
def test_classes_and_values_have_a_report_too(table):
    task = "multiclass" if table.shape[1] > 1 else "regression"
    random = np.random.default_rng(1)
    predictions = some_predictions(table, np.arange(600) % DAYS)
    drawn = Exploration(np.arange(600) % 3 == 0, np.full(600, 1 / 3))
    own = table.argmax(axis=1) if task == "multiclass" else table[:, 0]
    other = random.permutation(own)
    labels = np.where(drawn.explored, other, own)
    labels = labels.astype(str) if task == "multiclass" else labels
    predictions = replace(predictions, exploration=drawn)
    labelled = join(predictions, pd.DataFrame({"id": predictions.ids, "label": labels}))
    classes = tuple("012") if task == "multiclass" else ()
    card = a_card(a_spec(task=task, id="i", feedback_exploration=0.3), classes=classes)
    found = measure_feedback(predictions, labelled, card)
    assert found.alarm
    assert found.influenced == 0


def test_without_labelled_explored_rows_there_is_no_gap_and_no_alarm():
    predictions, _ = a_usage(0)
    bare = replace(predictions, exploration=None)
    labelled = join(bare, pd.DataFrame({"id": bare.ids, "label": "1"}))
    found = measure_feedback(bare, labelled, a_card(SPEC))
    assert (found.gap, found.p, found.alarm, found.propensity) == (None, None, False, None)
    assert (found.explored.rows, found.explored.loss, found.influenced) == (0, None, 1.0)
    nothing = join(predictions, pd.DataFrame({"id": ["x"], "label": ["1"]}))
    assert measure_feedback(predictions, nothing, a_card(SPEC)).gap is None


def test_weights_are_rows_not_variances():
    even = [an_estimate(v, standard_error=1.0, n=10) for v in (1.0, 3.0)]
    assert p_of_gaps([*even, None, an_estimate(0.0)]) == pytest.approx(p_of_gaps(even))
    assert p_of_gaps([]) is None
    assert p_of_gaps([an_estimate(0.0, standard_error=1.0)]) == pytest.approx(0.5)


def test_an_alarm_is_told_blocks_and_excludes_and_can_be_recomputed():
    found = measure_feedback(*a_usage(0, follows=0.6), a_card(SPEC))
    harm = a_harm_report(a_signal("skill"), a_signal("loss"))
    inputs = some_inputs(SPEC, harm=harm, feedback=found)
    made = decide(inputs)
    assert made.action is Action.NOTIFY
    for reasons in (made.blocked, made.faults):
        assert [r.signal for r in reasons] == ["feedback"]
    assert "feedback" in [r.signal for r in made.reasons]
    stored = json.loads(json.dumps(document(inputs)))
    assert decide(stored_inputs(stored)) == made
    calm = replace(inputs, feedback=replace(found, alarm=False))
    assert decide(calm).action is Action.RETRAIN
    assert identify(calm) != identify(inputs)
