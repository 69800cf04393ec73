"""How labels come in over the batches, through the loop and in the status."""

import json

from click.testing import CliRunner

from incumbent.cli.status import status
from tests.flows.world import a_spec, batch_rows

SPEC = a_spec()
CALM = batch_rows(0)
QUARTER = len(CALM) // 4


def points(doc):
    return [(p["batches_later"], p["share"]) for p in doc["maturity"]]


def status_output(loop, *words):
    path = loop.home / "spec.json"
    path.write_text(SPEC.model_dump_json())
    state = {"INCUMBENT_DATABASE_URL": f"sqlite:///{loop.home / 'ledger.db'}"}
    return CliRunner().invoke(status, [str(path), *words], env=state, catch_exceptions=False).stdout


def test_labels_in_parts_over_three_batches(loop, delivery):
    first = delivery.unlabelled("b0", CALM)
    (alone,) = loop.monitor(SPEC, first)
    assert alone["maturity"] == []
    (one,) = loop.monitor(SPEC, first, delivery.labels_of("one", CALM[:QUARTER]))
    assert points(one) == [(0, 0.25)]
    for number in (1, 2):
        loop.monitor(SPEC, delivery.batch(f"b{number}", batch_rows(number)))
    (two,) = loop.monitor(SPEC, first, delivery.labels_of("two", CALM[: 3 * QUARTER]))
    assert points(two) == [(0, 0.25), (2, 0.75)]
    loop.monitor(SPEC, delivery.batch("b3", batch_rows(3)))
    (three,) = loop.monitor(SPEC, first, delivery.labels_of("three", CALM[3 * QUARTER :]))
    assert points(three) == [(0, 0.25), (2, 0.75), (3, 1.0)]
    assert three["harm"]["matured"] == three["harm"]["rows"] == len(CALM)
    assert json.loads(status_output(loop, "--json"))["maturity"] == [
        {"batches_later": 0, "share": 0.75, "batches": 3},
        {"batches_later": 1, "share": 0.625, "batches": 2},
        {"batches_later": 2, "share": 0.75, "batches": 1},
    ]  # the last part arrived while no batch had closed its lag
    assert "Labels: 75% come with the batch" in status_output(loop)


def test_the_share_that_has_matured_is_a_line(loop, delivery):
    rows = batch_rows(0)
    half = len(rows) // 2
    loop.monitor(SPEC, delivery.unlabelled("b0", rows), delivery.labels_of("one", rows[:half]))
    assert loop.registry.timelines["shop", "matured_share"] == [(0, 0.5)]


def test_a_batch_that_was_not_scored_has_no_curve(loop, delivery):
    (found,) = loop.monitor(SPEC, delivery.broken("b0", b"nothing"))
    assert found["maturity"] is None
    assert json.loads(status_output(loop, "--json"))["maturity"] == []
    assert "Labels" not in status_output(loop)
