import json
import re
from dataclasses import replace

import pytest

from incumbent.params import Trigger
from incumbent.policy.decision import decide
from incumbent.records import (
    Action,
    Attribution,
    Burden,
    Cause,
    ColumnDrift,
    Conclusion,
    Decision,
    DriftReport,
    EstimateReport,
    Failure,
    GainReport,
    Latency,
    MaturityPoint,
    Outcome,
    Reason,
    Retraining,
    Ruling,
    Severity,
    ShadowReport,
    SliceMetrics,
    TrackRecord,
    Trust,
    ValidationReport,
    Verdict,
)
from incumbent.report.explanation import explanation, summary
from incumbent.report.reporting import diagnosis, monitor_document, page
from incumbent.report.timeline import line_name, timeline
from tests.unit.builders import (
    a_conclusion,
    a_harm_report,
    a_signal,
    a_spec,
    an_estimate,
    some_findings,
    some_inputs,
)

NOTHING = Decision("id", Action.NONE, ())
RETRAIN = Decision("id", Action.RETRAIN, (Reason("loss", None, 0.6, 0.5, "log loss 0.600"),))
HARM = a_harm_report(
    a_signal("loss"),
    metrics={"log_loss": an_estimate(0.6, 0.5, 0.7), "auc": an_estimate(0.7)},
)
DRIFT = DriftReport(
    (ColumnDrift("x", "numeric", 0.3, 0.001, 0.002, 0.2, alarm=True),), 0.3, None, True, {}
)
SHADOW = ShadowReport("log_loss", 0.6, 0.5, an_estimate(-0.1, -0.2, 0.0), {}, {}, 400, 1)
RETRAINING = Retraining(SHADOW, Verdict(Ruling.PROMOTE, Burden.REFRESH, ("it holds",)), 2, 1.5)
RETRAINED = a_conclusion(RETRAIN, HARM, RETRAINING)
KEYS = [
    "batch",
    "duplicate",
    "labels_only",
    "validation",
    "diagnosis",
    "drift",
    "skew",
    "harm",
    "maturity",
    "feedback",
    "why",
    "estimate",
    "gain",
    "decision",
    "shadow",
    "verdict",
    "training",
    "backtest",
    "champion",
    "scored_by",
]


def an_attribution(covariate, conditional, cause):
    parts = (an_estimate(value) for value in (covariate + conditional, covariate, conditional))
    return Attribution(*parts, None, 0.9, cause)


def an_estimated(loss=0.6, error=0.02, batches=5, trust=Trust.SUSPECT):
    return EstimateReport("log_loss", {"log_loss": loss}, 0.5, TrackRecord(batches, error), trust)


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        (Cause.CONDITIONAL, "concept drift"),
        (Cause.COVARIATE, "data drift"),
        (Cause.PRIOR, "prior shift"),
        (Cause.BOTH, "Both"),
        (Cause.AMBIGUOUS, "ambiguous"),
        (Cause.NONE, "noise"),
    ],
)
def test_why_a_loss_has_changed_is_said_in_shares(cause, says):
    harm = replace(HARM, attribution=an_attribution(0.02, 0.08, cause))
    text = explanation(RETRAIN, some_inputs(harm=harm), "b")
    assert "changed by +0.1000: 80% conditional" in text
    assert "20% covariate" in text
    assert says in text
    doc = monitor_document(some_findings(), a_conclusion(RETRAIN, harm), 1)
    assert doc["why"] in text
    assert "80% conditional" in page(doc)


def test_each_column_that_is_broken_or_moved_has_a_diagnosis():
    def failed(rule, column, severity):
        return Failure(rule, column, "seen", "wanted", 2, severity)

    failures = (
        failed("unit", "price", Severity.CRITICAL),
        failed("range", "age", Severity.WARNING),
    )
    moved = [
        ColumnDrift(n, "numeric", 0.5, 0.0, 0.0, 0.1, alarm=True, moved=(f"{n} rose",))
        for n in ("price", "age")
    ]
    drift = DriftReport(tuple(moved), 0.5, 0.1, alarm=True, rows={"reference": 9, "batch": 9})
    found = replace(
        some_findings(), validation=ValidationReport(Outcome.QUARANTINE, failures), drift=drift
    )
    said = [(d["column"], d["kind"], d["grade"], d["evidence"]) for d in diagnosis(found)]
    assert said == [
        ("price", "unit", "fault", "seen; expected wanted"),
        ("age", "range", "told", "seen; expected wanted"),
        ("age", "drift", "drift", "age rose"),
    ]


