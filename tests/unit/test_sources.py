"""Every way in which a batch file can be right, and wrong."""

import datetime
import decimal
import gzip
import io
import uuid
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.local import LocalFileSystem

from incumbent.api.comparison import compare, open_reference
from incumbent.data.intake import as_text, canonical
from incumbent.data.kinds import column_types, kinds_of
from incumbent.data.profile import profile
from incumbent.digest import table_digest
from incumbent.errors import MissingPathError, OutOfReachError, UnreadableError, UsageError
from incumbent.gateways import sources
from incumbent.gateways.sources.frame import read_frame
from incumbent.gateways.sources.table import open_table
from incumbent.records import ColumnTypes
from tests.unit.builders import a_spec

CSV = b"id,carrier,distance,late\n1,UA,1400,1\n2,NA,,0\n3,,733.5,1\n"


def parquet(frame: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.to_parquet(file)
    return file.getvalue()


TABLE = parquet(pd.DataFrame({"x": np.arange(3000.0), "c": ["a", "b", "c"] * 1000}))


@pytest.fixture
def write(tmp_path: Path):
    def _write(name: str, content: bytes) -> str:
        (tmp_path / name).write_bytes(content)
        return str(tmp_path / name)

    return _write


@pytest.fixture
def read_csv(write):
    return lambda content: read_frame(write("batch.csv", content))


class TestFind:
    def test_names_are_ordered_and_their_numbers_count(self, tmp_path):
        for name in ("b_10.csv", "b_2.csv", "b_1.csv", "a_99.csv", "notes.txt"):
            (tmp_path / name).touch()
        found = sources.find(str(tmp_path / "*.csv"))
        assert [Path(p).name for p in found] == ["a_99.csv", "b_1.csv", "b_2.csv", "b_10.csv"]

    def test_dates_in_names_and_folders_are_ordered(self, tmp_path):
        for day in ("2013-10-01", "2013-02-16", "2013-02-01"):
            (tmp_path / day).mkdir()
            (tmp_path / day / "part.parquet").touch()
        found = sources.find(str(tmp_path / "*" / "part.parquet"))
        days = [Path(p).parent.name for p in found]
        assert days == ["2013-02-01", "2013-02-16", "2013-10-01"]

    def test_relative_paths_come_back_absolute(self, tmp_path, monkeypatch):
        (tmp_path / "a.csv").touch()
        monkeypatch.chdir(tmp_path)
        assert sources.find("*.csv") == (str(tmp_path / "a.csv"),)
        assert sources.find("a.csv") == (str(tmp_path / "a.csv"),)

    def test_a_file_with_brackets_in_its_name_is_a_file(self, tmp_path):
        (tmp_path / "jan[1].csv").touch()
        path = str(tmp_path / "jan[1].csv")
        assert sources.find(path) == (path,)

    def test_folders_are_no_match_of_a_pattern(self, tmp_path):
        (tmp_path / "a.csv").mkdir()
        assert sources.find(str(tmp_path / "*.csv")) == ()
        assert sources.find(str(tmp_path)) == ()

    def test_what_is_no_table_by_its_name_is_left_out_of_a_pattern(self, tmp_path):
        tables = ["a.csv", "a.csv.gz", "b.PARQUET", "c.pq"]
        for name in (*tables, "_SUCCESS", "notes.txt", "a.csv.crc", "csv", "d.csv~"):
            (tmp_path / name).touch()
        found = sources.find(str(tmp_path / "*"))
        assert sorted(Path(p).name for p in found) == tables
        with pytest.raises(MissingPathError):
            sources.require(str(tmp_path / "*.txt"))

    def test_a_uri_comes_back_as_a_uri_that_can_be_read(self, tmp_path):
        uri = f"memory://{tmp_path}/a.csv"
        filesystem, path = sources.open_filesystem(uri)
        filesystem.pipe_file(path, CSV)
        (found,) = sources.find(f"memory://{tmp_path}/*.csv")
        assert found == uri
        assert len(read_frame(found)) == 3

    @pytest.mark.parametrize("name", ["missing.csv", "missing_*.csv", "no/such/folder/*.csv"])
    def test_required_and_not_there(self, tmp_path, name):
        with pytest.raises(MissingPathError) as caught:
            sources.require(str(tmp_path / name))
        error = caught.value
        assert error.exit_code == 2
        assert error.observed == str(tmp_path / name)
        assert "quoted pattern" in error.allowed
        assert "check the path" in error.next_step
        assert sources.find(str(tmp_path / name)) == ()

    def test_a_folder_is_one_batch_if_it_holds_a_table(self, tmp_path):
        with pytest.raises(MissingPathError, match="a folder without a table"):
            sources.require(str(tmp_path))
        (tmp_path / "part-0.csv").write_bytes(CSV)
        assert sources.require(f"{tmp_path}/") == (str(tmp_path),)

    def test_required_and_there(self, write):
        path = write("a.csv", CSV)
        assert sources.require(path) == (path,)

    def test_an_unknown_protocol_is_wrong_usage(self):
        with pytest.raises(UsageError, match="Protocol not known: nowhere") as caught:
            sources.find("nowhere://bucket/*.csv")
        assert caught.value.observed.startswith("nowhere://bucket")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/data/flights_2013.parquet", "flights_2013"),
        ("flights.pq", "flights"),
        ("flights.2013-02.csv", "flights.2013-02"),
        ("s3://bucket/flights.csv.gz", "flights"),
        ("FLIGHTS.CSV", "FLIGHTS"),
        ("flights", "flights"),
        ("/data/.csv", ".csv"),
    ],
)
def test_the_stem_is_the_name_without_its_format(path, expected):
    assert sources.stem(path) == expected


