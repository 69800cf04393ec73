"""Labels as they really come: out of order, in parts, twice, upside down, too few, of one class."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incumbent.data.labels import join
from incumbent.monitoring.coverage import coverage_of
from incumbent.monitoring.harm import judge_harm
from incumbent.policy.decision import decide
from incumbent.records import Action
from tests.unit.builders import a_card, a_spec, an_estimate, some_inputs, some_predictions

ROWS, DAYS = 400, 20
RANDOM = np.random.default_rng(0)
SCORES = RANDOM.beta(0.5, 0.5, ROWS)
TRUTH = np.where(RANDOM.random(ROWS) < SCORES, "1", "0")
PREDICTIONS = some_predictions(SCORES, np.arange(ROWS) // (ROWS // DAYS))
TABLE = pd.DataFrame({"id": PREDICTIONS.ids, "label": TRUTH})
CARD = a_card(a_spec(), loss=an_estimate(0.4, 0.38, 0.42, standard_error=0.01))


def decided(table):
    """The decision under a fixed champion, when these labels have come."""
    report = judge_harm(join(PREDICTIONS, table), ROWS, CARD)
    return decide(some_inputs(harm=report))


@st.composite
def arrivals(draw):
    """The same labels in parts, the parts in any order, some of them twice."""
    order = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).permutation(ROWS)
    cuts = sorted(draw(st.lists(st.integers(0, ROWS), max_size=5)))
    parts = [TABLE.iloc[part] for part in np.split(order, cuts)]
    again = draw(st.lists(st.sampled_from(range(len(parts))), max_size=3))
    return pd.concat([*parts, *(parts[k] for k in again)], ignore_index=True)


@settings(max_examples=30, deadline=None)
@given(arrivals())
def test_the_order_the_parts_and_repetitions_of_labels_change_no_decision(table):
    assert decided(table) == decided(TABLE)


def test_inverted_labels_are_named_and_train_nobody_however_often_they_come():
    for _ in range(2):
        found = decided(TABLE.assign(label=np.where(TRUTH == "1", "0", "1")))
        assert found.action is Action.NOTIFY
        assert "inversion" in [r.signal for r in found.blocked]


@pytest.mark.parametrize(("missing", "blocked"), [(0.4, []), (0.6, ["labels"])])
def test_where_most_labels_are_missing_nothing_is_concluded(missing, blocked):
    late = TABLE.iloc[int(missing * ROWS) :]
    found = judge_harm(join(PREDICTIONS, late), ROWS, CARD)
    assert found.enough is (not blocked)
    decision = decide(some_inputs(a_spec(trigger="schedule"), harm=found, age_days=99.0))
    assert [r.signal for r in decision.blocked] == blocked


@pytest.mark.parametrize("trigger", ["harm", "schedule"])
def test_labels_of_one_class_are_said_and_train_nobody(trigger):
    report = judge_harm(join(PREDICTIONS, TABLE.assign(label="0")), ROWS, CARD)
    assert report.absent == ("1",)
    assert "auc" not in report.metrics
    decision = decide(some_inputs(a_spec(trigger=trigger), harm=report, age_days=99.0))
    assert decision.action is Action.NOTIFY
    assert "constant" in {r.signal for r in decision.blocked}
    assert [r.signal for r in decision.faults] == ["constant"]
    assert "one class only: all 400 labels are 0" in decision.faults[0].text


def test_labels_that_come_fast_for_one_class_are_no_change():
    """All negatives and a fifth of the positives: predicted against observed says nothing."""
    early = TABLE[(TRUTH == "0") | (np.arange(ROWS) % 5 == 0)]
    joined = join(PREDICTIONS, early)
    report = judge_harm(joined, ROWS, CARD, (), coverage_of(PREDICTIONS, joined))
    assert (report.enough, report.signals) == (False, ())
    decision = decide(some_inputs(a_spec(trigger="schedule"), harm=report, age_days=99.0))
    assert (decision.action, [r.signal for r in decision.blocked]) == (Action.NOTIFY, ["coverage"])


def test_labels_that_come_by_chance_are_judged():
    early = TABLE[RANDOM.random(ROWS) < 0.7]
    joined = join(PREDICTIONS, early)
    report = judge_harm(joined, ROWS, CARD, (), coverage_of(PREDICTIONS, joined))
    assert report.enough
    assert len(report.coverage) == 5
    assert decide(some_inputs(harm=report)).action is Action.NONE


def shuffled_report(task, true=False):
    """What the labels of a good model say when they are dealt out among the rows at random."""
    random = np.random.default_rng(7)
    if task == "regression":
        values = random.normal(size=(ROWS, 1))
        labels, classes = values[:, 0] + 0.5 * random.normal(size=ROWS), ()
    else:
        classes = tuple("01" if task == "binary" else "0123")
        values = random.dirichlet(np.full(len(classes), 0.5), ROWS)
        labels = (random.random(ROWS)[:, None] > values.cumsum(axis=1)).sum(axis=1).astype(str)
    if not true:
        labels = random.permutation(labels)
    predictions = some_predictions(values, np.arange(ROWS) // (ROWS // DAYS))
    card = a_card(
        a_spec(task=task), an_estimate(0.5, 0.4, 0.6, standard_error=0.05), classes=classes
    )
    return judge_harm(
        join(predictions, pd.DataFrame({"id": predictions.ids, "label": labels})), ROWS, card
    )


@pytest.mark.parametrize("trigger", ["harm", "drift", "schedule"])
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_shuffled_labels_are_named_and_train_nobody(task, trigger):
    harm = shuffled_report(task)
    found = decide(some_inputs(a_spec(task=task, trigger=trigger), harm=harm, age_days=99.0))
    assert found.action is Action.NOTIFY
    assert "unrelated" in [r.signal for r in found.reasons]
    if trigger != "drift":  # nothing drifted: nothing was there to be blocked
        assert "unrelated" in [r.signal for r in found.blocked]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_true_labels_are_not_taken_for_shuffled(task):
    signals = {s.signal: s.harmed for s in shuffled_report(task, true=True).signals}
    assert signals["unrelated"] is False
