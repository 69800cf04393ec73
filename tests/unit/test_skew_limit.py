"""Skew in a decision: told, blocking, recomputable; and what it does to a champion's answers."""

import copy
import json

import numpy as np
import pandas as pd
import pytest

from incumbent.data.intake import canonical
from incumbent.data.profile import profile
from incumbent.digest import text_digest
from incumbent.model.training import fit
from incumbent.monitoring.skew import ComparedColumns, bring_together
from incumbent.monitoring.skew.effect import answer_skew, offline_rows, score_skew, served_rows
from incumbent.policy.decision import decide, identify, stored_inputs
from incumbent.records import (
    Action,
    FeatureSkew,
    FittedModel,
    Outcome,
    RowSkew,
    SkewKind,
    SkewReport,
    document,
)
from tests.unit.builders import a_card, a_frame, a_harm_report, a_signal, a_spec, some_inputs

HARMED = a_harm_report(a_signal("skill"), a_signal("loss"))


def a_report(share=0.1, feature="price", whole=None):
    found = FeatureSkew(feature, 500, 50, share, 0.05, 0.15, SkewKind.UNIT, 1.0, "100 x offline")
    return SkewReport((found,), {"joined": 500, "mismatching": 50}, share, whole)


def test_skew_beyond_its_limit_is_told_blocks_and_excludes():
    free = decide(some_inputs(harm=HARMED, outcome=Outcome.PASS))
    assert free.action is Action.RETRAIN
    made = decide(some_inputs(harm=HARMED, skew=a_report()))
    assert made.action is Action.NOTIFY
    assert [r.signal for r in made.blocked] == ["skew"]
    assert [(r.signal, r.observed, r.threshold) for r in made.faults] == [("skew", 0.1, 0.02)]
    told = [r for r in made.reasons if r.signal == "skew"]
    assert [(r.column, r.observed, r.threshold) for r in told] == [("price", 0.1, 0.02)]


def test_skew_alone_notifies():
    assert decide(some_inputs(skew=a_report())).action is Action.NOTIFY


@pytest.mark.parametrize(("share", "limit"), [(0.02, 0.02), (0.1, 0.1), (1.0, 1.0)])
def test_skew_up_to_its_limit_does_nothing(share, limit):
    made = decide(some_inputs(a_spec(skew_limit=limit), harm=HARMED, skew=a_report(share)))
    assert (made.action, made.blocked, made.faults) == (Action.RETRAIN, (), ())


def test_a_retraining_by_hand_is_blocked_too():
    made = decide(some_inputs(harm=HARMED, skew=a_report(), asked="new airports"))
    assert made.action is Action.NOTIFY


def test_whole_rows_are_one_reason():
    whole = RowSkew(SkewKind.PERMUTED, 50, 0.1, "50 rows")
    made = decide(some_inputs(skew=a_report(0.0, whole=whole)))
    assert [(r.signal, r.column) for r in made.reasons] == [("skew", None)]
    assert [r.signal for r in made.faults] == ["skew"]


def test_a_decision_with_skew_is_recomputed_from_what_was_stored():
    inputs = some_inputs(harm=HARMED, skew=a_report())
    stored = json.loads(json.dumps(document(inputs)))
    assert decide(stored_inputs(stored)) == decide(inputs)


def test_a_decision_that_was_stored_before_skew_was_measured_keeps_its_id():
    inputs = some_inputs(harm=HARMED)
    stored = document(inputs)
    del stored["skew"]
    later = ("feedback_exploration", "feedback_influence")
    for name in ("serving_log", "skew_tolerance", "skew_limit", "skew_answer", *later):
        del stored["spec"][name]
    del stored["feedback"], stored["harm"]["coverage_p"]
    assert stored_inputs(stored) == inputs
    decides_nothing = {"latency": None, "attribution": None}
    hashed = copy.deepcopy(stored)  # as the release before made an id
    del hashed["spec"]["harm_slices"], hashed["harm"]["slices"], hashed["harm"]["unsliced"]
    hashed["harm"] |= decides_nothing
    assert identify(inputs) == text_digest([json.dumps(hashed, sort_keys=True)])[:16]


@pytest.fixture(scope="module")
def champion():
    """A model with its card, and the canonical batch that it is shown."""
    spec = a_spec(id="i", timestamp="t", training_iterations=20)
    raw, kinds = a_frame(), {"x": "numeric", "c": "categorical"}
    rows = canonical(raw, spec, kinds)
    card = a_card(spec)
    card = type(card)(**{**vars(card), "profile": profile(rows, kinds, None)})
    model = FittedModel(card, fit(rows, spec, kinds), pd.DataFrame(), pd.DataFrame())
    return model, rows


def sides_of(rows, served):
    columns = ComparedColumns("i", "t", {"x": "numeric", "c": "categorical"})
    return bring_together(served, rows, columns, 1e-6)


def effect(champion, served):
    model, rows = champion
    sides = sides_of(rows, served)
    return score_skew(model, served_rows(model, sides), offline_rows(model, sides))


def test_without_skew_the_champion_predicts_the_same(champion):
    _, rows = champion
    served = rows.sample(frac=1, random_state=0).astype({"x": "float32"})
    found = effect(champion, served)
    assert (found.rows, found.flipped) == (len(rows), 0)
    assert found.largest < 0.2  # float32 can fall on the other side of a split, in few rows
    assert effect(champion, rows).largest == 0


def test_the_effect_is_that_of_the_served_rows(champion):
    model, rows = champion
    served = rows.assign(x=-rows["x"])
    found = effect(champion, served)
    ours, theirs = (model.pipeline.predict_proba(r[["x", "c"]])[:, 1] for r in (served, rows))
    assert found.mean == pytest.approx(np.abs(ours - theirs).mean())
    assert found.largest == pytest.approx(np.abs(ours - theirs).max())
    assert found.flipped == pytest.approx(((ours >= 0.5) != (theirs >= 0.5)).mean())
    assert found.flipped > 0.5


def test_a_feature_that_was_not_logged_is_as_offline(champion):
    _, rows = champion
    assert effect(champion, rows.drop(columns="c")).largest == 0


def replayed(champion, answers):
    model, rows = champion
    sides = sides_of(rows, rows)
    given = pd.Series(answers, name="p")
    return answer_skew(model, served_rows(model, sides), given, sides.rows.ids)


def test_logged_answers_are_those_of_the_champion_or_told(champion):
    model, rows = champion
    p = model.pipeline.predict_proba(rows[["x", "c"]])[:, 1]
    labels = np.where(p >= 0.5, 1, 0)
    assert replayed(champion, p).mismatches == 0
    assert replayed(champion, labels).mismatches == 0
    assert replayed(champion, labels.astype(str)).mismatches == 0
    wrong = p.copy()
    wrong[:24] += 1e-5
    found = replayed(champion, np.where(np.arange(len(p)) < 200, wrong, np.nan))
    assert (found.rows, found.mismatches, found.mismatch_share) == (200, 24, 0.12)
    assert [e.id for e in found.examples] == ["r0", "r1", "r2", "r3", "r4"]
    assert found.examples[0].serving == pytest.approx(found.examples[0].offline, abs=2e-5)
    assert replayed(champion, np.full(len(p), np.nan)) is None