class TestParquet:
    @pytest.mark.parametrize("suffix", [".parquet", ".pq", ".PARQUET"])
    def test_a_table_comes_back(self, write, suffix):
        frame = read_frame(write(f"a{suffix}", TABLE))
        assert frame.shape == (3000, 2)
        assert frame["x"].sum() == 4_498_500.0

    def test_categories_come_back_as_text(self, write):
        frame = pd.DataFrame({"c": pd.Categorical(["UA", None, "AA"])})
        found = read_frame(write("a.parquet", parquet(frame)))["c"]
        assert found.dtype == "str"
        assert found.isna().tolist() == [False, True, False]

    def test_a_named_index_is_a_column_and_an_unnamed_one_is_not(self, write):
        frame = pd.DataFrame({"x": [1, 2]}, index=pd.Index(["a", "b"], name="id"))
        found = read_frame(write("a.parquet", parquet(frame)))
        assert found["id"].tolist() == ["a", "b"]
        assert found.index.equals(pd.RangeIndex(2))
        unnamed = parquet(frame.rename_axis(None))
        assert read_frame(write("b.parquet", unnamed)).columns.tolist() == ["x"]

    def test_decimals_and_dates_become_numbers_and_times(self, write):
        table = pa.table(
            {"m": [decimal.Decimal("1.50"), None], "d": [datetime.date(2013, 1, 2), None]}
        )
        file = io.BytesIO()
        pq.write_table(table, file)
        found = read_frame(write("a.parquet", file.getvalue()))
        assert found["m"].dtype == np.float64
        assert found["m"].iloc[0] == 1.5
        assert found["d"].iloc[0] == pd.Timestamp("2013-01-02")

    def test_whole_numbers_with_nulls_become_float64(self, write):
        frame = pd.DataFrame({"n": pd.array([1, None], dtype="Int64")})
        found = read_frame(write("a.parquet", parquet(frame)))["n"]
        assert found.dtype == np.float64
        assert found.isna().tolist() == [False, True]

    def test_times_keep_their_zone(self, write):
        frame = pd.DataFrame({"t": pd.to_datetime(["2013-01-01 05:00"]).tz_localize("US/Eastern")})
        found = read_frame(write("a.parquet", parquet(frame)))["t"]
        assert found.iloc[0] == pd.Timestamp("2013-01-01 10:00", tz="UTC")

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b"", "empty"),
            (b"garbage" * 100, "magic bytes"),
            (TABLE[:200], "magic bytes"),
            (TABLE[:-8], "magic bytes"),
            (TABLE[:4] + b"Z" * 60 + TABLE[64:], ""),
            (CSV, ""),
        ],
        ids=["empty", "garbage", "truncated", "no footer", "corrupt page", "CSV inside"],
    )
    def test_what_is_no_parquet_is_unreadable(self, write, content, told):
        path = write("a.parquet", content)
        with pytest.raises(UnreadableError, match="cannot be read") as caught:
            read_frame(path)
        error = caught.value
        assert error.exit_code == 3
        assert error.observed.startswith(path)
        assert told in error.observed
        assert "whole Parquet" in error.allowed
        assert "deliver it again" in error.next_step

    def test_two_columns_of_one_name_are_unreadable(self, write):
        file = io.BytesIO()
        pq.write_table(pa.table([pa.array([1]), pa.array([2])], names=["x", "x"]), file)
        with pytest.raises(UnreadableError, match="two columns of one name: x"):
            read_frame(write("a.parquet", file.getvalue()))


