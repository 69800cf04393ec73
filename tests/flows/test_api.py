"""The champion in Python answers raw rows as `monitor` logs them."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import incumbent
from flows.monitor import monitor
from incumbent.errors import IntegrityError, NoChampionError, UsageError
from tests.flows.world import batch_rows

pytestmark = pytest.mark.integration


def test_a_champion_answers_raw_rows_as_monitor_logs_them(gateways, spec, delivery, tmp_path):
    rows = batch_rows(0).drop(columns="bought")
    path = delivery.batch("b0", rows)
    (document,) = monitor(spec, path)
    logged = gateways.predictions.read("shop", document["batch"]["digest"], 1)
    champion = incumbent.load_champion("shop")
    assert champion.card == gateways.registry.load(champion.version).model.card
    text = tmp_path / "rows.csv"
    rows.to_csv(text, index=False)
    shuffled = rows[rows.columns[::-1]].assign(other="x")
    for given in (rows, shuffled, pq.read_table(path), path, str(text), rows.convert_dtypes()):
        assert champion.predict(given).tolist() == logged.labels.tolist()
        found = champion.predict_proba(given)
        np.testing.assert_allclose(found.to_numpy(), logged.values, atol=1e-9)
        assert found.columns.tolist() == ["0", "1"]
    some = rows.iloc[5:9]
    pd.testing.assert_index_equal(champion.predict_proba(some).index, some.index)
    assert champion.predict(rows.head(0)).shape == (0,)
    with pytest.raises(UsageError, match="missing: age"):
        champion.predict(rows.drop(columns="age"))
    assert repr(champion).startswith("shop version 1: binary, ")


def test_a_name_without_a_champion_is_told_with_those_that_have_one(home):
    with pytest.raises(NoChampionError, match="models in the ledger: shop"):
        incumbent.load_champion("flight")


def test_bytes_that_have_changed_are_not_loaded(home, gateways, monkeypatch):
    champion = gateways.ledger.champion("shop")
    changed = type(champion)(champion.model, champion.number, champion.run_id, "0" * 64)
    monkeypatch.setattr("incumbent.gateways.ledger.Ledger.champion", lambda *_: changed)
    with pytest.raises(IntegrityError):
        incumbent.load_champion("shop")
