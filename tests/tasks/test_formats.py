"""The loop on CSV and on data sets: what a file looks like does not change what it holds."""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from incumbent.errors import UsageError
from tests.flows.world import TRAINING_DAYS, a_spec, batch_rows, rows_of

NAMES = {"home": "true", "news": "false", "sale": "unknown"}
VERSIONS = {"home": "1.1", "news": "1.10", "sale": "2.0"}


def in_text(rows):
    """The same rows with categories that look like flags, and like numbers."""
    return rows.assign(flag=rows["page"].map(NAMES), version=rows["page"].map(VERSIONS)).drop(
        columns="page"
    )


def written(folder, name, rows, parts=1):
    """A folder of CSV files."""
    target = folder / name
    target.mkdir(parents=True)
    for number, part in enumerate(np.array_split(np.arange(len(rows)), parts)):
        rows.iloc[part].to_csv(target / f"part_{number}.csv", index=False)
    return str(target)


def stored(rows):
    """The same rows as Parquet holds them."""
    file = io.BytesIO()
    rows.to_parquet(file, index=False)
    return pq.read_table(file)


def test_a_batch_of_csv_is_read_with_the_kinds_of_the_champion(bare, tmp_path):
    spec = a_spec(categorical=("version",))
    bare.train(spec, written(tmp_path, "training", in_text(rows_of(TRAINING_DAYS)), parts=3))
    rows = in_text(batch_rows(0))
    two = rows[rows["flag"].isin(["true", "false"])]
    (found,) = bare.monitor(spec, written(tmp_path, "two", two))
    assert found["validation"]["outcome"] in {"pass", "warn"}
    assert not any(f["column"] in {"flag", "version"} for f in found["validation"]["failures"])
    digest = found["batch"]["digest"]
    scored = bare.gateways.predictions.read("shop", digest, 1)
    card = bare.registry.load(bare.gateways.ledger.champion("shop")).model.card
    assert set(card.profile.columns["version"].categories) == set(VERSIONS.values())
    assert len(scored.ids) == len(two)
    (again,) = bare.monitor(spec, str(tmp_path / "two"))
    assert again["duplicate"]


def test_parquet_and_csv_of_the_same_rows_are_scored_alike(bare, tmp_path):
    coded = lambda rows: rows.assign(  # noqa: E731 - the same twice
        shop=rows["page"].map({"home": 7.0, "news": 8.0}), member=rows["price"] > 0
    )
    spec = a_spec(categorical=("shop", "member"))
    path = tmp_path / "training.parquet"
    coded(rows_of(TRAINING_DAYS)).to_parquet(path, index=False)
    bare.train(spec, str(path))
    rows = coded(batch_rows(0))
    stored = tmp_path / "stored.parquet"
    rows.to_parquet(stored, index=False)
    values = []
    for batch in (str(stored), written(tmp_path, "text", rows)):
        (found,) = bare.monitor(spec, batch)
        scored = bare.gateways.predictions.read("shop", found["batch"]["digest"], 1)
        values.append(pd.DataFrame(scored.values, index=scored.ids).sort_index())
    pd.testing.assert_frame_equal(*values)


def test_a_file_of_a_data_set_is_a_batch_with_the_keys_of_its_folders(bare, tmp_path):
    for origin, rows in rows_of(TRAINING_DAYS).groupby("page"):
        folder = tmp_path / "lake" / f"page={origin}"
        folder.mkdir(parents=True)
        rows.drop(columns="page").to_parquet(folder / "part-0.parquet", index=False)
    spec = a_spec(source=str(tmp_path / "new" / "*" / "*.parquet"))
    bare.train(spec, str(tmp_path / "lake"))
    for origin, rows in batch_rows(0).groupby("page"):
        folder = tmp_path / "new" / f"page={origin}"
        folder.mkdir(parents=True)
        rows.drop(columns="page").to_parquet(folder / f"{origin}.parquet", index=False)
    found = bare.monitor(spec)
    assert [d["batch"]["id"] for d in found] == ["home", "news", "sale"]
    assert all(d["validation"]["outcome"] != "quarantine" for d in found)


def test_what_no_model_reads_is_refused_at_once_and_costs_a_batch_later(bare, tmp_path):
    path = tmp_path / "training.parquet"
    rows = stored(rows_of(TRAINING_DAYS))
    lists = pa.array([[1.0, 2.0]] * len(rows))
    pq.write_table(rows.append_column("embedding", lists), path)
    with pytest.raises(UsageError, match="cannot read") as caught:
        bare.train(a_spec(), str(path))
    assert caught.value.observed == "'embedding': lists"
    spec = a_spec(features=("price", "age", "page"))
    bare.train(spec, str(path))
    batch = stored(batch_rows(0))
    wrong = batch.drop_columns("age").append_column("age", pa.array([[1.0]] * len(batch)))
    for name, table in (
        ("wrong", wrong),
        ("odd", batch.append_column("embedding", lists[: len(batch)])),
    ):
        pq.write_table(table, tmp_path / f"{name}.parquet")
    (found,) = bare.monitor(spec, str(tmp_path / "wrong.parquet"))
    assert found["validation"]["outcome"] == "quarantine"
    (found,) = bare.monitor(spec, str(tmp_path / "odd.parquet"))
    assert found["validation"]["outcome"] != "quarantine"


@pytest.mark.parametrize("content", ["many", "2013-01-01"])
def test_text_among_numbers_is_told(bare, tmp_path, content):
    bare.train(a_spec(), written(tmp_path, "training", rows_of(TRAINING_DAYS)))
    rows = batch_rows(0)
    rows = rows.assign(price=rows["price"].astype(object).where(rows.index != 5, content))
    (found,) = bare.monitor(a_spec(), written(tmp_path, "batch", rows))
    assert found["validation"]["outcome"] == "quarantine"
    assert any(f["column"] == "price" for f in found["validation"]["failures"])


def test_a_number_that_is_missing_in_all_rows_is_still_a_number(bare, tmp_path):
    bare.train(a_spec(), written(tmp_path, "training", rows_of(TRAINING_DAYS)))
    rows = batch_rows(0).assign(age=np.nan)
    rows["price"] = rows["price"].round()
    (found,) = bare.monitor(a_spec(), written(tmp_path, "batch", rows))
    assert not any("type" in f["expectation"] for f in found["validation"]["failures"])
