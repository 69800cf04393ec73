"""`incumbent drift` on files: the contract of its answers, and input as it comes in life."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from incumbent.cli import cli
from incumbent.data.profile import profile
from incumbent.errors import MissingPathError, UnreadableError, UsageError
from incumbent.gateways import profiles

KEYS = {"column", "kind", "distance", "p", "q", "null_quantile", "alarm"}


def a_table(n=2_000, seed=0):
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": [f"row-{seed}-{i}" for i in range(n)],
            "at": pd.date_range("2024-01-01", periods=n, freq="30min"),
            "x": random.normal(50, 10, n),
            "k": random.poisson(3, n),
            "flag": random.random(n) < 0.3,
            "c": random.choice(["a", "b", "c"], n),
            "t": random.choice([f"v{i}" for i in range(200)], n),
        }
    )


@pytest.fixture
def compare(tmp_path, capsys):
    def run(reference, batch, *options, suffix="parquet"):
        paths = []
        for name, table in (("reference", reference), ("batch", batch)):
            path = tmp_path / f"{name}.{suffix}"
            if isinstance(table, pd.DataFrame):
                table.to_csv(path, index=False) if suffix == "csv" else table.to_parquet(path)
            paths.append(str(path if isinstance(table, pd.DataFrame) else table))
        cli.main(["drift", *paths, "--json", *options], standalone_mode=False)
        return json.loads(capsys.readouterr().out, parse_constant=pytest.fail)

    return run


def named(doc):
    return {column["column"]: column for column in doc["columns"]}


def test_the_answer_has_what_tools_rely_on(compare):
    doc = compare(a_table(), a_table(500, 1), "--ignore", "at")
    assert all(column.keys() >= KEYS for column in doc["columns"])
    assert doc.keys() >= {"columns", "score", "alarm", "rows"}
    assert doc["rows"] == {"reference": 2_000, "batch": 500}
    assert set(named(doc)) == {"x", "k", "flag", "c", "t"}
    assert doc["left_out"] == {"id": "names rows", "at": "ignored"}
    assert {c["column"]: c["kind"] for c in doc["columns"]} == {
        "x": "numeric",
        "k": "numeric",
        "flag": "boolean",
        "c": "categorical",
        "t": "categorical",
    }
    assert not doc["alarm"]


def test_only_what_is_asked_for(compare):
    doc = compare(a_table(), a_table(500, 1), "--only", "x", "--only", "c")
    assert set(named(doc)) == {"x", "c"}


def test_csv_answers_as_parquet_does(compare):
    reference, batch = (a_table(n, s).drop(columns="flag") for n, s in ((2_000, 0), (500, 1)))
    reference.loc[::7, ["x", "c"]] = np.nan
    found = [
        compare(reference, batch, "--timestamp", "at", suffix=suffix)
        for suffix in ("parquet", "csv")
    ]
    assert found[0] == found[1]


def test_row_groups_and_files_do_not_count(compare, tmp_path):
    reference, batch = a_table(), a_table(600, 1)
    whole = compare(reference, batch, "--timestamp", "at")
    reference.to_parquet(tmp_path / "reference.parquet", row_group_size=300)
    for part in range(3):
        batch[part * 200 : (part + 1) * 200].to_parquet(tmp_path / f"part_{part}.parquet")
    paths = tmp_path / "reference.parquet", tmp_path / "part_*.parquet"
    parts = compare(*paths, "--timestamp", "at")
    assert parts.pop("score") == pytest.approx(whole.pop("score"))
    strip = lambda doc: [(c["column"], c["p"], c["distance"]) for c in doc["columns"]]  # noqa: E731
    assert strip(parts) == strip(whole)


def test_a_profile_that_was_kept_stands_for_the_reference(compare, tmp_path):
    kept = tmp_path / "reference.profile.arrow"
    batch = tmp_path / "b.parquet"
    a_table(500, 1).to_parquet(batch)
    whole = compare(a_table(), batch, "--timestamp", "at", "--profile", str(kept))
    again = compare(kept, batch, "--timestamp", "at")
    assert again["columns"] == whole["columns"]
    assert again["null_quality"] == whole["null_quality"]


def test_days_that_differ_are_no_drift_where_they_are_known(compare):
    random = np.random.default_rng(0)
    days = np.repeat(np.arange(60), 48)
    table = a_table(len(days)).assign(
        x=random.normal(size=60)[days] * 3 + random.normal(size=2_880)
    )
    reference, batch = table[days < 55], table[days >= 55]
    assert compare(reference, batch, "--ignore", "at")["alarm"]
    calm = compare(reference, batch, "--timestamp", "at")
    assert not named(calm)["x"]["alarm"]
    assert not calm["alarm"]


FAULTS = {
    "unit": (lambda t: t.assign(x=t["x"] * 1_000), "x", "times 1e+3"),
    "sentinel": (
        lambda t: t.assign(x=t["x"].where(t.index % 50 >= 9, -999)),
        "x",
        "-999 0% -> 18%",
    ),
    "constant": (lambda t: t.assign(x=50.0), "x", "constant now"),
    "unseen": (lambda t: t.assign(t=t["t"].where(t.index % 2 == 0, "new")), "t", "unseen values"),
    "null": (lambda t: t.assign(x=np.nan), "x", "null 0% -> 100%"),
    "infinite": (lambda t: t.assign(x=t["x"].where(t.index % 10 > 0, -np.inf)), "x", "infinite"),
    "text": (lambda t: t.assign(x="n/a"), "x", "null 0% -> 100%"),
    "missing": (lambda t: t.assign(c=None), "c", "null 0% -> 100%"),
    "hole": (lambda t: t.assign(k=t["k"].where(t.index % 5 > 0)), "k", "null 0% -> 20%"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found_and_named(compare, fault):
    break_, column, change = FAULTS[fault]
    doc = compare(a_table(), break_(a_table(1_000, 1)), "--ignore", "at")
    assert doc["alarm"]
    assert doc["columns"][0]["column"] == column
    assert change in " ".join(doc["columns"][0]["moved"])


@pytest.mark.parametrize("rows", [0, 1, 19])
def test_too_few_rows_are_said_to_be_so(compare, rows):
    doc = compare(a_table(), a_table(20, 1).head(rows))
    assert (doc["score"], doc["alarm"], doc["null_quality"]) == (None, False, "insufficient data")
    assert doc["rows"]["batch"] == rows
    assert all(c["distance"] is None and c["p"] is None for c in doc["columns"])


def test_a_column_that_the_batch_has_not_is_said_to_be_missing(compare):
    doc = compare(a_table(), a_table(500, 1).drop(columns="c"))
    assert doc["left_out"]["c"] == "not in the batch"


def test_a_column_without_a_value_on_either_side_has_not_moved(compare):
    tables = [a_table(n, s).assign(x=np.nan, c=None) for n, s in ((2_000, 0), (500, 1))]
    doc = compare(*tables)
    assert named(doc)["x"]["distance"] == named(doc)["c"]["distance"] == 0


@pytest.mark.slow
def test_thousands_of_columns_are_compared(compare):
    random = np.random.default_rng(0)
    names = [f"x{i}" for i in range(3_000)]
    tables = [pd.DataFrame(random.normal(size=(60, 3_000)), columns=names) for _ in range(2)]
    doc = compare(*tables)
    assert len(doc["columns"]) == 3_000
    assert not doc["alarm"]


def test_the_table_for_people_is_capped_and_shows_both_sides(tmp_path, capsys):
    for name, seed in (("r", 0), ("b", 1)):
        random = np.random.default_rng(seed)
        table = pd.DataFrame({f"x{i}": random.normal(size=100) for i in range(60)})
        table.assign(**{"\x1b[31m": "[bold]"}).to_parquet(tmp_path / f"{name}.parquet")
    cli.main(
        ["drift", str(tmp_path / "r.parquet"), str(tmp_path / "b.parquet")], standalone_mode=False
    )
    printed = capsys.readouterr().out
    assert "100 rows beside 100" in printed
    assert "and 21 columns more" in printed
    assert "\x1b[31m" not in printed
    assert "█" in printed


def test_the_page_stands_alone_and_escapes_what_comes_from_data(compare, tmp_path):
    hostile = "<script>alert(1)</script>"
    reference, batch = a_table(), a_table(500, 1).assign(c=hostile)
    page = tmp_path / "drift.html"
    compare(*(t.rename(columns={"x": hostile}) for t in (reference, batch)), "--html", str(page))
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "http://" not in text
    assert "https://" not in text


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--timestamp", "never"), UsageError),
        (("--only", "never"), UsageError),
        (("--ignore", "never"), UsageError),
    ],
)
def test_columns_that_are_not_there_are_refused(compare, options, error):
    with pytest.raises(error, match="no such column"):
        compare(a_table(100), a_table(100, 1), *options)


def test_files_that_are_not_there_or_not_readable_are_refused(compare, tmp_path):
    here = a_table(100)
    with pytest.raises(MissingPathError):
        compare(here, tmp_path / "nothing.parquet")
    with pytest.raises(MissingPathError):
        compare(tmp_path / "nothing.arrow", here)
    (tmp_path / "table.xlsx").touch()
    with pytest.raises(UsageError, match="format"):
        compare(here, tmp_path / "table.xlsx")
    for name in ("broken.parquet", "broken.profile.arrow"):
        (tmp_path / name).write_bytes(b"PAR1 garbage")
    with pytest.raises(UnreadableError):
        compare(here, tmp_path / "broken.parquet")
    with pytest.raises(UnreadableError):
        compare(tmp_path / "broken.profile.arrow", here)


def test_rows_without_a_time_are_refused(compare):
    batch = a_table(100, 1)
    batch.loc[3, "at"] = pd.NaT
    with pytest.raises(UnreadableError, match="without one"):
        compare(a_table(), batch, "--timestamp", "at")


def test_the_command_imports_no_server_no_suite_and_no_pandas(tmp_path):
    for name, seed in (("r", 0), ("b", 1)):
        a_table(100, seed).to_parquet(tmp_path / f"{name}.parquet")
    script = (
        "import sys; from incumbent.cli import cli;"
        "cli.main(['drift', *sys.argv[1:], '--timestamp', 'at'], standalone_mode=False);"
        "print(sorted(sys.modules), file=sys.stderr)"
    )
    paths = [str(tmp_path / f"{name}.parquet") for name in "rb"]
    done = subprocess.run(
        [sys.executable, "-c", script, *paths], capture_output=True, check=True, text=True
    )
    heavy = ("prefect", "mlflow", "great_expectations", "pandas", "scipy.stats", "sklearn")
    assert not [name for name in heavy if f"'{name}'" in done.stderr]


def test_a_classifier_finds_what_no_single_column_shows(compare, tmp_path):
    reference = a_table().assign(y=lambda t: t["x"] + np.random.default_rng(5).normal(size=len(t)))
    batch = reference.assign(y=reference["y"].sample(frac=1, random_state=0).to_numpy())
    kept = tmp_path / "r.profile.arrow"
    doc = compare(reference, batch, "--ignore", "at", "--domain", "--profile", str(kept))
    assert not doc["alarm"]
    assert doc["domain"]["alarm"]
    calm = compare(reference, reference, "--timestamp", "at", "--domain")
    assert not calm["domain"]["alarm"]
    with pytest.raises(UsageError, match="no rows"):
        compare(kept, batch, "--domain", "--profile", str(kept.with_name("again.arrow")))
    assert not kept.with_name("again.arrow").exists()  # refused before the work


def test_columns_that_moved_together_are_named(compare, tmp_path):
    table, batch = a_table(), a_table(1_000, 1)
    page = tmp_path / "drift.html"
    table = table.assign(twin=table["x"] * 2, alone=table["x"].to_numpy()[::-1])
    moved = {"x": batch["x"] + 30, "k": batch["k"] + 5, "alone": batch["x"].to_numpy()[::-1]}
    batch = batch.assign(**moved).assign(twin=lambda t: t["x"] * 2)
    doc = compare(table, batch, "--ignore", "at", "--html", str(page))
    assert {name for name, c in named(doc).items() if c["alarm"]} == {"x", "twin", "k"}
    assert doc["together"] == [["twin", "x"]]
    assert "Moved together: twin, x." in page.read_text(encoding="utf-8")


def test_an_evening_that_is_left_over_is_no_day(compare, tmp_path):
    kept = tmp_path / "kept.arrow"
    table = a_table(40 * 48 + 10)
    doc = compare(table, a_table(2 * 48 + 10, 1), "--timestamp", "at", "--profile", str(kept))
    known = profiles.read(kept.read_bytes())
    kinds = {"x": "numeric", "k": "numeric"}
    at_once = profile(table, kinds, table["at"].to_numpy("datetime64[D]").astype(np.int64))
    assert known.blocks == at_once.blocks == 40
    assert {name: known.null[name] for name in kinds} == {n: at_once.null[n] for n in kinds}
    assert doc["null_quality"] == "sound"  # 40 days beside two; beside three they would not be


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_terminal_that_lacks_signs_shows_others_in_their_place(tmp_path, encoding):
    for name, seed in (("a", 0), ("b", 1)):
        a_table(seed=seed).assign(café=seed).to_parquet(tmp_path / f"{name}.parquet")
    words = ["drift", str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")]
    env = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "LC_ALL": "C"}
    code = "import sys; from incumbent.cli import main; sys.argv[0] = 'incumbent'; main()"
    ran = subprocess.run(
        [sys.executable, "-c", code, *words], env=env, capture_output=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert b"caf" in ran.stdout
    assert b"Traceback" not in ran.stderr
