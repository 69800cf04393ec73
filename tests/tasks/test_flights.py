"""The model of the demo on the real flights of three periods of 2013."""

import pytest

from examples.flights import build
from incumbent.gateways import specs
from incumbent.gateways.sources.frame import read_frame
from tests.flows.test_deployments import PREFECT_YAML


@pytest.mark.slow
def test_broken_wind_is_left_out_and_april_is_answered(bare, tmp_path):
    data = build(tmp_path / "flights")
    found = {
        path.stem: (str(path), str(labels))
        for path, labels in zip(data.batches, data.labels, strict=True)
    }
    spec = specs.read("flights", PREFECT_YAML).model_copy(update={"source": None, "labels": None})
    bare.train(spec, str(data.reference))

    path, labels = found["2013-02-01_2013-02-15"]
    (february,) = bare.monitor(spec, path, labels)
    table = read_frame(path)
    gusts = table.index[table["wind_speed"] > 1_000]
    failed = [f for f in february["validation"]["failures"] if f["column"] == "wind_speed"]
    assert len(gusts) == 2
    assert ("expect_column_values_to_be_between", 2) in {
        (f["expectation"], f["rows"]) for f in failed
    }
    assert set(gusts) <= set(february["validation"]["excluded"])
    assert february["harm"]["matured"] == len(table)

    (april,) = bare.monitor(spec, *found["2013-04-16_2013-04-30"])
    assert april["decision"]["action"] == "retrain"
    reason = next(r for r in april["decision"]["reasons"] if r["signal"] != "drift")
    assert reason["signal"] in {"loss", "calibration", "skill", "gain"}
    assert abs(reason["observed"]) > reason["threshold"] > 0
    assert "% conditional" in april["why"]
    assert april["verdict"]["verdict"] == "promote"
    learnt = bare.training_rows("flights")
    assert not set(table["id"][gusts]) & set(learnt["id"])
    assert set(table["id"].drop(gusts)) <= set(learnt["id"])