class TestCsv:
    def test_na_and_empty_are_null(self, read_csv):
        frame = read_csv(CSV)
        assert frame["carrier"].isna().tolist() == [False, True, True]
        assert frame["distance"].isna().tolist() == [False, True, False]
        assert frame["id"].dtype == np.int64
        assert frame["distance"].dtype == np.float64
        assert frame["carrier"].dtype == "str"

    @pytest.mark.parametrize("null", ["", "NA", '"NA"', '""', "NaN", "nan", "null", "N/A"])
    def test_the_words_for_null(self, read_csv, null):
        frame = read_csv(f"x,y\n1,a\n{null},b\n".encode())
        assert frame["x"].isna().tolist() == [False, True]

    def test_zipped_is_the_same_table(self, write):
        plain, zipped = write("a.csv", CSV), write("a.csv.gz", gzip.compress(CSV))
        pd.testing.assert_frame_equal(read_frame(plain), read_frame(zipped))

    @pytest.mark.parametrize(
        ("values", "kind"),
        [
            (["00123", "7"], "str"),
            (["7", "-01"], "str"),
            (["00123", "1.5"], "str"),
            (["99999999999999999999", "1"], "str"),
            (["10", "0"], "int64"),
            (["9223372036854775807", "1"], "int64"),
            (["0.5", "0"], "float64"),
            (["1e300", "123456789012345678"], "float64"),
            (["05:40", "23:59"], "str"),
        ],
    )
    def test_codes_stay_text_and_numbers_become_numbers(self, read_csv, values, kind):
        frame = read_csv(("code,y\n" + "".join(f"{v},1\n" for v in values)).encode())
        assert frame["code"].dtype == kind
        if kind == "str":
            assert frame["code"].tolist() == values

    def test_a_code_with_a_gap_keeps_the_gap(self, read_csv):
        found = read_csv(b"code,y\n00123,1\nNA,2\n")["code"]
        assert found.isna().tolist() == [False, True]

    def test_a_type_is_inferred_from_all_rows(self, read_csv):
        frame = read_csv(b"a,b\n" + b"1,2\n" * 600_000 + b"1.5,x\n")
        assert frame["a"].dtype == np.float64
        assert frame["b"].iloc[-1] == "x"

    def test_dates_and_times_are_times(self, read_csv):
        frame = read_csv(b"d,t\n2013-01-01,2013-01-01T05:00:00Z\n,2013-01-01T05:00:00+02:00\n")
        assert frame["d"].iloc[0] == pd.Timestamp("2013-01-01")
        assert frame["t"].iloc[1] == pd.Timestamp("2013-01-01 03:00", tz="UTC")

    def test_quoted_line_ends_marks_of_order_and_windows_line_ends(self, read_csv):
        frame = read_csv(b'\xef\xbb\xbfa,b\r\n1,"x\ny, z"\r\n')
        assert frame.columns.tolist() == ["a", "b"]
        assert frame["b"].tolist() == ["x\ny, z"]

    def test_a_header_alone_is_a_table_without_rows(self, read_csv):
        frame = read_csv(b"a,b\n")
        assert frame.columns.tolist() == ["a", "b"]
        assert len(frame) == 0

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b"", "empty"),
            (b"a,b\n1,2\n3\n", "Expected 2 columns, got 1"),
            ("a,b\n1,é\n".encode("latin1"), "'utf-8' codec"),
            ("é,b\n1,2\n".encode("latin1"), "'utf-8' codec"),
            ("a,b\n1,2\n".encode("utf-16"), "'utf-8' codec"),
            ("a,b\n1,2\n".encode("utf-16-le"), "not text"),
            (b"a,a\n1,2\n", "two columns of one name: a"),
            (TABLE, ""),
            (bytes(range(128)) * 10, "not text"),
        ],
        ids=["empty", "ragged", "latin-1", "latin-1 header", "utf-16", "utf-16 bare", "twice",
             "parquet inside", "garbage"],
    )  # fmt: skip
    def test_what_is_no_csv_is_unreadable(self, write, content, told):
        path = write("a.csv", content)
        with pytest.raises(UnreadableError) as caught:
            read_frame(path)
        assert caught.value.observed.startswith(path)
        assert told in caught.value.observed
        assert "UTF-8" in caught.value.allowed

    @pytest.mark.parametrize(
        "content",
        [
            gzip.compress(CSV * 1000)[:-30],
            gzip.compress(CSV * 1000)[:30] + b"Z" * 60,
            gzip.compress(CSV)[:-8] + b"\0" * 8,
            CSV,
            b"",
        ],
        ids=["truncated", "corrupt", "wrong checksum", "not zipped", "empty"],
    )
    def test_what_is_no_zipped_csv_is_unreadable(self, write, content):
        with pytest.raises(UnreadableError):
            read_frame(write("a.csv.gz", content))


