"""Files that are broken or strange, through the loop: set aside and kept, or handled; no crash."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from incumbent.records import BatchStatus
from tests.flows.world import TRAINING_DAYS, a_spec, batch_rows, rows_of

LONG = "x" * 100_000
HOSTILE = [
    *("'; DROP TABLE batches; --", '=HYPERLINK("http://a.test")', "<script>alert(1)</script>"),
    *("{{ 7 * 7 }}", "\x1b[31mred", "[a](javascript:b)", "\u202egnp.exe", LONG),
]


def parquet(rows):
    file = io.BytesIO()
    rows.to_parquet(file, index=False)
    return file.getvalue()


def csv(rows, **how):
    return rows.to_csv(index=False, **how).encode(how.get("encoding", "utf-8"))


def flipped(content, seed):
    """The same bytes with some inside the pages turned."""
    changed = bytearray(content)
    for at in np.random.default_rng(seed).integers(8, len(content) // 2, 20):
        changed[at] ^= 0xFF
    return bytes(changed)


def cp1252(rows):
    return csv(rows.assign(page="Zürich")).decode().encode("cp1252")


SET_ASIDE = {
    "truncated.parquet": lambda rows: parquet(rows)[:-100],
    "half.parquet": lambda rows: parquet(rows)[: len(parquet(rows)) // 2],
    "empty.parquet": lambda _: b"",
    "no_rows.parquet": lambda rows: parquet(rows.head(0)),
    "text.parquet": lambda _: b"this is no table",
    "html.csv": lambda _: b"<html><body>404 Not Found</body></html>",
    "semicolons.csv": lambda rows: csv(rows, sep=";"),
    "decimal_comma.csv": lambda rows: csv(rows, sep=",", decimal=","),
    "cp1252.csv": cp1252,
    "utf16.csv": lambda rows: csv(rows).decode().encode("utf-16"),
    "empty.csv": lambda _: b"",
    "header_only.csv": lambda rows: csv(rows.head(0)),
    "ragged.csv": lambda rows: csv(rows).replace(b"\n12-5,", b"\n12-5,,,,", 1),
    "retyped.parquet": lambda rows: parquet(
        rows.assign(price="about " + rows["price"].astype(str))
    ),
    "renamed.parquet": lambda rows: parquet(rows.rename(columns={"price": "Price"})),
    "dropped.parquet": lambda rows: parquet(rows.drop(columns="age")),
    "doubled.parquet": lambda rows: parquet(pd.concat([rows, rows.head(9)])),
    "no_time.parquet": lambda rows: parquet(rows.assign(at=rows["at"].mask(rows.index == 3))),
    "future.parquet": lambda rows: parquet(rows.assign(at=rows["at"] + pd.Timedelta(days=90_000))),
    "learnt.parquet": lambda _: parquet(rows_of(TRAINING_DAYS).tail(300)),
    "hostile.parquet": lambda rows: parquet(rows.assign(page=np.resize(HOSTILE, len(rows)))),
}

HANDLED = {
    "one_row.parquet": lambda rows: parquet(rows.head(1)),
    "columns_turned.parquet": lambda rows: parquet(rows[rows.columns[::-1]]),
    "surplus.parquet": lambda rows: parquet(rows.assign(surplus=LONG[:50])),
    "narrow.parquet": lambda rows: parquet(rows.astype({"price": "float32", "age": "float32"})),
    "dictionary.parquet": lambda rows: parquet(rows.astype({"page": "category"})),
    "plain.csv": csv,
    "bom.csv": lambda rows: b"\xef\xbb\xbf" + csv(rows),
    "some_hostile.parquet": lambda rows: parquet(
        rows.assign(page=rows["page"].where(rows.index >= len(HOSTILE), pd.Series(HOSTILE)))
    ),
    "wide.parquet": lambda rows: parquet(
        pd.concat([rows, pd.DataFrame(0.0, rows.index, [f"c{i}" for i in range(2_000)])], axis=1)
    ),
}


def delivered(folder, name, content):
    path = folder / "deliveries" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", SET_ASIDE)
def test_a_broken_file_is_set_aside_and_every_byte_is_kept(loop, tmp_path, name):
    content = SET_ASIDE[name](batch_rows(0, changed=True))
    path = delivered(tmp_path, name, content)
    (found,) = loop.monitor(a_spec(), str(path))
    assert found["validation"]["outcome"] == "quarantine"
    worst = found["validation"]["failures"][0]
    assert worst["severity"] == "critical"
    assert worst["observed"]
    assert loop.champion == 1
    entry = loop.gateways.ledger.batch("shop", found["batch"]["digest"])
    assert entry.status is BatchStatus.QUARANTINED
    assert kept(loop.home, content)
    path.unlink()
    (sound,) = loop.monitor(
        a_spec(), str(delivered(tmp_path, "b1.parquet", parquet(batch_rows(1))))
    )
    assert sound["validation"]["outcome"] in {"pass", "warn"}


@pytest.mark.parametrize("name", HANDLED)
def test_a_strange_file_is_handled(loop, tmp_path, name):
    path = delivered(tmp_path, name, HANDLED[name](batch_rows(0)))
    (found,) = loop.monitor(a_spec(), str(path))
    assert found["validation"]["outcome"] in {"pass", "warn"}
    assert found["drift"] is not None
    assert loop.gateways.predictions.read("shop", found["batch"]["digest"], 1) is not None


@pytest.mark.parametrize("seed", range(6))
def test_flipped_bytes_end_in_a_document(loop, tmp_path, seed):
    content = flipped(parquet(batch_rows(0, changed=True)), seed)
    (found,) = loop.monitor(a_spec(), str(delivered(tmp_path, "b.parquet", content)))
    assert found["validation"]["outcome"] in {"quarantine", "warn", "pass"}
    assert found["decision"]["id"]


def test_a_file_under_another_name_counts_once(loop, tmp_path):
    rows = batch_rows(0)
    (first,) = loop.monitor(a_spec(), str(delivered(tmp_path, "a.parquet", parquet(rows))))
    turned = parquet(rows[rows.columns[::-1]])
    (again,) = loop.monitor(a_spec(), str(delivered(tmp_path, "b.parquet", turned)))
    assert again["duplicate"]
    assert again["batch"]["digest"] == first["batch"]["digest"]
    assert len(loop.gateways.ledger.documented("shop", 10)) == 1


def kept(home: Path, content: bytes) -> bool:
    """Whether a file below the store of predictions has these very bytes."""
    return any(
        path.read_bytes() == content
        for path in home.rglob("*")
        if path.is_file() and path.stat().st_size == len(content)
    )
