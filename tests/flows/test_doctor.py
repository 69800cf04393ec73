"""The doctor names what is wrong and what mends it, and changes nothing."""

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from incumbent.doctor import examine
from incumbent.records import Challenger, Promotion, PromotionKind, Version
from incumbent.settings import Settings
from tasks.gateways import open_gateways
from tests.fakes.gateway import client_of, folder_of, run_called
from tests.flows.world import Delivery, a_spec

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.attack]

NOW = datetime(2024, 3, 20, tzinfo=UTC)


@pytest.fixture
def patient(promoted, tmp_path, monkeypatch):
    """The same with a state of its own: its gateways, and its spec."""
    spec = a_spec(source=Delivery(promoted).source)
    home = shutil.copytree(promoted, tmp_path / "home")
    monkeypatch.setenv("INCUMBENT_HOME", str(home))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    gateways = open_gateways()
    versions = gateways.ledger.champion("shop"), gateways.ledger.previous("shop")
    folders = [folder_of(gateways.registry, version) for version in versions]
    copies = [shutil.copytree(f, tmp_path / "copies" / str(k)) for k, f in enumerate(folders)]
    yield gateways, spec
    for folder, copy in zip(folders, copies, strict=True):  # other tests read them as well
        shutil.copytree(copy, folder, dirs_exist_ok=True)


def champion_of(gateways):
    return gateways.ledger.champion("shop")


def damage_champion(gateways, _):
    (folder_of(gateways.registry, champion_of(gateways)) / "card.json").write_text("{}")


def remove_previous(gateways, _):
    shutil.rmtree(folder_of(gateways.registry, gateways.ledger.previous("shop")))


def move_alias(gateways, _):
    client_of(gateways.registry).set_registered_model_alias("shop", "champion", "1")


def claim_for_another(gateways, patch):
    registry = gateways.registry.under("another", lambda: None)
    found = registry.load(champion_of(gateways))
    rows = registry.training_rows(champion_of(gateways))
    made = registry.publish(
        registry.keep(run_called("train x"), found.model, rows), found.model.card
    )
    move = client_of(registry).set_registered_model_alias
    move("shop", "champion", str(made.number))


def lose_ledger(gateways, _):
    home = Settings.of(os.environ).home
    for path in home.glob("ledger.db*"):
        path.unlink()


def renew_schema(gateways, _):
    with closing(sqlite3.connect(Settings.of(os.environ).home / "ledger.db")) as connection:
        connection.execute("UPDATE schema_version SET version = 99")
        connection.commit()


def begin_batch(gateways, _):
    entry = gateways.ledger.batches("shop")[0]
    gateways.ledger.start_batch("shop", replace_digest(entry.batch), NOW)


def replace_digest(batch):
    return type(batch)("b1", "f" * 64, 1, None, batch.path)


def intend(gateways, _):
    version = Version("shop", 3, "run", "e" * 64)
    promotion = Promotion("p3", PromotionKind.PROMOTE, version, 2, "why", done=False)
    gateways.ledger.intend(promotion, NOW)


def lose_predictions(gateways, _):
    for path in (Settings.of(os.environ).home / "predictions" / "shop").rglob("*-v1.parquet"):
        path.unlink()


def damage_labels(gateways, _):
    for path in (Settings.of(os.environ).home / "predictions/shop/labels").glob("*.parquet"):
        path.write_bytes(b"PAR1")


def damage_challenger(gateways, _):
    waiting = Challenger(Version("shop", 0, "0" * 32, "e" * 64), 2, ())
    gateways.ledger.keep_challenger("shop", waiting, NOW)


def leave_mlflow(_, patch):
    patch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")


def leave_prefect(_, patch):
    patch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")


def leave_ledger(_, patch):
    patch.setenv("INCUMBENT_DATABASE_URL", "sqlite:////dev/null/ledger.db")


# What was done: the part that shows it, how bad it is, and a word of the next step.
FAULTS = {
    damage_champion: ("champion", "error", "incumbent rollback shop"),
    remove_previous: ("previous", "warning", "--version"),
    move_alias: ("aliases", "warning", "next run"),
    claim_for_another: ("aliases", "error", "incumbent recover shop"),
    lose_ledger: ("ledger", "error", "INCUMBENT_HOME"),
    renew_schema: ("ledger", "error", "upgrade"),
    begin_batch: ("batches", "warning", "incumbent monitor shop"),
    intend: ("promotion", "warning", "incumbent monitor shop"),
    lose_predictions: ("predictions", "warning", "made again"),
    damage_labels: ("predictions", "warning", "made again"),
    damage_challenger: ("challenger", "warning", "drops it"),
    leave_mlflow: ("champion", "error", "127.0.0.1:9"),
    leave_prefect: ("prefect", "error", "prefect server start"),
    leave_ledger: ("ledger", "error", "INCUMBENT_DATABASE_URL"),
}


def everything(home):
    """All files of the state but what SQLite and MLflow leave beside them as they read."""
    aside = ("-wal", "-shm", "registered_model_meta")
    files = (p for p in Path(home).rglob("*") if p.is_file() and not p.name.endswith(aside))
    return {path: path.read_bytes() for path in files}


def test_a_healthy_model_needs_nobody(patient):
    _, spec = patient
    doc = examine(spec, os.environ)
    assert doc["healthy"] is True
    assert {f["health"] for f in doc["findings"]} == {"well"}
    parts = {f["part"] for f in doc["findings"]}
    assert parts >= {"ledger", "champion", "training rows", "previous", "predictions", "source"}
    assert parts >= {"disk", "prefect"}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.__name__)
def test_a_fault_is_named_with_what_mends_it_and_nothing_is_changed(patient, fault, monkeypatch):
    gateways, spec = patient
    fault(gateways, monkeypatch)
    home = Settings.of(os.environ).home
    before = everything(home)
    doc = examine(spec, os.environ)
    part, health, word = FAULTS[fault]
    found = [f for f in doc["findings"] if (f["part"], f["health"]) == (part, health)]
    assert len(found) == 1
    assert word in found[0]["next_step"]
    assert doc["healthy"] == (health != "error")
    assert everything(home) == before
    assert "traceback" not in str(doc).lower()


def test_a_file_whose_name_is_not_utf8_is_told(patient):
    _, spec = patient
    folder = Path(spec.source).parent
    (folder / "b\udcff.parquet").write_bytes(b"")
    (strange,) = [f for f in examine(spec, os.environ)["findings"] if "UTF-8" in f["text"]]
    assert (strange["part"], strange["health"]) == ("source", "warning")
    assert "\\udcff" in strange["text"]


def test_as_a_flow_it_is_a_table_of_its_run(patient, prefect, monkeypatch):
    from prefect import get_client  # noqa: PLC0415 - of this test alone

    from flows.doctor import doctor  # noqa: PLC0415

    _, spec = patient
    assert doctor(spec)["healthy"] is True
    with get_client(sync_client=True) as client:
        assert "shop-doctor" in {artifact.key for artifact in client.read_artifacts()}
