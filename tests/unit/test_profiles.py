import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from incumbent.data.profile import profile
from incumbent.errors import UnreadableError
from incumbent.gateways import profiles
from incumbent.records import Profile, Windows

MOST_BYTES_FOR_100_COLUMNS = 2_000_000


def a_profile(n=2_000, columns=3, days=20):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{k}": random.normal(size=n) for k in range(columns)})
    frame["c"] = random.choice(["a", "b", "ü|<script>"], n)
    frame["nothing"] = np.nan
    kinds = {name: "categorical" if name == "c" else "numeric" for name in frame}
    return profile(frame, kinds, np.arange(n) * days // n)


def test_what_is_read_is_what_was_written():
    written = a_profile()
    assert profiles.read(profiles.write(written)) == written


def test_weights_are_kept():
    known = a_profile()
    written = Profile(known.rows, known.blocks, known.columns, known.null, {"x0": 0.5})
    assert profiles.read(profiles.write(written)) == written


@pytest.mark.parametrize(
    "written", [Profile(0, 0, {}), Profile(0, 3, {}, {"": (Windows(1, 0.1, 0.0),)})]
)
def test_nothing_can_be_written(written):
    assert profiles.read(profiles.write(written)) == written


def test_the_same_profile_has_the_same_bytes():
    assert profiles.write(a_profile()) == profiles.write(a_profile())


@pytest.mark.slow
def test_a_hundred_columns_are_small():
    assert len(profiles.write(a_profile(50_000, 98))) < MOST_BYTES_FOR_100_COLUMNS


def test_what_a_later_release_adds_is_passed_over():
    with pa.ipc.open_file(pa.py_buffer(profiles.write(a_profile()))) as reader:
        table = reader.read_all()
    head = json.loads(table.schema.metadata[b"profile"]) | {"unknown": 1}
    more = table.append_column("more", pa.array([1] * table.num_rows))
    assert profiles.read(stored(more, head)) == a_profile()


def test_a_form_that_is_not_known_is_refused():
    with pa.ipc.open_file(pa.py_buffer(profiles.write(a_profile()))) as reader:
        table = reader.read_all()
    with pytest.raises(UnreadableError) as refused:
        profiles.read(stored(table, {"form": 99}))
    assert "99" in refused.value.observed


@pytest.mark.parametrize("content", [b"", b"garbage", profiles.write(a_profile())[:500]])
def test_what_is_no_profile_is_refused(content):
    with pytest.raises(UnreadableError):
        profiles.read(content)


def stored(table, head):
    schema = table.schema.with_metadata({"profile": json.dumps(head)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, schema) as writer:
        writer.write_table(table.replace_schema_metadata(schema.metadata))
    return sink.getvalue().to_pybytes()