class TestElsewhere:
    @pytest.mark.parametrize("name", ["a.xlsx", "a", "a.csv.zip", "a.gz"])
    def test_an_unknown_format_lists_the_known_ones(self, write, name):
        with pytest.raises(UsageError) as caught:
            read_frame(write(name, CSV))
        assert all(suffix in caught.value.allowed for suffix in sources.SUFFIXES)
        assert caught.value.observed.endswith(name)

    def test_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(MissingPathError, match="No file is there"):
            read_frame(str(tmp_path / "missing.csv"))

    def test_a_folder_named_like_a_file(self, tmp_path):
        (tmp_path / "a.parquet").mkdir()
        with pytest.raises(MissingPathError):
            read_frame(str(tmp_path / "a.parquet"))

    def test_a_file_that_may_not_be_read(self, write, monkeypatch):
        path = write("a.csv", CSV)
        monkeypatch.setattr(LocalFileSystem, "cat_file", failing(PermissionError("denied")))
        with pytest.raises(UsageError, match="permissions"):
            read_frame(path)

    def test_storage_that_does_not_answer_is_out_of_reach(self, write, monkeypatch):
        path = write("a.csv", CSV)
        monkeypatch.setattr(LocalFileSystem, "cat_file", failing(ConnectionError("no route")))
        with pytest.raises(OutOfReachError, match="no route") as caught:
            read_frame(path)
        assert caught.value.exit_code == 4
        monkeypatch.setattr(LocalFileSystem, "glob", failing(TimeoutError("too late")))
        with pytest.raises(OutOfReachError, match="too late"):
            sources.find(path.replace("a.csv", "*.csv"))

    def test_an_unreadable_file_is_known_by_its_bytes(self, write):
        empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        assert sources.bytes_digest(write("a.parquet", b"")) == empty


def failing(error: OSError):
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    return fail


