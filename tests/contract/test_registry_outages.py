"""MLflow behind a proxy that misbehaves: absent, unreachable and corrupt are three things."""

import shutil
from datetime import UTC, datetime

import pytest

from incumbent.errors import AbsentError, IntegrityError, OutOfReachError
from incumbent.gateways.registry import Registry
from incumbent.records import RunRecord
from tests.fakes.gateway import RegistryDriver, run_called
from tests.fakes.proxy import (
    BAD_GATEWAY,
    CUT,
    EMPTY,
    NOT_FOUND,
    PAGE,
    SILENCE,
    STRANGE,
    proxied_mlflow,
)

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.attack]

NOW = datetime(2024, 3, 1, tzinfo=UTC)
MODEL = "model"
FAULTS = {
    "a page": PAGE,
    "an empty object": EMPTY,
    "an object of something else": STRANGE,
    "a bad gateway": BAD_GATEWAY,
    "no such page": NOT_FOUND,
    "nothing": CUT,
}
API, FILES = "/api/2.0/mlflow/", "/mlflow-artifacts/artifacts"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("mlflow")


@pytest.fixture(scope="module")
def proxy(place):
    with proxied_mlflow(place) as found:
        yield found


@pytest.fixture(scope="module")
def made(proxy):
    """A registry behind the proxy, with a version that an alias names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        registry = Registry(proxy.url)
        version, fitted, rows = RegistryDriver(registry).register()
        registry.point(version.model, "champion", version.number)
        registry.log_timeline(version.model, 0, {"auc": 0.5}, NOW)
    return registry, version, fitted, rows


CALLS = {
    "load": lambda r, version, *_: r.load(version),
    "training_rows": lambda r, version, *_: r.training_rows(version),
    "aliased": lambda r, version, *_: r.aliased(version.model, "champion"),
    "registered": lambda r, version, *_: r.registered(version.model),
    "keep": lambda r, _, fitted, rows: r.keep(run_called("train y"), fitted, rows),
    "publish": lambda r, version, fitted, _: r.publish(version, fitted.card),
    "point": lambda r, version, *_: r.point(version.model, "champion", version.number),
    "log_timeline": lambda r, version, *_: r.log_timeline(version.model, 1, {"auc": 0.5}, NOW),
    "log_run": lambda r, version, *_: r.log_run(
        version.model, RunRecord("monitor x", "k", {}, {}, {}), NOW
    ),
}


@pytest.fixture(autouse=True)
def _behaving_again(proxy):
    yield
    proxy.behave()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", CALLS)
def test_an_answer_that_is_not_mlflows_is_an_outage(made, proxy, fault, call):
    proxy.answer(FAULTS[fault], API)
    with pytest.raises(OutOfReachError):
        CALLS[call](*made)


@pytest.mark.parametrize("call", ["load", "aliased", "log_run"])
def test_silence_is_an_outage_after_the_time_that_is_set(made, proxy, call, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    proxy.answer(SILENCE)
    with pytest.raises(OutOfReachError):
        CALLS[call](*made)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", ["load", "training_rows"])
def test_a_page_in_the_place_of_a_file_is_no_damage(made, proxy, fault, call):
    proxy.answer(FAULTS[fault], FILES)
    with pytest.raises(OutOfReachError):
        CALLS[call](*made)


def test_one_file_of_many_that_comes_as_a_page_is_no_damage(made, proxy):
    proxy.answer(PAGE, "card.json")
    with pytest.raises(OutOfReachError, match="did not deliver") as caught:
        made[0].load(made[1])
    assert "model/card.json" in caught.value.observed


def test_what_mlflow_keeps_otherwise_is_damage(made, place):
    registry, _, fitted, rows = made
    changed = registry.keep(run_called("train z"), fitted, rows)
    (card,) = place.rglob(f"store/**/{changed.run_id}/**/card.json")
    card.write_text(card.read_text().replace("log_loss", "log_lass"))
    with pytest.raises(IntegrityError, match="not what was registered"):
        registry.load(changed)
    card.unlink()
    with pytest.raises(IntegrityError, match="not what was registered"):
        registry.load(changed)


def test_files_that_are_gone_are_absent(made, place):
    registry, _, fitted, rows = made
    gone = registry.keep(run_called("train z"), fitted, rows)
    (card,) = place.rglob(f"store/**/{gone.run_id}/**/card.json")
    shutil.rmtree(card.parent)
    with pytest.raises(AbsentError, match="are gone"):
        registry.load(gone)


def test_that_no_version_is_there_is_an_answer(made):
    assert made[0].registered("another") == ()
    assert made[0].aliased("another", "champion") is None
