"""The ledger, MLflow and Prefect on PostgreSQL: the commands, and runs that are killed."""

import os
import signal

import psycopg
import pytest

from flows.monitor import monitor
from flows.train import train
from incumbent.doctor import examine
from incumbent.records import PromotionKind
from tasks.gateways import open_gateways
from tests.flows.installed import run
from tests.flows.invariants import require_whole
from tests.flows.others import ended, started
from tests.flows.world import TRAINING_DAYS, batch_rows, rows_of, written

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.attack]

PATIENCE = 300  # seconds: Prefect makes its tables first
DRIVER, PREFECTS = "postgresql+psycopg:", "postgresql+asyncpg:"


@pytest.fixture
def databases(new_database, tmp_path, monkeypatch):
    """A home whose ledger and MLflow are on PostgreSQL."""
    monkeypatch.setenv("INCUMBENT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("INCUMBENT_DATABASE_URL", new_database())
    monkeypatch.setenv("MLFLOW_TRACKING_URI", new_database())
    yield
    open_gateways().ledger.close()


def test_the_commands_run_with_everything_on_postgresql(
    databases, new_database, spec, delivery, tmp_path, monkeypatch
):
    prefect, path = new_database(), written(spec, tmp_path)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("PREFECT_API_DATABASE_CONNECTION_URL", prefect.replace(DRIVER, PREFECTS))
    data = delivery.reference(rows_of(TRAINING_DAYS))
    assert run("train", path, data, timeout=PATIENCE)[0] == 0
    delivery.batch("b0", batch_rows(0, changed=True))
    code, found = run("monitor", path, timeout=PATIENCE)
    assert code == 0
    assert found["batches"][0]["champion"] == {"version_before": 1, "version_after": 2}
    with psycopg.connect(prefect.replace(DRIVER, "postgresql:")) as connection:
        names = connection.execute("SELECT name FROM flow_run").fetchall()
    assert {"train shop", "monitor shop"} <= {name for (name,) in names}
    assert run("doctor", path, timeout=PATIENCE)[1]["healthy"] is True
    require_whole(open_gateways(), [PromotionKind.INSTALL, PromotionKind.PROMOTE])


@pytest.mark.parametrize(
    ("when", "step"), [("after", "scored"), ("after", "version"), ("after", "alias")]
)
def test_a_run_killed_is_finished_by_the_next(
    when, step, databases, prefect, spec, delivery, monkeypatch
):
    monkeypatch.setenv("INCUMBENT_LEASE_SECONDS", "1.5")
    train(spec, delivery.reference(rows_of(TRAINING_DAYS)))
    path = delivery.batch("b0", batch_rows(0, changed=True))
    process, _ = started("monitor", spec, path, end_at=(when, step))
    assert ended(process) == -signal.SIGKILL
    (document,) = monitor(spec, path)
    assert document["verdict"]["verdict"] == "promote"
    require_whole(open_gateways(), [PromotionKind.INSTALL, PromotionKind.PROMOTE])
    assert examine(spec, os.environ)["healthy"] is True
