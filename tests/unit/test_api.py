"""What `import incumbent` offers: one comparison for frames, Arrow tables and paths."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import incumbent
from incumbent.errors import MissingPathError, UsageError

ROWS = 1500


def shifted(shift: float = 0.0, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    numbers = random.normal(size=ROWS) + shift
    return pd.DataFrame(
        {
            "at": pd.date_range("2013-01-01", periods=ROWS, freq="1h", tz="US/Eastern"),
            "price": np.where(random.random(ROWS) < 0.05, np.nan, numbers),
            "whole": random.integers(0, 9, ROWS),
            "page": random.choice(["home", "news", None], ROWS),
            "shop": pd.Categorical(random.choice(["a", "b"], ROWS)),
            "loyal": numbers > 0,
            "member": pd.array(np.where(random.random(ROWS) < 0.1, None, True), dtype="boolean"),
            "day": pd.date_range("2013-01-01", periods=ROWS, freq="1h").date,
        }
    )


REFERENCE, BATCH = shifted(), shifted(0.7, seed=1)


@pytest.fixture
def stored(tmp_path):
    def _stored(frame, name):
        path = tmp_path / name
        frame.to_parquet(path)
        return path

    return _stored


@pytest.fixture
def forms(stored):
    """A table as a path, a URI, an Arrow table, a frame of Arrow types, and a frame."""

    def _forms(frame, name):
        path = stored(frame, f"{name}.parquet")
        arrow = pq.read_table(path)
        yield str(path)
        yield path
        yield path.as_uri()
        yield arrow
        yield pa.Table.from_batches(arrow.to_batches(max_chunksize=100))
        yield arrow.to_pandas(types_mapper=pd.ArrowDtype)
        yield frame

    return _forms


@pytest.mark.parametrize("timestamp", [None, "at"])
def test_frames_arrow_tables_and_paths_are_compared_alike(forms, timestamp):
    documents = [
        incumbent.drift(reference, batch, timestamp).to_dict()
        for reference, batch in zip(
            forms(REFERENCE, "reference"), forms(BATCH, "batch"), strict=True
        )
    ]
    assert documents[0]["alarm"] is (timestamp is None)  # two months are too few windows
    assert {c["column"] for c in documents[0]["columns"][:2]} == {"price", "loyal"}
    for document in documents[1:]:
        assert document == documents[0]


def test_both_sides_may_be_of_different_forms(stored):
    found = incumbent.drift(stored(REFERENCE, "r.parquet"), BATCH, only=("price",))
    assert found.drifted == ("price",)
    assert found.title == "batch and r.parquet"
    left = incumbent.drift(REFERENCE, BATCH, ignore=("price", "at"))
    assert left.to_dict()["left_out"]["price"] == "ignored"
    assert "price" not in left.drifted


def test_what_exports_arrow_is_a_table():
    class Exported:
        def __init__(self, frame):
            self.table = pa.Table.from_pandas(frame[["price", "page"]])

        def __arrow_c_stream__(self, requested_schema=None):
            return self.table.__arrow_c_stream__(requested_schema)

    found = incumbent.drift(Exported(REFERENCE), Exported(BATCH))
    assert found.to_dict() == incumbent.drift(
        REFERENCE, BATCH, only=["price", "page"]
    ).to_dict() | {"left_out": {}}


def test_a_comparison_shows_itself():
    found = incumbent.drift(REFERENCE, BATCH)
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()
    found.to_dict()["columns"].clear()
    assert found.to_dict()["columns"]
    text = repr(found)
    assert text.startswith("Drift: ")
    assert "\n  price: distance 0." in text
    shown = found._repr_html_()
    assert shown.startswith("<iframe")
    assert "&lt;td&gt;price&lt;/td&gt;" in shown
    assert "<td>" not in shown


def test_an_index_is_a_column_where_it_has_a_name(stored):
    named = REFERENCE.assign(extra=REFERENCE["price"] * 2).set_index("extra")
    found = incumbent.drift(named, named).to_dict()
    assert found == incumbent.drift(*[stored(named, "named.parquet")] * 2).to_dict()
    assert "extra" in {c["column"] for c in found["columns"]}
    unnamed = REFERENCE.set_index(pd.Index(np.arange(ROWS)[::-1] * 1.5))
    assert (
        incumbent.drift(unnamed, unnamed).to_dict()
        == incumbent.drift(REFERENCE, REFERENCE).to_dict()
    )


def test_a_column_of_several_types_is_text():
    mixed = pd.DataFrame({"m": [1, "1", 2.0, None, "a"] * 100})
    found = incumbent.drift(mixed, mixed)
    assert dict(zip(found.batch.columns["m"].categories, [200, 100, 100], strict=False)).keys() == {
        "1",
        "2",
        "a",
    }


def test_frames_without_rows_are_compared_without_an_answer():
    found = incumbent.drift(REFERENCE, REFERENCE.head(0))
    assert not found.alarm
    assert repr(found).startswith("No drift: 0 of ")


@pytest.mark.parametrize("given", [None, 3, [1, 2], {"x": [1]}, np.zeros((3, 2)), pd.Series([1])])
def test_what_is_no_table_is_refused(given):
    with pytest.raises(UsageError, match=r"no table|cannot be read"):
        incumbent.drift(REFERENCE, given)


def test_faults_are_told_as_by_the_command():
    twice = pd.DataFrame([[1, 2]], columns=["x", "x"])
    with pytest.raises(UsageError, match="two columns of one name: x"):
        incumbent.drift(twice, twice)
    with pytest.raises(UsageError, match="no such column"):
        incumbent.drift(REFERENCE, BATCH, "no")
    with pytest.raises(MissingPathError):
        incumbent.drift(REFERENCE, "no.parquet")


def test_the_package_names_what_it_offers():
    assert {*incumbent.__all__} <= {*dir(incumbent)}
    assert all(hasattr(incumbent, name) for name in incumbent.__all__)
    with pytest.raises(AttributeError, match="no attribute 'harm_'"):
        incumbent.harm_  # noqa: B018 - it raises


def test_importing_the_package_imports_nothing_heavy():
    script = "import sys, incumbent; print(*{m.partition('.')[0] for m in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    heavy = {"numpy", "pandas", "pyarrow", "sklearn", "mlflow", "prefect", "pydantic", "sqlalchemy"}
    assert not heavy & set(done.stdout.split())


def test_comparing_paths_needs_no_pandas(stored):
    path = str(stored(REFERENCE, "r.parquet"))
    compared = f"import sys, incumbent; incumbent.drift({path!r}, {path!r})"
    script = f"{compared}; print('pandas' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "False"
