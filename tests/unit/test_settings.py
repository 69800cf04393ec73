from pathlib import Path

import pytest

from incumbent.settings import Settings, environment_defaults


def test_everything_is_embedded_below_one_home():
    settings = Settings.of({"INCUMBENT_HOME": "/srv/kept"})
    assert settings == Settings(
        home=Path("/srv/kept"),
        tracking_uri="sqlite:////srv/kept/mlflow.db",
        artifacts="file:///srv/kept/artifacts",
        database_url="sqlite:////srv/kept/ledger.db",
        predictions="/srv/kept/predictions",
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


def test_forgetting_deletes_state_and_keeps_data(tmp_path):
    for name in ("ledger.db", "mlflow.db", "mlflow.db-wal", "prefect/kept", "data/kept.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "artifacts").mkdir()
    Settings.of({"INCUMBENT_HOME": str(tmp_path)}).forget()
    left = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert left == {"prefect/kept", "data/kept.parquet"}
    assert not (tmp_path / "artifacts").exists()
