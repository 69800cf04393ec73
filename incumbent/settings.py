"""Locations of state: embedded in one folder, or on servers set in the environment."""

import shutil
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from incumbent.errors import UsageError
from incumbent.log import LOGGER
from incumbent.plain_text import is_readable

LEASE_SECONDS = 30.0
PATIENCE_SECONDS = 600.0
MOST_SECONDS = 86_400
OF_URLS = "?", "#", "%"  # end or change the path in a database URL
SERVERS = "MLFLOW_TRACKING_URI", "PREFECT_API_URL"
DATABASES = "sqlite", "postgresql", "mysql", "mssql"
PROXIES = "http_proxy", "https_proxy", "all_proxy"
LOOPBACK = "127.0.0.1", "localhost", "::1"


@dataclass(frozen=True)
class Settings:
    """Addresses of the stores and servers.

    Attributes:
        home: Folder of all embedded state.
        tracking_uri: MLflow's tracking server or database.
        artifacts: Where an MLflow that is a database stores artifacts; None: a server decides.
        database_url: The ledger, as a SQLAlchemy URL.
        predictions: Folder (any fsspec URI) of predictions and matured labels.
        lease: Time without a sign of life after which a run is considered dead.
        patience: Longest wait of a run for another run of the same model.
    """

    home: Path
    tracking_uri: str
    artifacts: str | None
    database_url: str
    predictions: str
    lease: timedelta
    patience: timedelta

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Settings":
        """Settings from environment variables; unset ones default to embedded state.

        Raises:
            UsageError: A length of time or an address is none, or the home cannot be part of a URL.

        >>> Settings.of({"INCUMBENT_HOME": "/srv/incumbent"}).database_url
        'sqlite:////srv/incumbent/ledger.db'
        """
        home = _home(environment)
        for name in SERVERS:
            _require_address(name, environment.get(name) or "")
        tracking_uri = environment.get("MLFLOW_TRACKING_URI")
        return cls(
            home=home,
            tracking_uri=tracking_uri or f"sqlite:///{home / 'mlflow.db'}",
            artifacts=None if _is_server(tracking_uri) else (home / "artifacts").as_uri(),
            database_url=environment.get("INCUMBENT_DATABASE_URL")
            or f"sqlite:///{home / 'ledger.db'}",
            predictions=environment.get("INCUMBENT_PREDICTIONS") or str(home / "predictions"),
            lease=_seconds(environment, "INCUMBENT_LEASE_SECONDS", LEASE_SECONDS),
            patience=_seconds(environment, "INCUMBENT_PATIENCE_SECONDS", PATIENCE_SECONDS),
        )

    @property
    def embedded(self) -> bool:
        """Whether all state lives under the home."""
        return all(str(self.home) in uri for uri in (self.tracking_uri, self.database_url))

    def forget(self, model: str) -> None:
        """Delete the embedded ledger and registry, and the stored files of one model."""
        for name in ("ledger.db", "mlflow.db"):
            for suffix in ("", "-wal", "-shm"):
                (self.home / f"{name}{suffix}").unlink(missing_ok=True)
        for folder in ("artifacts", "predictions"):
            shutil.rmtree(self.home / folder / model, ignore_errors=True)


def _is_server(tracking_uri: str | None) -> bool:
    """Whether MLflow keeps artifacts by itself; beside a database it would in the folder of now."""
    return tracking_uri is not None and urlsplit(tracking_uri).scheme.split("+")[0] not in DATABASES


def _seconds(environment: Mapping[str, str], name: str, default: float) -> timedelta:
    given = environment.get(name)
    try:
        seconds = default if given is None else float(given)
    except ValueError:
        seconds = -1
    if not 0 < seconds <= MOST_SECONDS:
        raise UsageError(
            f"{name} is no length of time.",
            given,
            f"seconds, more than 0 and at most {MOST_SECONDS:,}",
            f"set {name}, or unset it for {default:g} seconds",
        )
    return timedelta(seconds=seconds)


def _require_address(name: str, address: str) -> None:
    if not is_readable(address):
        raise UsageError(
            f"{name} is no address.",
            address,
            "an address such as http://127.0.0.1:5000",
            f"set {name}, or unset it to keep that state in the home",
        )


def _home(environment: Mapping[str, str]) -> Path:
    home = Path(environment.get("INCUMBENT_HOME") or ".incumbent").absolute()
    if found := [sign for sign in OF_URLS if sign in str(home)]:
        raise UsageError(
            "The home of Incumbent's state cannot be part of a database URL.",
            f"{home} has {' and '.join(found)}",
            f"a path without {', '.join(OF_URLS)}",
            "set INCUMBENT_HOME to another folder",
        )
    return home


def prepare(environment: MutableMapping[str, str], settings: Settings) -> None:
    """Set the defaults where nothing is set, and let no proxy be asked for loopback.

    A SOCKS proxy is left out where every server is on this machine.
    """
    for name, value in environment_defaults(settings).items():
        environment.setdefault(name, value)
    if not any(_is_elsewhere(environment.get(name)) for name in SERVERS):
        for name in [n for n in environment if n.lower() in PROXIES and _is_socks(environment[n])]:
            del environment[name]  # its package may be missing, and nothing here is proxied
    if any(name.lower() in PROXIES for name in environment):
        given = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
        names = given.split(",") if given else []
        spared = ",".join([*names, *(name for name in LOOPBACK if name not in names)])
        environment.update(no_proxy=spared, NO_PROXY=spared)


def _is_socks(proxy: str) -> bool:
    return proxy.lower().startswith("socks")


def _is_elsewhere(address: str | None) -> bool:
    host = urlsplit(address or "").hostname
    return host is not None and host not in LOOPBACK


def environment_defaults(settings: Settings) -> dict[str, str]:
    """Variables for Prefect, MLflow and Great Expectations, used where not set already.

    Loopback only, no telemetry, and short timeouts for a server that is down.
    """
    return {
        "DO_NOT_TRACK": "true",
        "GX_ANALYTICS_ENABLED": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
        "MLFLOW_LOGGING_LEVEL": "WARNING",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "OMP_WAIT_POLICY": "passive",  # fits run in parallel: idle threads must not spin
        "PREFECT_HOME": str(settings.home / "prefect"),
        "PREFECT_LOGGING_EXTRA_LOGGERS": LOGGER,
        "PREFECT_LOGGING_LEVEL": "CRITICAL",  # the command line says what went wrong, once
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    }
