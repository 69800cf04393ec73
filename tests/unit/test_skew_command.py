"""`incumbent skew` and `incumbent.skew`: two tables as they come in life, without a model."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import incumbent
from incumbent.cli import cli
from incumbent.errors import MissingPathError, UnreadableError, UsageError

KEYS = {"feature", "joined", "mismatch_share", "kind", "examples"}


def a_table(n=400, seed=0):
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "visit": [f"{k:05d}" for k in range(n)],
            "at": pd.date_range("2024-01-01", periods=n, freq="7min"),
            "seen": pd.date_range("2023-01-01", periods=n, freq="3min"),
            "price": np.where(random.random(n) < 0.05, np.nan, random.normal(50, 10, n)),
            "member": random.random(n) < 0.3,
            "region": [f"{k:02d}" for k in random.integers(0, 20, n)],
            "code": random.integers(1, 9, n),
        }
    )


OFFLINE = a_table()


@pytest.fixture
def compare(tmp_path, capsys):
    def run(serving, offline, *options, serving_as="parquet", offline_as="parquet"):
        paths = []
        for name, table, suffix in (
            ("serving", serving, serving_as),
            ("offline", offline, offline_as),
        ):
            path = tmp_path / f"{name}.{suffix}"
            if isinstance(table, pd.DataFrame):
                table.to_csv(path, index=False) if suffix == "csv" else table.to_parquet(path)
            paths.append(str(path if isinstance(table, pd.DataFrame) else table))
        cli.main(["skew", *paths, "--id", "visit", *options], standalone_mode=False)
        return capsys.readouterr().out

    return run


@pytest.fixture
def document(compare):
    def run(*tables, **formats):
        found = compare(*tables, "--json", **formats)
        return json.loads(found, parse_constant=pytest.fail)

    return run


def named(doc):
    return {found["feature"]: found for found in doc["features"]}


def test_the_answer_has_what_tools_rely_on(document):
    doc = document(OFFLINE.assign(price=OFFLINE["price"] * 100), OFFLINE, "--timestamp", "at")
    assert all(found.keys() >= KEYS for found in doc["features"])
    assert doc["features"][0]["feature"] == "price"
    assert named(doc).keys() == {"seen", "price", "member", "region", "code"}
    assert (named(doc)["price"]["kind"], named(doc)["code"]["kind"]) == ("unit", None)
    assert doc["rows"]["joined"] == len(OFFLINE)
    first = named(doc)["price"]["examples"][0]
    assert first["id"] == "00000"
    assert first["serving"] == pytest.approx(100 * first["offline"])


@pytest.mark.parametrize("formats", [("csv", "parquet"), ("parquet", "csv"), ("csv", "csv")])
def test_one_table_in_two_formats_has_no_skew(document, formats):
    serving = OFFLINE.sample(frac=1, random_state=0).astype({"price": "float32"})
    doc = document(serving, OFFLINE, serving_as=formats[0], offline_as=formats[1])
    assert doc["mismatch_share"] == 0
    assert (doc["rows"]["joined"], doc["left_out"]) == (len(OFFLINE), {})


def test_columns_may_be_left_out_or_chosen(document):
    doc = document(OFFLINE.drop(columns="code"), OFFLINE, "--ignore", "seen", "--ignore", "at")
    assert named(doc).keys() == {"price", "member", "region"}
    assert doc["left_out"] == {
        "seen": "ignored",
        "at": "ignored",
        "code": "not in the serving table",
    }
    chosen = document(OFFLINE, OFFLINE, "--only", "price")
    assert named(chosen).keys() == {"price"}


def test_the_tolerance_is_relative(document):
    near = OFFLINE.assign(price=OFFLINE["price"] * 1.0005)
    assert document(near, OFFLINE)["mismatch_share"] > 0.9
    assert document(near, OFFLINE, "--tolerance", "1e-3")["mismatch_share"] == 0
    with pytest.raises(UsageError, match="tolerance"):
        document(near, OFFLINE, "--tolerance", "-1")


def test_ids_that_join_nothing_are_shown(document):
    numbers = OFFLINE.assign(visit=range(len(OFFLINE)))
    with pytest.raises(UsageError) as caught:
        document(numbers, OFFLINE)
    assert caught.value.observed == ("serving: '0', '1', '2'; offline: '00000', '00001', '00002'")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--only", "prize"), "prize"),
        (("--timestamp", "when"), "when"),
        (("--ignore", "prize"), "prize"),
    ],
)
def test_a_column_that_is_not_there_is_named(document, options, says):
    with pytest.raises(UsageError, match=says):
        document(OFFLINE, OFFLINE, *options)


def test_what_is_no_table_is_an_error_of_the_caller(document, tmp_path):
    with pytest.raises(MissingPathError):
        document(tmp_path / "none.parquet", OFFLINE)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1")
    with pytest.raises(UnreadableError):
        document(OFFLINE, broken)
    with pytest.raises(UsageError, match="visit"):
        document(OFFLINE.drop(columns="visit"), OFFLINE)


def test_the_page_escapes_what_comes_from_data(compare):
    name, id_, value = "[red]price", "\x1b[31m00000", "[link=http://a]x"
    offline = OFFLINE.rename(columns={"region": name})
    offline["visit"] = [id_, *offline["visit"].tolist()[1:]]
    found = compare(offline.assign(**{name: value}), offline)
    assert "\x1b" not in found
    words = "".join(found.split())
    assert "[red]price" in words
    assert "[link=http://a]x" in words
    assert "\\x1b[31m00000" in words


def test_the_page_names_the_kind_and_what_is_equal(compare):
    found = " ".join(compare(OFFLINE.assign(price=OFFLINE["price"].fillna(0)), OFFLINE).split())
    missing = int(OFFLINE["price"].isna().sum())
    assert found.startswith(f"{missing} of 400 joined rows differ")
    assert "default" in found
    assert "5 of 6 features are equal in all joined rows" in found


def test_in_python_tables_may_be_in_memory():
    served = pa.Table.from_pandas(OFFLINE.assign(region=OFFLINE["region"] + "x"))
    found = incumbent.skew(served, OFFLINE, id="visit", timestamp="at")
    assert found.skewed == ("region",)
    assert "region: 100.0%" in repr(found)
    copy = found.to_dict()
    copy["features"].clear()
    assert found.to_dict()["features"]


def test_rows_of_others_are_told_once(compare):
    wrong = np.flatnonzero(np.random.default_rng(1).random(len(OFFLINE)) < 0.05)
    ids = OFFLINE["visit"].to_numpy().copy()
    ids[wrong] = np.roll(ids[wrong], 1)
    words = " ".join(compare(OFFLINE.assign(visit=ids), OFFLINE, "--ignore", "at").split())
    assert f"another row's value: {len(wrong)} rows mismatch in nearly all features" in words
