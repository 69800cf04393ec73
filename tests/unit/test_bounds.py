"""Every input has bounds, which are told before memory is taken or time is lost."""

import gzip

import pyarrow as pa
import pyarrow.parquet
import pytest
import yaml
from pydantic import ValidationError

from incumbent.errors import IncumbentError, OutOfReachError, SpecError, UnreadableError, UsageError
from incumbent.gateways import sources, specs
from incumbent.gateways.ledger import Ledger
from incumbent.gateways.predictions import PredictionStore
from incumbent.gateways.registry import Registry
from incumbent.gateways.sources.frame import read_frame
from incumbent.params import ModelSpec
from incumbent.settings import Settings
from tests.flows.world import a_spec

SMALL_GB = 1e-3
SPEC = yaml.safe_dump(a_spec().model_dump(mode="json", exclude_defaults=True))
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def a_parquet_bomb(folder):
    path = folder / "bomb.parquet"
    pyarrow.parquet.write_table(pa.table({"x": pa.repeat(pa.scalar(0), 1_000_000)}), path)
    assert path.stat().st_size < 10_000
    return path


def a_zipped_bomb(folder):
    path = folder / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"x\n" + b"0\n" * 1_000_000))
    assert path.stat().st_size < 10_000
    return path


def a_large_file(folder):
    path = folder / "large.csv"
    path.write_bytes(b"x\n" + b"0\n" * 1_000_000)
    return path


@pytest.mark.parametrize("large", [a_parquet_bomb, a_zipped_bomb, a_large_file])
def test_a_table_that_would_take_more_memory_than_it_may_is_set_aside(tmp_path, large):
    path = large(tmp_path)
    with pytest.raises(UnreadableError, match="larger than") as caught:
        read_frame(str(path), most_gb=SMALL_GB)
    assert "largest_table_gb" in caught.value.next_step
    assert str(path) in caught.value.observed
    assert len(read_frame(str(path))) == 1_000_000


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("anchors", SPEC + BOMB),
        ("anchors in a field", SPEC.replace("target: bought", "target: &t [y]") + BOMB),
        ("digits", SPEC + "training_seed: " + "9" * 5_000),
        ("depth", SPEC + "features: " + "[" * 5_000),
        ("length", SPEC + "features: [" + "x," * 600_000 + "]"),
        ("zero", SPEC + "target: \0"),
    ],
)
def test_a_spec_that_is_endless_is_refused_at_once(tmp_path, name, text):
    path = tmp_path / "spec.yaml"
    path.write_text(text)
    with pytest.raises(SpecError) as caught:
        specs.read(str(path), tmp_path / "prefect.yaml")
    assert len(str(caught.value)) < 2_000


def test_digits_without_end_in_json_are_refused(tmp_path):
    path = tmp_path / "spec.json"
    path.write_text('{"training_seed": ' + "9" * 5_000 + "}")
    with pytest.raises(SpecError):
        specs.read(str(path), tmp_path / "prefect.yaml")


@pytest.mark.parametrize("seed", [-1, 2**32, 10**30])
def test_a_seed_is_one_that_numpy_takes(seed):
    with pytest.raises(ValidationError):
        a_spec(training_seed=seed)


def test_every_number_of_a_spec_has_two_bounds():
    for name, field in ModelSpec.model_json_schema()["properties"].items():
        for kind in (field, *field.get("anyOf", ())):
            if kind.get("type") in {"integer", "number"}:
                assert {"maximum", "exclusiveMaximum"} & kind.keys(), name
                assert {"minimum", "exclusiveMinimum"} & kind.keys(), name


@pytest.mark.parametrize(
    "address",
    [
        "zip://x.csv",
        "tar://a::file:///nope.tar",
        "http://127.0.0.1:99999/x.csv",
        "http://[::1/x.csv",
        "github://a/b",
        "nope://x",
        "s3://bucket:x/y",
    ],
)
def test_an_address_that_is_none_is_a_mistake_of_the_caller(address):
    for ask in (sources.find, sources.require, read_frame, PredictionStore):
        with pytest.raises(UsageError):
            ask(address)


def test_a_storage_that_refuses_is_out_of_reach():
    for ask in (sources.find, sources.require, PredictionStore):
        with pytest.raises(OutOfReachError):
            ask("ftp://127.0.0.1:9/x.csv")


@pytest.mark.parametrize("name", ["MLFLOW_TRACKING_URI", "PREFECT_API_URL"])
@pytest.mark.parametrize("address", ["http://127.0.0.1:99999", "http://[::1", "postgresql://h:x/y"])
def test_an_address_of_a_server_that_is_none_is_told(name, address):
    with pytest.raises(UsageError, match=name):
        Settings.of({name: address})


@pytest.mark.parametrize("password", ["hunter2/x", "hunter2#x", "hunter2[x"])
def test_no_part_of_a_password_is_told_of_an_address_that_cannot_be_read(password):
    address = f"//me:{password}@127.0.0.1:9/db"
    Settings.of({"INCUMBENT_DATABASE_URL": f"postgresql+psycopg:{address}"})  # SQLAlchemy's to read
    for ask in (
        lambda: Settings.of({"MLFLOW_TRACKING_URI": f"http:{address}"}),
        lambda: PredictionStore(f"http:{address}"),
        lambda: Ledger(f"postgresql+psycopg:{address}").models(),
    ):
        with pytest.raises(IncumbentError) as caught:
            ask()
        assert "hunter2" not in str(caught.value)


def test_a_kind_of_server_that_is_not_known_is_told():
    for ask in (lambda: Registry("nope://x").registered("m"), lambda: Ledger("nope://x").models()):
        with pytest.raises(IncumbentError):
            ask()
