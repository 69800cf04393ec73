"""Flows on real parts: a Prefect in this process, MLflow and the ledger in SQLite.

A champion is trained once; a test works on a copy of its state.
"""

import shutil

import pytest
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    temporary_settings,
)
from prefect.testing.utilities import prefect_test_harness

from flows.monitor import monitor
from flows.train import train
from tasks.gateways import open_gateways
from tests.flows.place import Place
from tests.flows.world import TRAINING_DAYS, Delivery, a_spec, batch_rows, rows_of


@pytest.fixture(scope="session")
def prefect():
    """An ephemeral Prefect for all flows of this process; where it answers.

    Without heartbeats, as where a run brings its own server.
    """
    heartbeats = {PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
    with prefect_test_harness(server_startup_timeout=120), temporary_settings(heartbeats):
        yield PREFECT_API_URL.value()


@pytest.fixture(scope="session")
def trained(prefect, tmp_path_factory):
    """The state after `train`, to be copied and never written to."""
    home = tmp_path_factory.mktemp("trained")
    data = Delivery(home).reference(rows_of(TRAINING_DAYS))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INCUMBENT_HOME", str(home))
        train(a_spec(), data)
        open_gateways().ledger.close()
    return home


@pytest.fixture(scope="session")
def promoted(trained, tmp_path_factory):
    """A home in which version 2 has taken the place of version 1, never written to.

    Its batch is delivered within it.
    """
    home = tmp_path_factory.mktemp("promoted")
    for database in trained.glob("*.db*"):
        shutil.copy(database, home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INCUMBENT_HOME", str(home))
        Delivery(home).batch("b0", batch_rows(0, changed=True))
        monitor(a_spec(source=Delivery(home).source))
        ledger = open_gateways().ledger
        assert ledger.champion("shop").number == 2
        ledger.close()
    return home


@pytest.fixture
def home(trained, tmp_path, monkeypatch):
    """A home of its own with a champion. New artifacts join those of the champion."""
    copy = tmp_path / "home"
    copy.mkdir()
    for database in trained.glob("*.db*"):
        shutil.copy(database, copy)
    monkeypatch.setenv("INCUMBENT_HOME", str(copy))
    return copy


@pytest.fixture
def gateways(home):
    """The gateways of this test's home."""
    return open_gateways()


@pytest.fixture
def delivery(tmp_path):
    """Where batches and labels of this test are delivered."""
    return Delivery(tmp_path / "delivery")


@pytest.fixture
def spec(delivery):
    """The model, with the source and labels of this test."""
    return a_spec(source=delivery.source)


@pytest.fixture
def place(home, tmp_path, delivery, capsys, monkeypatch):
    """Where a user calls the commands, with the state of a champion."""
    return Place(tmp_path, delivery, capsys, monkeypatch)