def test_an_ambiguous_cause_is_reported():
    nothing = Attribution(an_estimate(0.1), None, None, None, 0.01, Cause.AMBIGUOUS)
    harm = replace(HARM, attribution=nothing)
    assert "the cause is unknown" in explanation(RETRAIN, some_inputs(harm=harm), "b")


@pytest.mark.parametrize(
    ("batches", "error", "says"),
    [
        (5, 0.02, "Mean error of past estimates: 0.0200, on 5 batches"),
        (0, None, "No past estimate has been checked by labels yet"),
    ],
)
def test_an_estimate_stands_beside_its_past_errors(batches, error, says):
    found = some_findings(estimate=an_estimated(batches=batches, error=error))
    conclusion = a_conclusion()
    shown = page(monitor_document(found, conclusion, 1))
    assert "Estimated without labels: suspect" in shown
    assert says in shown
    assert timeline(found, conclusion)["estimated_log_loss"] == 0.6


def hostile(text):
    failure = Failure(text, text, text, text, 2, Severity.WARNING)
    found = some_findings(
        validation=ValidationReport(Outcome.WARN, (failure,), (1, 2)), drift=DRIFT
    )
    batch = replace(found.entry.batch, id=text)
    return replace(found, entry=replace(found.entry, batch=batch))


def test_what_did_not_run_is_null():
    doc = monitor_document(some_findings(), a_conclusion(), 1)
    assert list(doc) == KEYS
    assert [k for k in KEYS if doc[k] is None] == [
        "drift",
        "skew",
        "harm",
        "maturity",
        "feedback",
        "why",
        "estimate",
        "gain",
        "shadow",
        "verdict",
        "training",
        "backtest",
        "scored_by",
    ]
    assert doc["duplicate"] is False
    assert doc["champion"] == {"version_before": 1, "version_after": 1}


def test_the_document_of_a_whole_batch_is_json():
    doc = monitor_document(some_findings(drift=DRIFT, scored_by=1), RETRAINED, 2)
    assert json.loads(json.dumps(doc, allow_nan=False)) == doc
    assert doc["decision"] == {
        "id": "id",
        "action": "retrain",
        "reasons": [
            {
                "signal": "loss",
                "column": None,
                "observed": 0.6,
                "threshold": 0.5,
                "text": "log loss 0.600",
            }
        ],
        "blocked": [],
        "faults": [],
    }
    assert doc["verdict"] == {"verdict": "promote", "burden": "refresh", "reasons": ["it holds"]}
    assert doc["training"] == {"fits": 2, "fit_seconds": 1.5}
    assert doc["harm"]["metrics"]["auc"]["low"] is None
    assert doc["champion"] == {"version_before": 1, "version_after": 2}
    assert doc["scored_by"] == 1


def test_the_timeline_has_what_is_known():
    found = some_findings(drift=DRIFT, latency=Latency(1.0, 20.0, 3.0))
    assert timeline(found, a_conclusion(RETRAIN, HARM, champion=3)) == {
        "rows": 400,
        "champion_version": 3,
        "quarantined": 0.0,
        "data_faults": 0,
        "retrained": 1.0,
        "drift_score": 0.3,
        "latency_row_ms": 1.0,
        "latency_row_p50_ms": 1.0,
        "latency_row_p95_ms": 3.0,
        "latency_batch_ms": 20.0,
        "matured_labels": 300,
        "matured_share": 0.75,
        "log_loss": 0.6,
        "auc": 0.7,
    }


def test_a_latency_that_no_row_was_timed_for_has_no_point():
    points = timeline(some_findings(latency=Latency(None, 20.0)), a_conclusion())
    assert {name for name in points if "latency" in name} == {"latency_batch_ms"}


def test_the_timeline_of_a_quarantined_batch():
    found = some_findings(validation=ValidationReport(Outcome.QUARANTINE))
    assert timeline(found, a_conclusion()) == {
        "rows": 400,
        "champion_version": 1,
        "quarantined": 1.0,
        "data_faults": 0,
    }


def test_labels_that_come_alone_do_not_draw_the_batch_again():
    found = some_findings(labels_only=True, drift=DRIFT)
    labels = {"matured_labels": 300, "matured_share": 0.75, "log_loss": 0.6, "auc": 0.7}
    assert timeline(found, a_conclusion(harm=HARM)) == labels
    assert timeline(found, a_conclusion(RETRAIN, HARM)) == labels | {"retrained": 1.0}


@pytest.mark.parametrize("labels_only", [False, True])
def test_a_batch_that_is_judged_again_keeps_the_mark_of_its_retraining(labels_only):
    """A step that is drawn twice shows the newest value: nothing may overwrite a retraining."""
    found = some_findings(labels_only=labels_only)
    assert "retrained" not in timeline(found, a_conclusion(harm=HARM))


