from datetime import timedelta
from pathlib import Path

import pytest

from incumbent.errors import UsageError
from incumbent.settings import Settings, environment_defaults, prepare


def test_everything_is_embedded_below_one_home():
    settings = Settings.of({"INCUMBENT_HOME": "/srv/kept"})
    assert settings == Settings(
        home=Path("/srv/kept"),
        tracking_uri="sqlite:////srv/kept/mlflow.db",
        artifacts="file:///srv/kept/artifacts",
        database_url="sqlite:////srv/kept/ledger.db",
        predictions="/srv/kept/predictions",
        lease=timedelta(seconds=30),
        patience=timedelta(minutes=10),
    )


@pytest.mark.parametrize("environment", [{}, {"INCUMBENT_HOME": ""}])
def test_the_home_is_a_folder_of_the_project_unless_said_otherwise(environment, monkeypatch):
    monkeypatch.chdir("/")
    assert Settings.of(environment).home == Path("/.incumbent")


def test_servers_take_the_place_of_what_is_embedded():
    settings = Settings.of(
        {
            "INCUMBENT_HOME": "/srv/kept",
            "MLFLOW_TRACKING_URI": "http://127.0.0.1:5000",
            "INCUMBENT_DATABASE_URL": "postgresql://127.0.0.1/ledger",
            "INCUMBENT_PREDICTIONS": "s3://bucket/predictions",
        }
    )
    assert settings.tracking_uri == "http://127.0.0.1:5000"
    assert settings.artifacts is None
    assert settings.database_url == "postgresql://127.0.0.1/ledger"
    assert settings.predictions == "s3://bucket/predictions"


def test_telemetry_is_off():
    defaults = environment_defaults(Settings.of({"INCUMBENT_HOME": "/srv/kept"}))
    assert defaults["DO_NOT_TRACK"] == "true"
    assert defaults["GX_ANALYTICS_ENABLED"] == "false"
    assert defaults["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert defaults["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert defaults["PREFECT_HOME"] == "/srv/kept/prefect"


@pytest.mark.parametrize(
    ("variable", "value", "embedded"),
    [
        ("INCUMBENT_HOME", "/srv/kept", True),
        ("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000", False),
        ("INCUMBENT_DATABASE_URL", "postgresql://127.0.0.1/ledger", False),
    ],
)
def test_embedded_means_no_server_at_all(variable, value, embedded):
    assert Settings.of({variable: value}).embedded is embedded


OWN_FILES = (
    "ledger.db",
    "ledger.db-wal",
    "ledger.db-shm",
    "mlflow.db",
    "mlflow.db-wal",
    "mlflow.db-shm",
    "artifacts/loans/1/model.skops",
    "predictions/loans/b.parquet",
)
OTHER_FILES = (
    "customers.db",
    "customers.db-wal",
    "ledger.db.backup",
    "old-mlflow.db",
    "artifacts/flights/1/model.skops",
    "artifacts/loans-2/1/model.skops",
    "predictions/flights/b.parquet",
    "predictions/loose.parquet",
    "prefect/prefect.db",
    "data/loans/b.parquet",
    "loans/notes.md",
)


def files_below(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_forgetting_deletes_the_state_of_one_model_and_nothing_else(tmp_path):
    for name in (*OWN_FILES, *OTHER_FILES):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert files_below(tmp_path) == {*OWN_FILES, *OTHER_FILES}
    settings = Settings.of({"INCUMBENT_HOME": str(tmp_path)})
    settings.forget("loans")
    assert files_below(tmp_path) == set(OTHER_FILES)
    assert not (tmp_path / "artifacts/loans").exists()
    settings.forget("loans")
    assert files_below(tmp_path) == set(OTHER_FILES)


def test_there_may_be_nothing_to_forget(tmp_path):
    Settings.of({"INCUMBENT_HOME": str(tmp_path / "none")}).forget("loans")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", ["0.5", "86400"])
def test_a_length_of_time_is_in_seconds(given):
    settings = Settings.of({"INCUMBENT_LEASE_SECONDS": given, "INCUMBENT_PATIENCE_SECONDS": given})
    assert settings.lease == settings.patience == timedelta(seconds=float(given))


@pytest.mark.parametrize("given", ["", "soon", "0", "-1", "nan", "inf", "86401"])
def test_what_is_no_length_of_time_is_named(given):
    with pytest.raises(UsageError, match="INCUMBENT_LEASE_SECONDS") as caught:
        Settings.of({"INCUMBENT_LEASE_SECONDS": given})
    assert caught.value.observed == given


@pytest.mark.parametrize("sign", ["?", "#", "%20"])
def test_a_home_that_would_end_the_path_of_a_url_is_refused(sign):
    with pytest.raises(UsageError, match="database URL") as caught:
        Settings.of({"INCUMBENT_HOME": f"/srv/state{sign}a"})
    assert f"/srv/state{sign}a" in caught.value.observed


@pytest.mark.parametrize("given", [{}, {"NO_PROXY": "example.org"}, {"no_proxy": "example.org"}])
def test_no_proxy_is_asked_for_loopback(given):
    environment = {"HTTPS_PROXY": "http://proxy:3128", **given}
    prepare(environment, Settings.of({}))
    spared = [*(["example.org"] if given else []), "127.0.0.1", "localhost", "::1"]
    assert environment["NO_PROXY"] == environment["no_proxy"] == ",".join(spared)


def test_without_a_proxy_none_is_spared_and_what_is_set_stays():
    environment = {"DO_NOT_TRACK": "false"}
    prepare(environment, Settings.of({}))
    assert environment["DO_NOT_TRACK"] == "false"
    assert not {"NO_PROXY", "no_proxy"} & set(environment)


SOCKS = {"ALL_PROXY": "socks5://proxy:1080", "http_proxy": "http://proxy:8080"}


@pytest.mark.parametrize("named", [{}, {"MLFLOW_TRACKING_URI": "http://127.0.0.1:5000"}])
def test_a_socks_proxy_is_left_out_where_every_server_is_here(named):
    environment = {"INCUMBENT_HOME": "/srv/x", **SOCKS, **named}
    prepare(environment, Settings.of(environment))
    assert "ALL_PROXY" not in environment
    assert environment["http_proxy"] == SOCKS["http_proxy"]
    assert "127.0.0.1" in environment["NO_PROXY"]


def test_a_socks_proxy_stays_for_a_server_elsewhere():
    environment = {**SOCKS, "MLFLOW_TRACKING_URI": "https://mlflow.example"}
    prepare(environment, Settings.of(environment))
    assert environment["ALL_PROXY"] == SOCKS["ALL_PROXY"]