class TestManyFiles:
    """A folder or a pattern of many files is one table, typed over all of them."""

    def test_a_partitioned_folder_has_its_keys_as_columns(self, tmp_path):
        for year, origin, rows in ((2013, "EWR", 2), (2014, "JFK", 1)):
            folder = tmp_path / "lake" / f"year={year}" / f"origin={origin}"
            folder.mkdir(parents=True)
            (folder / "part-0.parquet").write_bytes(parquet(pd.DataFrame({"x": [1.0] * rows})))
            (folder / "_SUCCESS").touch()
            (folder / ".part-0.parquet.crc").touch()
        found = read_frame(str(tmp_path / "lake"))
        assert found.columns.tolist() == ["x", "year", "origin"]
        assert found["year"].tolist() == [2013, 2013, 2014]
        assert found["origin"].tolist() == ["EWR", "EWR", "JFK"]
        assert open_table(str(tmp_path / "lake")).kinds["year"] == "numeric"

    def test_csv_files_are_typed_over_all_of_them(self, write, tmp_path):
        write("a_1.csv", b"code,n\n1,1\n2,2\n")
        write("a_2.csv", b"code,n\nx7,2.5\n")
        found = read_frame(str(tmp_path / "a_*.csv"))
        assert found["code"].tolist() == ["1", "2", "x7"]
        assert found["n"].tolist() == [1.0, 2.0, 2.5]

    def test_parquet_files_share_the_wider_type(self, write, tmp_path):
        write("a_1.parquet", parquet(pd.DataFrame({"n": [1, 2]})))
        write("a_2.parquet", parquet(pd.DataFrame({"n": [2.5], "new": ["x"]})))
        found = read_frame(str(tmp_path / "a_*.parquet"))
        assert found["n"].tolist() == [1.0, 2.0, 2.5]
        assert found["new"].isna().tolist() == [True, True, False]

    def test_a_column_that_a_file_lacks_is_null_in_its_rows(self, write, tmp_path):
        write("a_1.csv", b"x,c\n1,a\n2,b\n")
        write("a_2.csv", b"c\na\n")
        write("b_1.parquet", parquet(pd.DataFrame({"x": [1, 2], "c": ["a", "b"]})))
        write("b_2.parquet", parquet(pd.DataFrame({"c": ["a"]})))
        for pattern in (str(tmp_path / "a_*.csv"), str(tmp_path / "b_*.parquet")):
            assert read_frame(pattern)["x"].isna().tolist() == [False, False, True]
            found = open_reference(pattern, None, (), ("x", "c")).profile.columns
            assert (found["x"].rows, found["x"].nulls, found["c"].nulls) == (3, 1, 0)

    def test_the_file_that_is_broken_is_named(self, write, tmp_path):
        write("a_1.csv", b"x,c\n1,a\n")
        broken = write("a_2.csv", b"x,c\n1\n")
        for read in (read_frame, open_table):
            with pytest.raises(UnreadableError) as caught:
                read(str(tmp_path / "a_*.csv"))
            assert caught.value.observed.startswith(broken)

    def test_two_formats_are_no_table(self, write, tmp_path):
        write("a.csv", CSV)
        write("b.parquet", TABLE)
        with pytest.raises(UnreadableError, match="another format than"):
            read_frame(str(tmp_path))

    def test_keys_are_typed_like_a_column_of_csv(self, tmp_path):
        for day, month, origin in (("2013-01-01", "01", "New%20York"), ("2013-01-02", "02", "7")):
            folder = tmp_path / "lake" / f"day={day}" / f"month={month}" / f"origin={origin}"
            folder.mkdir(parents=True)
            (folder / "part-0.parquet").write_bytes(TABLE)
        folder = tmp_path / "lake" / "day=2013-01-03" / "month=03"
        missing = folder / "origin=__HIVE_DEFAULT_PARTITION__"
        missing.mkdir(parents=True)
        (missing / "part-0.parquet").write_bytes(TABLE)
        found = read_frame(str(tmp_path / "lake")).drop_duplicates("day")
        assert found["day"].iloc[0] == pd.Timestamp("2013-01-01")
        assert found["month"].tolist() == ["01", "02", "03"]
        assert found["origin"].tolist()[:2] == ["New York", "7"]
        assert found["origin"].isna().tolist() == [False, False, True]

    def test_a_key_counts_once_in_a_table_of_many_columns(self, tmp_path, monkeypatch):
        monkeypatch.setattr("incumbent.gateways.sources.parquet.PIECE_VALUES", 1)
        many = parquet(pd.DataFrame({f"x{n}": np.arange(100.0) for n in range(9)}))
        for year in (2013, 2014):
            folder = tmp_path / "lake" / f"year={year}"
            folder.mkdir(parents=True)
            (folder / "part-0.parquet").write_bytes(many)
        lake = str(tmp_path / "lake")
        found = open_reference(lake, None, (), ()).profile
        assert {name: c.rows for name, c in found.columns.items()} | {"year": 200} == dict.fromkeys(
            found.columns, 200
        )
        assert open_reference(lake, None, (), ("year",)).profile.rows == 200

    @pytest.mark.parametrize("suffix", ["parquet", "csv"])
    def test_a_key_can_be_the_timestamp(self, tmp_path, suffix):
        for day in ("2013-01-01", "2013-01-02"):
            folder = tmp_path / "lake" / f"day={day}"
            folder.mkdir(parents=True)
            (folder / f"part-0.{suffix}").write_bytes(TABLE if suffix == "parquet" else CSV)
        lake = str(tmp_path / "lake")
        found = compare(open_reference(lake, "day", (), ()), open_table(lake), "day").batch
        assert found.blocks == 2

    def test_a_file_of_a_data_set_has_the_keys_that_are_known(self, tmp_path):
        folder = tmp_path / "run=5" / "lake" / "year=2013" / "origin=7"
        folder.mkdir(parents=True)
        path = folder / "part-0.parquet"
        path.write_bytes(TABLE)
        known = ColumnTypes(frozenset({"origin"}), frozenset({"year"}))
        found = read_frame(str(path), known)
        assert found.columns.tolist() == ["x", "c", "year", "origin"]
        assert found[["year", "origin"]].iloc[0].tolist() == [2013.0, "7"]
        assert read_frame(str(path)).columns.tolist() == ["x", "c"]
        assert read_frame(str(tmp_path / "run=5" / "lake")).columns.tolist()[2:] == [
            "year",
            "origin",
        ]

    def test_a_path_is_the_same_table_however_it_is_written(self, tmp_path, monkeypatch):
        folder = tmp_path / "k=1" / "lake" / "year=2013"
        folder.mkdir(parents=True)
        (folder / "part-0.parquet").write_bytes(TABLE)
        monkeypatch.chdir(tmp_path / "k=1")
        for path in ("lake", "lake/", "./lake", "../k=1/lake", "lake/*/*.parquet", "lake/year=*/*"):
            assert read_frame(path).columns.tolist() == ["x", "c", "year"]

    def test_elsewhere_drift_reads_only_what_it_needs(self, tmp_path, monkeypatch):
        uri = f"memory://{tmp_path}/big.parquet"
        filesystem, path = sources.open_filesystem(uri)
        filesystem.pipe_file(path, TABLE)
        monkeypatch.setattr(type(filesystem), "cat_file", failing(OSError("all of it")))
        zipped = f"memory://{tmp_path}/a.CSV.GZ"
        filesystem.pipe_file(sources.open_filesystem(zipped)[1], gzip.compress(CSV * 20))
        assert sum(piece.rows for piece in open_table(uri).pieces(["x"], {})) == 3000
        assert open_table(zipped).kinds["carrier"] == "categorical"
        for address in (f"memory://{tmp_path}/none.csv", str(tmp_path / "none.parquet")):
            with pytest.raises(MissingPathError):
                open_table(address)

    def test_files_that_do_not_fit_together_are_unreadable(self, write, tmp_path):
        write("a_1.parquet", parquet(pd.DataFrame({"n": [1, 2]})))
        write("a_2.parquet", parquet(pd.DataFrame({"n": ["x"]})))
        with pytest.raises(UnreadableError):
            read_frame(str(tmp_path / "a_*.parquet"))

    def test_a_folder_elsewhere_is_a_table_too(self, tmp_path):
        for n in range(2):
            filesystem, path = sources.open_filesystem(f"memory://{tmp_path}/lake/k={n}/a.csv")
            filesystem.pipe_file(path, CSV)
        assert read_frame(f"memory://{tmp_path}/lake")["k"].tolist() == [0] * 3 + [1] * 3
        pieces = open_table(f"memory://{tmp_path}/lake").pieces(["distance"], {})
        assert sum(piece.rows for piece in pieces) == 6