@pytest.mark.parametrize(
    ("matured", "rows", "enough", "drawn"),
    [(199, 400, False, False), (200, 400, True, True), (150, 150, False, True)],
)
def test_few_labels_are_drawn_when_no_more_can_come(matured, rows, enough, drawn):
    harm = a_harm_report(
        enough=enough, matured=matured, rows=rows, metrics={"log_loss": an_estimate(0.6)}
    )
    points = timeline(some_findings(), a_conclusion(harm=harm))
    assert points.get("matured_labels") == (matured if drawn else None)
    assert points.get("log_loss") == (0.6 if drawn else None)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_not_drawn(value):
    harm = a_harm_report(metrics={"log_loss": an_estimate(value)})
    assert "log_loss" not in timeline(some_findings(), a_conclusion(harm=harm))


def test_the_page_says_what_was_found_and_done():
    found = page(monitor_document(some_findings(drift=DRIFT), RETRAINED, 2))
    for line in [
        "# Batch 2013-01-01_2013-01-15",
        "Champion: version 1, then 2.",
        "## Decision: retrain",
        "- loss: log loss 0.600",
        "## Verdict: promote (refresh)",
        "- it holds",
        "## Validation: pass",
        "## Performance on 300 of 400 rows",
        "| log_loss | 0.6000 | 0.5000 | 0.7000 |",
        "| auc | 0.7000 |  |  |",
        "## Drift: alarm, mean distance 0.300",
        "| x | 0.300 | 0.200 | 0.002 | yes |  |",
    ]:
        assert line in found.splitlines()


def test_the_page_of_a_batch_that_nothing_is_known_of():
    doc = monitor_document(some_findings(), a_conclusion(), 1)
    doc["batch"]["period"] = None
    found = page(doc)
    assert "Nothing to report." in found
    assert "400 rows.\n" in found
    assert not any(title in found for title in ("Verdict", "Performance", "Drift"))


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "a|b", "[x](javascript:1)", "`code`", "two\nlines", "**bold**"],
)
def test_values_from_data_cannot_change_the_page(text):
    found = page(monitor_document(hostile(text), a_conclusion(), 1))
    assert text not in found
    rows = [line for line in found.splitlines() if line.endswith("| 2 |")]
    assert len(rows) == 1
    assert rows[0].count("|") == 7
    assert not set("<[`*") & set(rows[0])


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (NOTHING, "pass, none: nothing to report"),
        (RETRAIN, "pass, retrain: log loss 0.600"),
        (
            Decision(
                "id", Action.NOTIFY, RETRAIN.reasons * 2, (Reason("labels", None, 3, 200, "few"),)
            ),
            "pass, notify: log loss 0.600; log loss 0.600 (blocked: few)",
        ),
    ],
)
def test_a_decision_in_one_line(decision, expected):
    assert summary(some_inputs(a_spec(trigger=Trigger.HARM)), decision) == expected


def test_a_decision_is_explained_with_what_was_seen_and_what_followed():
    inputs = some_inputs(harm=a_harm_report(a_signal("loss"), a_signal("skill", harmed=False)))
    text = explanation(decide(inputs), inputs, "may")
    assert "Batch may of" in text
    assert "loss shown, skill not shown" in text
    assert "action retrain. Because of loss:" in text


def test_the_gap_to_the_rows_that_were_fitted_is_a_line_and_a_sentence():
    harm = a_harm_report(metrics={"log_loss": an_estimate(0.52)}, matured=400, rows=400)
    known = replace(harm, fitted=0.31)
    conclusion = replace(RETRAINED, harm=known)
    assert timeline(some_findings(), conclusion)["generalisation_gap"] == pytest.approx(0.21)
    unknown = timeline(some_findings(), replace(RETRAINED, harm=harm))
    assert "generalisation_gap" not in unknown
    inputs = some_inputs(harm=known)
    baseline = f"{known.baseline.value:.4f}"
    assert (
        f"Its log loss is 0.3100 on the rows of its fit, {baseline} on held-out rows,"
        " 0.5200 here." in explanation(decide(inputs), inputs, "may")
    )


def test_a_decision_without_labels_is_explained_as_one():
    inputs = some_inputs(harm=None, drift=None)
    text = explanation(decide(inputs), inputs, "may")
    assert "It had no labels to judge the champion by. Drift was not measured." in text
    assert "action none" in text


