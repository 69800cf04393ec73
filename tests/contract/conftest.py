"""One MLflow on SQLite for the tests of the registry."""

import pytest

from incumbent.gateways.registry import Registry


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("registry")


@pytest.fixture(scope="session")
def shared(home) -> Registry:
    """One MLflow for all tests: its first migration takes seconds."""
    return Registry(f"sqlite:///{home}/mlflow.db", (home / "artifacts").as_uri())


@pytest.fixture(autouse=True)
def _quiet_and_impatient(monkeypatch):
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")


@pytest.fixture
def real(shared) -> Registry:
    return shared
