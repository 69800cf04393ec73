from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from incumbent.cli import cli
from incumbent.cli.arguments import OUTPUT, plain_path, require_path
from incumbent.errors import MissingPathError, UsageError


def test_a_path_that_climbs_is_made_plain(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert plain_path("../b.csv") == str(tmp_path.resolve() / "b.csv")


@pytest.mark.parametrize("uri", ["s3://bucket/b_*.parquet", "memory://a/b.csv"])
def test_an_address_stays_as_it_is(uri):
    assert plain_path(uri) == uri


def test_signs_that_a_run_does_not_take_are_named():
    with pytest.raises(UsageError, match="signs") as caught:
        plain_path("a&b.csv")
    assert caught.value.observed == "a&b.csv"


def test_only_what_is_there_is_taken(tmp_path):
    (tmp_path / "b_2.csv").write_text("x\n1\n")
    (tmp_path / "b_10.csv").write_text("x\n1\n")
    found = require_path(f"{tmp_path}/b_*.csv")
    assert [Path(path).name for path in found] == ["b_2.csv", "b_10.csv"]
    assert require_path(None) == ()
    with pytest.raises(MissingPathError):
        require_path(str(tmp_path / "gone.csv"))


def test_an_output_file_is_refused_where_it_cannot_be_written(tmp_path):
    assert OUTPUT.convert(str(tmp_path / "page.html"), None, None) == str(tmp_path / "page.html")
    with pytest.raises(click.BadParameter, match="There is no folder"):
        OUTPUT.convert(str(tmp_path / "gone" / "page.html"), None, None)
    with pytest.raises(click.BadParameter, match="is a directory"):
        OUTPUT.convert(str(tmp_path), None, None)


@pytest.mark.parametrize(
    "command",
    [
        ["replay", "gone.yaml", "gone.csv", "gone.csv", "--picture", "gone/a.png"],
        ["drift", "gone.csv", "gone.csv", "--html", "gone/a.html"],
        ["drift", "gone.csv", "gone.csv", "--profile", "gone/a.arrow"],
    ],
)
def test_a_command_looks_at_its_output_before_anything_else(command):
    found = CliRunner().invoke(cli, command)
    assert found.exit_code == 2
    assert "There is no folder" in found.output