class TestKindsOfTheChampion:
    """CSV is read with the kinds of the champion, not with those that a batch looks like."""

    def read_as(self, write, content, text=(), numbers=()):
        known = ColumnTypes(frozenset(text), frozenset(numbers))
        return read_frame(write("batch.csv", content), known)

    def test_flags_are_text_in_every_file(self, read_csv, write):
        training = read_csv(b"f,y\ntrue,1\nfalse,0\nunknown,1\n")["f"].tolist()
        batch = read_csv(b"f,y\ntrue,1\nfalse,0\n")["f"].tolist()
        assert training[:2] == batch == ["true", "false"]

    def test_version_numbers_keep_their_zeros(self, write):
        found = self.read_as(write, b"version,y\n1.10,1\n1.9,0\n", text=["version"])
        assert found["version"].tolist() == ["1.10", "1.9"]

    def test_a_column_of_text_that_looks_like_numbers_stays_text(self, write):
        found = self.read_as(write, b"c,y\n1,1\n007,0\n", text=["c"])
        assert found["c"].tolist() == ["1", "007"]

    def test_numbers_are_numbers_where_all_are_missing_or_whole(self, write):
        found = self.read_as(write, b"a,b\n,1\n,2\n", numbers=["a", "b"])
        assert found.dtypes.tolist() == [np.float64, np.float64]

    def test_text_among_numbers_is_told_and_not_made_null(self, write):
        found = self.read_as(write, b"a,y\n1,1\nmany,0\n", numbers=["a"])
        assert found["a"].tolist() == ["1", "many"]

    def test_flags_stand_for_the_numbers_that_they_were_in_training(self, write):
        found = self.read_as(write, b"f,y\ntrue,1\nFalse,0\n,0\n", numbers=["f"])
        assert found["f"].tolist()[:2] == [True, False]
        told = self.read_as(write, b"f,y\ntrue,1\nunknown,0\n", numbers=["f"])
        assert told["f"].tolist() == ["true", "unknown"]

    def test_digits_beyond_a_float_are_kept_beside_a_null(self, write):
        content = b"i,c,y\n1234567890123456789,9007199254740993,1\n,,0\n"
        found = self.read_as(write, content, text=["i"])
        assert found["i"].tolist()[0] == "1234567890123456789"
        assert as_text(found["c"]).tolist()[0] == "9007199254740993"


