"""What only the real registry can show: files, hostile artifacts, error pages."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import skops.io
import yaml
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline

from incumbent.digest import folder_digest, table_digest
from incumbent.errors import IntegrityError, OutOfReachError, UsageError
from incumbent.gateways.registry import Registry
from incumbent.params import Task
from incumbent.records import RunRecord
from tests.fakes.fitted import NAMES, NOW, fitted_on, rows_of
from tests.fakes.gateway import (
    RegistryDriver,
    client_of,
    folder_of,
    registered,
    run_called,
    runs_of,
)

pytestmark = [
    # MLflow warns about a type hint of its own when it first saves a model.
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType:UserWarning"),
]


@pytest.fixture
def error_page() -> Iterator:
    servers = []

    def start(status: int) -> str:
        class Page(BaseHTTPRequestHandler):
            def do_GET(self):
                body = b'{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such page"}'
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        server = HTTPServer(("127.0.0.1", 0), Page)
        servers.append(server)
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


class TestMlflow:
    def test_a_version_holds_the_digests_and_a_description(self, real):
        version, fitted, _ = RegistryDriver(real).register()
        found = client_of(real).get_model_version(version.model, str(version.number))
        assert found.tags == {
            "incumbent.digest": version.digest,
            "incumbent.training_digest": fitted.card.training.digest,
        }
        assert found.run_id == version.run_id
        assert found.source == folder_of(real, version).as_uri()
        assert "| Baseline log_loss | 0.5 |" in found.description
        assert version.digest == folder_digest(folder_of(real, version))

    def test_its_run_is_finished_and_shows_the_training_set(self, real):
        rows = rows_of(Task.BINARY)
        fitted = fitted_on(rows, Task.BINARY, ["carrier", "delay"])
        metrics = {"loss of (a)": 0.5, "nan": float("nan")}
        started = run_called("train x", params={"trees": 5}, metrics=metrics, tags={"why": "test"})
        version = registered(real, started, fitted, rows)
        run = client_of(real).get_run(version.run_id)
        assert (run.info.run_name, run.info.status) == ("train x", "FINISHED")
        assert run.data.params == {"trees": "5"}
        assert run.data.metrics == {"loss of _a_": 0.5}
        assert run.data.tags["why"] == "test"
        assert run.data.tags["incumbent.training_digest"] == table_digest(rows)
        (shown,) = run.inputs.dataset_inputs
        assert shown.dataset.digest == table_digest(rows)[:36]
        assert [t.value for t in shown.tags] == ["training"]

    def test_the_signature_takes_raw_features_and_the_dataset_shows_canonical_ones(self, real):
        version, _, _ = RegistryDriver(real).register()
        model = yaml.safe_load((folder_of(real, version) / "MLmodel").read_text())
        columns = yaml.safe_load(model["signature"]["inputs"])
        assert {c["name"]: c["type"] for c in columns} == dict.fromkeys(
            ("carrier", "delay", "distance"), "any"
        )
        assert model["flavors"]["python_function"]["loader_module"] == "incumbent.serving"
        (used,) = client_of(real).get_run(version.run_id).inputs.dataset_inputs
        shown = yaml.safe_load(used.dataset.schema)["mlflow_colspec"]
        assert {c["name"]: c["type"] for c in shown} == {
            "carrier": "string",
            "delay": "double",
            "distance": "double",
        }

    @pytest.mark.parametrize(
        "file",
        [
            "MLmodel",
            "model.skops",
            "card.json",
            "profile.arrow",
            "golden.parquet",
            "training_set.parquet",
        ],
    )
    def test_a_flipped_byte_in_any_file_is_refused(self, real, file):
        version, _, _ = RegistryDriver(real).register()
        path = folder_of(real, version) / file
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        with pytest.raises(IntegrityError):
            real.load(version)

    def test_a_model_switched_to_pickle_runs_nothing(self, real, tmp_path):
        version, _, _ = RegistryDriver(real).register()
        folder = folder_of(real, version)
        mlmodel = folder / "MLmodel"
        mlmodel.write_text(
            mlmodel.read_text().replace("model.skops", "model.pkl").replace("skops", "pickle")
        )
        (folder / "model.pkl").write_bytes(f"cos\nmkdir\n(V{tmp_path}/ran\ntR.".encode())
        with pytest.raises(IntegrityError):
            real.load(version)
        assert not (tmp_path / "ran").exists()

    def test_a_type_that_is_not_on_our_list_is_not_loaded(self, real):
        """Even where the digest is that of the hostile folder, and its MLmodel trusts the type."""
        version, _, rows = RegistryDriver(real).register()
        folder = folder_of(real, version)
        forest = RandomForestClassifier(2).fit(rows[["distance"]], rows["late"])
        skops.io.dump(forest, folder / "model.skops")
        mlmodel = folder / "MLmodel"
        mlmodel.write_text(
            mlmodel.read_text().replace("functools.partial", "sklearn.tree._tree.Tree")
        )
        with pytest.raises(IntegrityError, match=r"sklearn\.tree\._tree\.Tree"):
            real.load(replace(version, digest=folder_digest(folder)))

    def test_a_pipeline_with_a_type_that_is_not_on_our_list_is_not_registered(self, real):
        rows = rows_of(Task.BINARY)
        pipeline = Pipeline([("learner", RandomForestClassifier(2))])
        fitted = fitted_on(rows, Task.BINARY, ["distance"], pipeline)
        with pytest.raises(UsageError, match="TreePredictor"):
            registered(real, run_called("train x"), fitted, rows)
        assert real.aliased(fitted.card.spec.name, "champion") is None

    def test_a_missing_folder_is_refused(self, real):
        version, _, _ = RegistryDriver(real).register()
        shutil.rmtree(folder_of(real, version))
        with pytest.raises(IntegrityError, match="no files"):
            real.load(version)

    def test_the_mark_that_mlflow_leaves_when_it_reads_a_version_is_no_harm(self, real):
        version, fitted, _ = RegistryDriver(real).register()
        mark = folder_of(real, version) / "registered_model_meta"
        mark.write_text("model_name: x\n")
        assert real.load(version).model.card == fitted.card
        mark.unlink()
        (folder_of(real, version) / "more").write_text("")
        with pytest.raises(IntegrityError):
            real.load(version)

    def test_a_failed_upload_leaves_a_failed_run_and_no_version(self, home, real, tmp_path):
        (tmp_path / "file").touch()
        broken = Registry(f"sqlite:///{home}/mlflow.db", (tmp_path / "file").as_uri())
        rows = rows_of(Task.BINARY)
        fitted = fitted_on(rows, Task.BINARY, ["distance"])
        with pytest.raises(OutOfReachError):
            registered(broken, run_called("train x"), fitted, rows)
        client, model = client_of(real), fitted.card.spec.name
        assert [r.info.status for r in runs_of(client, model)] == ["FAILED"]
        assert client.search_model_versions(f"name = '{model}'") == []

    def test_a_refused_version_leaves_a_failed_run(self, real, monkeypatch):
        def refuse(*_args, **_kwargs):
            raise MlflowException("no room")

        monkeypatch.setattr(MlflowClient, "create_model_version", refuse)
        rows = rows_of(Task.BINARY)
        fitted = fitted_on(rows, Task.BINARY, ["distance"])
        with pytest.raises(OutOfReachError, match="no room"):
            registered(real, run_called("train x"), fitted, rows)
        (run,) = runs_of(client_of(real), fitted.card.spec.name)
        assert run.info.status == "FAILED"

    def test_a_logged_run_holds_everything_and_is_finished(self, real):
        model, note = next(NAMES), "# Batch\n" * 2_000
        record = RunRecord(
            "monitor x",
            "batch x",
            {"features": "x" * 7_000},
            {"auc": 0.7, "unknown": None},
            {"mlflow.note.content": note},
            {"report.html": "<b>ü</b>", "notes/a.md": "a"},
        )
        run_id = real.log_run(model, record, NOW)
        assert real.log_run(model, record, NOW) == run_id
        client = client_of(real)
        run = client.get_run(run_id)
        assert (run.info.run_name, run.info.status) == ("monitor x", "FINISHED")
        assert run.info.start_time == run.info.end_time == int(NOW.timestamp() * 1000)
        assert run.data.metrics == {"auc": 0.7}
        assert run.data.params == {"features": "x" * 6_000}
        assert run.data.tags["mlflow.note.content"] == note[:8_000]
        root = Path(run.info.artifact_uri.removeprefix("file://"))
        assert (root / "report.html").read_text(encoding="utf-8") == "<b>ü</b>"
        assert (root / "notes" / "a.md").read_text() == "a"

    def test_the_timeline_is_one_finished_run(self, real):
        model = next(NAMES)
        for step in range(3):
            real.log_timeline(model, step, {"auc": 0.5}, NOW)
        (run,) = runs_of(client_of(real), model)
        assert (run.info.run_name, run.info.status) == ("timeline", "FINISHED")

    def test_a_run_of_someone_else_is_no_timeline_and_stays_open(self, real):
        model = next(NAMES)
        real.log_timeline(model, 0, {"auc": 0.5}, NOW)
        client = client_of(real)
        experiment = client.get_experiment_by_name(model).experiment_id
        other = client.create_run(experiment, start_time=0, run_name="timeline").info.run_id
        real.under("a1", lambda: None).close_runs(model)
        assert client.get_run(other).info.status == "RUNNING"
        client.set_terminated(other)
        real.log_timeline(model, 1, {"auc": 0.6}, NOW)
        assert client.get_run(other).data.metrics == {}

    def test_nothing_is_printed(self, real, capfd):
        version, _, _ = RegistryDriver(real).register()
        real.load(version)
        real.log_timeline(version.model, 0, {"auc": 0.5}, NOW)
        assert capfd.readouterr().out == ""

    def test_an_error_hides_credentials(self):
        with pytest.raises(OutOfReachError) as caught:
            Registry("http://me:secret@127.0.0.1:9").aliased("m", "champion")
        assert "secret" not in str(caught.value)
        assert "http://127.0.0.1:9" in caught.value.next_step

    def test_a_missing_driver_is_out_of_reach(self):
        with pytest.raises(OutOfReachError):
            Registry("mssql+nothing://127.0.0.1:9/x").aliased("m", "champion")

    def test_a_file_that_is_no_database_is_out_of_reach(self, tmp_path):
        (tmp_path / "mlflow.db").write_text("not a database" * 100)
        with pytest.raises(OutOfReachError):
            Registry(f"sqlite:///{tmp_path}/mlflow.db").aliased("m", "champion")

    @pytest.mark.parametrize("status", [400, 404, 502])
    def test_an_error_page_of_a_proxy_is_not_an_answer(self, status, error_page):
        with pytest.raises(OutOfReachError):
            Registry(error_page(status)).aliased("m", "champion")