def test_a_backtest_is_explained_with_its_interval():
    saved = an_estimate(0.05, 0.04, 0.06, standard_error=0.006)
    gain = GainReport("log_loss", 0.5, saved, 400, 300, passes=True, within=False)
    inputs = some_inputs(gain=gain)
    text = explanation(decide(inputs), inputs, "may")
    assert "With 300 newer rows the champion's recipe saves +0.0500 [+0.0400, +0.0600]" in text
    doc = monitor_document(some_findings(), Conclusion(inputs, None, decide(inputs), None), 1)
    assert doc["gain"]["saved"]["value"] == 0.05
    assert timeline(some_findings(), Conclusion(inputs, None, decide(inputs), None))["gain"] == 0.05


def test_the_page_names_what_moved_together_and_the_score_and_the_label():
    score = ColumnDrift("(score)", "numeric", 0.4, 0.0, 0.0, 0.1, alarm=True)
    drift = replace(DRIFT, outputs=(score,), together=(("x", "<y>"),))
    doc = monitor_document(some_findings(drift=drift), a_conclusion(), 1)
    text = page(doc)
    assert "| (score) | 0.400 |" in text
    assert "Moved together: x, &lt;y&gt;." in text
    assert "(score)" in explanation(RETRAIN, some_inputs(drift=drift), "b")


def a_slice(value, column="c", **metrics):
    found = metrics or {"log_loss": an_estimate(0.4, 0.3, 0.5)}
    return SliceMetrics(column, value, 40, found)


def sliced(*slices, unsliced=()):
    metrics = {"log_loss": an_estimate(0.6)}
    harm = a_harm_report(slices=slices, unsliced=unsliced, metrics=metrics)
    return some_findings(), a_conclusion(harm=harm)


def test_slices_are_in_the_document_on_the_page_and_lines_of_their_own():
    found, conclusion = sliced(a_slice("a"), a_slice(None))
    doc = monitor_document(found, conclusion, 1)
    assert [(s["column"], s["value"], s["matured"]) for s in doc["harm"]["slices"]] == [
        ("c", "a", 40),
        ("c", None, 40),
    ]
    lines = page(doc).splitlines()
    assert "| c | a | 40 | 0.4000 | 0.3000 | 0.5000 |" in lines
    assert "| c | (missing) | 40 | 0.4000 | 0.3000 | 0.5000 |" in lines
    points = timeline(found, conclusion)
    assert (points["log_loss c/a"], points["log_loss c/_missing"]) == (0.4, 0.4)


def test_a_slice_whose_metric_has_no_meaning_is_left_out():
    found, conclusion = sliced(a_slice("a", accuracy=an_estimate(0.5)))
    assert "| c | a |" not in page(monitor_document(found, conclusion, 1))
    assert "log_loss c/a" not in timeline(found, conclusion)


def test_slices_that_are_not_known_are_said_to_be():
    found, conclusion = sliced(unsliced=("<c>",))
    shown = page(monitor_document(found, conclusion, 1))
    assert "No slices by &lt;c&gt;: the batch was scored before the spec named them." in shown
    assert "By slice" not in shown


def test_without_slices_the_page_says_nothing_of_them():
    shown = page(monitor_document(*sliced(), 1))
    assert "slice" not in shown


@pytest.mark.parametrize("text", ["<b>", "a|b", "two\nlines", "**bold**", "`code`"])
def test_values_of_slices_cannot_change_the_page(text):
    shown = page(monitor_document(*sliced(a_slice(text, column=text)), 1))
    (row,) = [line for line in shown.splitlines() if "| 40 |" in line]
    assert row.count("|") == 7
    assert not set("<`*") & set(row)


@pytest.mark.parametrize("plain", ["EWR", "a b", "1.5", "x_y-z", "a" * 60])
def test_a_plain_value_is_its_own_name(plain):
    assert line_name(plain) == plain


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a/b", "a//b", "/a", "a/", "a=b", "Zürich", " a", "a ", "_missing", "a" * 61],
)
def test_what_mlflow_would_refuse_is_told_apart_by_its_digest(text):
    name = line_name(text)
    assert re.fullmatch(r"[A-Za-z0-9_ -]{6,67}", name)
    assert name not in {text, line_name(text + "?"), line_name(None)}


def test_the_page_says_how_the_labels_came_in():
    points = (MaturityPoint(0, 0.62), MaturityPoint(3, 0.75))
    found = some_findings(maturity=points)
    doc = monitor_document(found, a_conclusion(harm=HARM), 1)
    assert doc["maturity"] == [
        {"batches_later": 0, "share": 0.62},
        {"batches_later": 3, "share": 0.75},
    ]
    assert "## Performance on 300 of 400 rows" in page(doc)
    assert "Labels: 62% come with the batch, 75% within 3 batches." in page(doc)