class TestTypes:
    """The one rule for types: what a model can read, and what keeps its own type."""

    def read_table(self, write, **columns):
        file = io.BytesIO()
        pq.write_table(pa.table(columns), file)
        return read_frame(write("a.parquet", file.getvalue()))

    def test_large_ids_beside_a_null_are_not_rounded(self, write):
        ids = pa.array([1234567890123456789, None, 1234567890123456790])
        found = self.read_table(write, i=ids)["i"]
        assert as_text(found).tolist()[::2] == ["1234567890123456789", "1234567890123456790"]
        assert found.dtype == "Int64"
        assert table_digest(found.to_frame()) != table_digest((found + 1).to_frame())
        small = self.read_table(write, i=pa.array([7, None]))["i"]
        assert small.dtype == np.float64

    def test_bytes_of_text_and_uuids_are_text(self, write):
        name = uuid.UUID(int=7)
        found = self.read_table(
            write, b=pa.array([b"EWR", None]), u=pa.array([name.bytes, None], pa.uuid())
        )
        assert found["b"].tolist()[0] == "EWR"
        assert found["u"].tolist()[0] == str(name)

    @pytest.mark.parametrize(
        ("values", "why"),
        [
            (pa.array([[1.0], None]), "lists"),
            (pa.array([{"a": 1}, None]), "maps or structs"),
            (pa.array([datetime.timedelta(1), None]), "durations"),
            (pa.array([b"\xff\xfe", None]), "bytes that are not UTF-8"),
            (pa.array([datetime.date(2013, 1, 1), None]), "times"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_what_no_model_reads_is_named(self, write, values, why):
        frame = self.read_table(write, odd=values, x=pa.array([1.0, 2.0]), y=pa.array([0, 1]))
        spec = a_spec()
        with pytest.raises(UsageError, match="cannot read") as caught:
            kinds_of(frame, spec)
        assert caught.value.observed == f"'odd': {why}"
        with pytest.raises(UsageError, match="cannot read"):
            kinds_of(frame, a_spec(categorical=("odd",)))
        assert kinds_of(frame, a_spec(features=("x",))) == {"x": "numeric"}
        with pytest.raises(UnreadableError, match="'odd' holds"):
            canonical(frame, spec, {"odd": "categorical"})

    @pytest.mark.parametrize(
        "kind",
        [
            pa.list_(pa.float64()),
            pa.list_(pa.float64(), 2),
            pa.struct([("a", pa.int64())]),
            pa.map_(pa.string(), pa.int64()),
            pa.duration("s"),
        ],
        ids=str,
    )
    def test_a_type_is_refused_where_all_values_are_null(self, write, kind):
        frame = self.read_table(write, odd=pa.nulls(2, kind), x=pa.array([1.0, 2.0]))
        with pytest.raises(UsageError, match="cannot read"):
            kinds_of(frame, a_spec(target="t"))
        assert table_digest(frame) == table_digest(frame.copy())
        assert kinds_of(frame, a_spec(target="t", features=("x",))) == {"x": "numeric"}

    def test_a_column_that_arrow_cannot_read_is_no_matter_unless_it_is_a_feature(self, write):
        pairs = pa.array([[1.0, 2.0], None], pa.list_(pa.float64(), 2))
        frame = self.read_table(write, pair=pairs, x=pa.array([1.0, 2.0]))
        assert frame["x"].tolist() == [1.0, 2.0]

    def test_all_that_a_model_cannot_read_is_named_at_once(self, write):
        frame = self.read_table(
            write, a=pa.array([[1]]), b=pa.array([datetime.timedelta(1)]), x=pa.array([1.0])
        )
        with pytest.raises(UsageError) as caught:
            kinds_of(frame, a_spec())
        assert caught.value.observed == "'a': lists, 'b': durations"
        assert "leave them out with `features`" in caught.value.next_step

    @pytest.mark.parametrize(
        ("values", "kind"),
        [
            (pa.array([True, None] * 20), "numeric"),
            (pa.nulls(40, pa.bool_()), "numeric"),
            (pa.array([1234567890123456789, None] * 20), "numeric"),
            (pa.array([decimal.Decimal("1.5"), None] * 20), "numeric"),
            (pa.array([1, 2] * 20).dictionary_encode(), "numeric"),
            (pa.array(["a", None] * 20).dictionary_encode(), "categorical"),
            (pa.array([datetime.time(5, 40), None] * 20), "categorical"),
            (pa.array([b"ab", b"cd"] * 20), "categorical"),
            (pa.array([b"ab", b"cd"] * 20, pa.binary(2)), "categorical"),
            (pa.array([b"ab", b"cd"] * 20, pa.binary_view()), "categorical"),
            (pa.array([b"ab", None] * 20).dictionary_encode(), "categorical"),
            (pa.array([uuid.UUID(int=1).bytes] * 40, pa.uuid()), "categorical"),
            (pa.array(["{}", None] * 20, pa.json_()), "categorical"),
            (pa.array(["a", "b"] * 20, pa.string_view()), "categorical"),
        ],
        ids=lambda value: value if isinstance(value, str) else str(value.type),
    )
    def test_drift_and_training_see_the_same_kind(self, write, values, kind):
        file = io.BytesIO()
        pq.write_table(pa.table({"v": values}), file)
        path = write("a.parquet", file.getvalue())
        seen = open_table(path).kinds["v"]
        frame, spec = read_frame(path), a_spec(target="t")
        assert kinds_of(frame, spec)["v"] == kind
        assert {"boolean": "numeric"}.get(seen, seen) == kind  # flags are numbers 0 and 1
        known = open_reference(path, None, (), ())
        shown = compare(known, open_table(path), None).batch.columns["v"]
        rows = canonical(frame, spec, {"v": kind})["v"]
        assert (shown.rows, shown.nulls) == (len(rows), int(rows.isna().sum()))
        if kind == "categorical":
            kept = profile(rows.to_frame(), {"v": kind}, None).columns["v"]
            assert kept.categories == shown.categories

    def test_a_date_listed_as_a_category_is_refused_in_both_formats(self, write, read_csv):
        spec = a_spec(target="t", categorical=("d",))
        stored = self.read_table(write, d=pa.array([datetime.date(2013, 1, 1)]))
        read = read_frame(write("d.csv", b"d,x\n2013-01-01,1\n,2\n"), column_types(spec))
        for frame in (stored, read, read_csv(b"d,x\n2013-01-01T05:00:00Z,1\n")):
            with pytest.raises(UsageError) as caught:
                kinds_of(frame, spec)
            assert caught.value.observed == "'d': times"
        with pytest.raises(UsageError, match="cannot read"):
            kinds_of(stored, a_spec(target="t", timestamp="d", categorical=("d",)))

    def test_times_of_day_are_text_in_both_formats(self, write, read_csv):
        stored = self.read_table(write, t=pa.array([datetime.time(5, 40), None]))["t"]
        assert stored.tolist()[0].startswith("05:40")
        assert read_csv(b"t,y\n05:40,1\n")["t"].tolist() == ["05:40"]

    def test_a_written_index_is_left_out_with_a_word(self, read_csv, caplog):
        found = read_csv(b",x\n0,1.5\n1,2.5\n")
        assert found.columns.tolist() == ["x"]
        assert "a column without a name was left out" in caplog.text

    def test_a_table_without_a_name_of_a_column_is_unreadable(self, read_csv):
        with pytest.raises(UnreadableError, match="no column has a name"):
            read_csv(b'""\n1\n')

    def test_drift_leaves_a_written_index_out_too(self, write):
        path = write("a.csv", b",x\n" + b"".join(b"%d,%d.5\n" % (n, n) for n in range(60)))
        assert list(open_table(path).kinds) == ["x"]

    def test_columns_that_the_spec_names_must_be_there(self):
        frame = pd.DataFrame({"x": [1.0], "colour": ["a"], "y": [1]})
        with pytest.raises(UsageError, match="do not have") as caught:
            kinds_of(frame, a_spec(categorical=("color",), features=("x", "z")))
        assert caught.value.observed == "'color' (did you mean 'colour'?), 'z'"
