"""A person tidies up in MLflow: the loop goes on, and says what it cannot show any more."""

import shutil
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from flows.monitor import monitor
from flows.rollback import rollback
from flows.train import train
from incumbent.errors import AbsentError, ChampionExistsError, IntegrityError, OutOfReachError
from incumbent.records import Challenger
from tasks.gateways import open_gateways
from tests.fakes.gateway import RegistryDriver, client_of, folder_of, run_called, runs_of
from tests.flows.world import TRAINING_DAYS, batch_rows, rows_of

NOW = datetime(2024, 3, 20, tzinfo=UTC)

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture
def tidied(promoted, tmp_path, monkeypatch):
    """The same with a ledger and an MLflow of its own, in which a person may tidy up."""
    home = shutil.copytree(promoted, tmp_path / "home")
    monkeypatch.setenv("INCUMBENT_HOME", str(home))
    return open_gateways()


def experiment_of(gateways):
    return client_of(gateways.registry).get_experiment_by_name("shop")


def run_named(gateways, name):
    client = client_of(gateways.registry)
    return next(r.info.run_id for r in runs_of(client, "shop") if r.info.run_name == name)


def delete_version(number):
    def delete(gateways):
        client_of(gateways.registry).delete_model_version("shop", str(number))

    return delete


def delete_model(gateways):
    client = client_of(gateways.registry)
    for version in client.search_model_versions("name = 'shop'"):
        client.delete_model_version("shop", version.version)
    client.delete_registered_model("shop")


def delete_experiment(gateways):
    client_of(gateways.registry).delete_experiment(experiment_of(gateways).experiment_id)


def delete_run(name):
    def delete(gateways):
        client_of(gateways.registry).delete_run(run_named(gateways, name))

    return delete


def delete_alias(name):
    def delete(gateways):
        client_of(gateways.registry).delete_registered_model_alias("shop", name)

    return delete


def untag_champion(gateways):
    client = client_of(gateways.registry)
    for tag in ("incumbent.digest", "incumbent.ledger"):
        client.delete_model_version_tag("shop", "2", tag)


def untag_experiment(gateways):
    client_of(gateways.registry).set_experiment_tag(
        experiment_of(gateways).experiment_id, "incumbent.timeline", "gone"
    )


FAULTS = {
    "previous version deleted": (delete_version(1), [2, None]),
    "champion's version deleted": (delete_version(2), [None, 1]),
    "registered model deleted": (delete_model, [None, None]),
    "experiment deleted": (delete_experiment, [2, 1]),
    "champion's run deleted": (delete_run("train b0"), [2, 1]),
    "timeline deleted": (delete_run("timeline"), [2, 1]),
    "timeline no longer named": (untag_experiment, [2, 1]),
    "report of a batch deleted": (delete_run("monitor b0"), [2, 1]),
    "alias champion removed": (delete_alias("champion"), [2, 1]),
    "alias previous removed": (delete_alias("previous"), [2, 1]),
    "tags of the champion removed": (untag_champion, [2, 1]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_next_batch_is_handled_by_the_same_champion(tidied, spec, delivery, fault):
    tidy, aliases = FAULTS[fault]
    tidy(tidied)
    (document,) = monitor(spec, delivery.batch("b1", batch_rows(1, changed=True)))
    assert document["champion"]["version_before"] == 2
    assert tidied.ledger.champion("shop").number == document["champion"]["version_after"] == 2
    shown = [RegistryDriver(tidied.registry).alias("shop", n) for n in ("champion", "previous")]
    assert shown == aliases
    points = RegistryDriver(tidied.registry)
    assert 1 in [step for step, _ in points.point_of("shop", "drift_score")]


def test_numbers_are_not_given_out_twice_where_the_model_was_deleted(gateways, spec, delivery):
    delete_model(gateways)
    (document,) = monitor(spec, delivery.batch("b0", batch_rows(0, changed=True)))
    assert document["champion"] == {"version_before": 1, "version_after": 2}
    assert RegistryDriver(gateways.registry).alias("shop", "champion") == 2


def test_a_damaged_challenger_is_dropped_and_the_batch_is_handled(tidied, spec, delivery):
    champion = tidied.ledger.champion("shop")
    found = tidied.registry.load(champion)
    rows = tidied.registry.training_rows(champion)
    waiting = tidied.registry.keep(run_called("judge b0"), found.model, rows)
    tidied.ledger.keep_challenger("shop", Challenger(waiting, 2, ()), NOW)
    shutil.rmtree(folder_of(tidied.registry, waiting))
    monitor(spec, delivery.batch("b1", batch_rows(1, changed=True)))
    assert tidied.ledger.challenger("shop") is None


@contextmanager
def away(folder):
    """A folder that is not there for a while: other tests read it as well."""
    kept = folder.rename(folder.with_name("away"))
    try:
        yield
    finally:
        kept.rename(folder)


def test_from_a_champion_that_is_lost_a_person_goes_back(tidied, spec, delivery):
    with away(folder_of(tidied.registry, tidied.ledger.champion("shop"))):
        with pytest.raises((AbsentError, IntegrityError)) as caught:
            monitor(spec, delivery.batch("b1", batch_rows(1)))
        assert "rollback" in caught.value.next_step
        rollback(spec, "its files are lost", 2)
        (document,) = monitor(spec, delivery.batch("b1", batch_rows(1)))
        assert document["champion"]["version_before"] == 1


def test_artifacts_that_are_not_mounted_are_an_outage_and_no_damage(tidied, spec, delivery):
    version = tidied.ledger.champion("shop")
    experiment = folder_of(tidied.registry, version).parents[2]
    with away(experiment), pytest.raises(OutOfReachError, match="is not there"):
        tidied.registry.load(version)
    assert tidied.registry.load(version).version == version


def test_back_to_a_version_that_was_deleted_in_mlflow_and_whose_files_are_whole(
    tidied, spec, delivery
):
    delete_version(1)(tidied)
    rollback(spec, "worse", 2)
    assert tidied.ledger.champion("shop").number == 1
    (document,) = monitor(spec, delivery.batch("b1", batch_rows(1)))
    assert document["champion"]["version_before"] == 1


def test_in_the_place_of_the_only_champion_that_is_lost_a_person_trains_another(
    gateways, spec, delivery
):
    data = delivery.reference(rows_of(TRAINING_DAYS))
    with pytest.raises(ChampionExistsError, match="already") as caught:
        train(spec, data, 1)
    assert "are whole" in caught.value.observed
    champion = gateways.ledger.champion("shop")
    with away(folder_of(gateways.registry, champion)):
        with pytest.raises((AbsentError, IntegrityError)) as lost:
            monitor(spec, delivery.batch("b0", batch_rows(0)))
        assert "incumbent train shop DATA --lost 1" in lost.value.next_step
        assert train(spec, data, 1)["version"] == 2
        (document,) = monitor(spec, delivery.batch("b0", batch_rows(0)))
        assert document["champion"]["version_before"] == 2
