"""Steps without Prefect and without a server: what a task wraps, on a ledger in SQLite.

A champion is trained once; a test works on a copy of its state.
"""

import pytest

from tests.flows.world import TRAINING_DAYS, Delivery, a_spec, batch_rows, rows_of
from tests.tasks.loops import at_work


@pytest.fixture
def bare(tmp_path):
    """The loop before there is a champion."""
    with at_work(tmp_path) as loop:
        yield loop


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The state with a champion, to be continued from and never written to."""
    with at_work(tmp_path_factory.mktemp("trained")) as loop:
        loop.train(a_spec(), Delivery(loop.home).reference(rows_of(TRAINING_DAYS)))
    return loop


@pytest.fixture
def loop(trained, tmp_path):
    """The loop with a champion."""
    with at_work(tmp_path, trained) as loop:
        yield loop


@pytest.fixture
def delivery(tmp_path):
    """Where batches and labels of this test are delivered."""
    return Delivery(tmp_path / "delivery")


@pytest.fixture(scope="session")
def second(trained, tmp_path_factory):
    """The state in which version 2 has taken the place of version 1."""
    with at_work(tmp_path_factory.mktemp("second"), trained) as loop:
        loop.monitor(a_spec(), Delivery(loop.home).batch("b0", batch_rows(0, changed=True)))
        assert loop.champion == 2
    return loop


@pytest.fixture
def promoted(loop, second):
    """Version 2 has taken the place of version 1."""
    loop.continue_from(second)
    return loop
