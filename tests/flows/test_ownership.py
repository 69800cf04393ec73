"""One MLflow and several ledgers, on real parts: none moves or takes away what is another's."""

import pytest

from flows.monitor import monitor
from flows.recover import recover
from flows.rollback import rollback
from incumbent.errors import IncumbentError
from incumbent.settings import Settings
from tasks.gateways import open_gateways
from tests.fakes.gateway import RegistryDriver, client_of, runs_of
from tests.flows.world import batch_rows

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture
def shared(home, monkeypatch):
    """The MLflow of a team: other homes use it too."""
    monkeypatch.setenv(
        "MLFLOW_TRACKING_URI", Settings.of({"INCUMBENT_HOME": str(home)}).tracking_uri
    )


@pytest.fixture
def elsewhere(shared, tmp_path, monkeypatch):
    """Work from another folder from now on: the ledger there is empty."""

    def go():
        monkeypatch.setenv("INCUMBENT_HOME", str(tmp_path / "elsewhere"))
        return open_gateways()

    return go


def everything(gateways):
    """All that MLflow shows of the model: versions, aliases, runs with their state."""
    registry = gateways.registry
    runs = runs_of(client_of(registry), "shop")
    aliases = [RegistryDriver(registry).alias("shop", n) for n in ("champion", "previous")]
    states = {r.info.run_id: (r.info.status, r.info.lifecycle_stage) for r in runs}
    return registry.registered("shop"), aliases, states


def test_a_run_from_another_folder_leaves_the_models_of_a_team_alone(
    gateways, spec, delivery, elsewhere
):
    monitor(spec, delivery.batch("b0", batch_rows(0, changed=True)))
    before = everything(gateways)
    assert before[1] == [2, 1]
    experiment = client_of(gateways.registry).get_experiment_by_name("shop").experiment_id
    tags = {"incumbent.kind": "judge", "incumbent.ledger": gateways.ledger.identity()}
    running = client_of(gateways.registry).create_run(experiment, tags=tags)
    elsewhere()
    with pytest.raises(IncumbentError, match="does not know") as caught:
        monitor(spec, delivery.batch("b1", batch_rows(1)))
    assert gateways.ledger.identity() in caught.value.observed
    now = everything(gateways)
    assert now[:2] == before[:2]
    assert now[2] == before[2] | {running.info.run_id: ("RUNNING", "active")}


def test_a_ledger_that_is_lost_is_recovered_and_goes_on(gateways, spec, delivery, elsewhere):
    monitor(spec, delivery.batch("b0", batch_rows(0, changed=True)))
    versions, aliases, _ = everything(gateways)
    new = elsewhere()
    recover(spec, "the disk with the ledger was lost")
    found = everything(new)
    assert [v.version for v in found[0]] == [v.version for v in versions]
    assert found[1] == aliases == [2, 1]
    documents = monitor(spec, delivery.batch("b1", batch_rows(1, changed=True)))
    assert [d["champion"]["version_before"] for d in documents][-1] == 2
    rollback(spec, "complaints", 2)
    assert everything(new)[1] == [1, 2]
