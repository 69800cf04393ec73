"""A champion serves as it is registered: three ways to ask for raw rows, one answer."""

import json
import os
import socket
import subprocess
import sys
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from flows.monitor import monitor
from flows.train import train
from incumbent.settings import Settings
from tasks.gateways import open_gateways
from tests.flows.world import TRAINING_DAYS, a_spec, batch_rows, of_task, rows_of

pytestmark = [pytest.mark.integration, pytest.mark.slow]

CHAMPION = "models:/shop@champion"
SERVE = ("-m", "mlflow", "models", "serve", "-m", CHAMPION, "--env-manager", "local")
COLUMNS = ["price", "age", "page", "shop_code", "loyal"]


def raw(rows):
    """Rows as a source has them: whole numbers, flags and codes beside text."""
    codes = np.arange(len(rows)) % 3 + 7
    return rows.assign(shop_code=codes, loyal=rows["price"] > 0, price=rows["price"].round(3))


@pytest.fixture
def bare(prefect, tmp_path, monkeypatch):
    """A home without a champion."""
    monkeypatch.setenv("INCUMBENT_HOME", str(tmp_path / "home"))


@pytest.fixture(params=["binary", "multiclass", "regression"])
def served(request, bare, delivery):
    """A champion that `monitor` has scored a batch with: its rows, and what was logged."""
    task = request.param
    spec = a_spec(task=task, categorical=("shop_code",))
    train(spec, delivery.reference(raw(of_task(rows_of(TRAINING_DAYS), task))))
    rows = raw(of_task(batch_rows(0, rows_a_day=40), task))
    (document,) = monitor(spec, delivery.unlabelled("b0", rows))
    logged = open_gateways().predictions.read("shop", document["batch"]["digest"], 1)
    mlflow.set_tracking_uri(Settings.of(os.environ).tracking_uri)
    yield task, rows.drop(columns="bought"), logged
    mlflow.set_tracking_uri(None)


def expected(task, logged):
    return logged.values[:, 0] if task == "regression" else logged.labels


def require_labels(task, found, logged):
    if task == "regression":
        np.testing.assert_allclose(np.asarray(found, dtype=float), logged.values[:, 0], atol=1e-9)
    else:
        assert np.asarray(found).astype(str).tolist() == logged.labels.tolist()


def ways(rows):
    """The same rows as other callers have them."""
    yield rows
    yield rows[rows.columns[::-1]].assign(other="x")
    yield rows.convert_dtypes()
    yield rows.assign(shop_code=rows["shop_code"].astype(str), loyal=rows["loyal"].astype(float))
    yield rows.assign(page=rows["page"].astype("category")).set_index("visit")
    yield rows.astype({"page": object, "loyal": object})


def test_three_ways_of_plain_mlflow_answer_what_monitor_has_logged(served):
    task, rows, logged = served
    model = mlflow.pyfunc.load_model(CHAMPION)
    for frame in ways(rows):
        require_labels(task, model.predict(frame), logged)
    pipeline = mlflow.sklearn.load_model(CHAMPION)
    require_labels(task, pipeline.predict(rows), logged)
    if task != "regression":
        np.testing.assert_allclose(pipeline.predict_proba(rows), logged.values, atol=1e-9)
        found = model.predict(rows, params={"output": "probability"})
        np.testing.assert_allclose(found.to_numpy(), logged.values, atol=1e-9)
        assert found.columns.tolist() == [str(c) for c in pipeline.classes_]
    with serving() as ask:
        answer = ask({"dataframe_split": split(rows)})
        require_labels(task, answer, logged)
        records = json.loads(rows[COLUMNS].to_json(orient="records"))
        require_labels(task, ask({"dataframe_records": records}), logged)
        if task != "regression":
            params = {"output": "probability"}
            found = pd.DataFrame(ask({"dataframe_split": split(rows), "params": params}))
            np.testing.assert_allclose(found.to_numpy(), logged.values, atol=1e-9)
        status, text = ask.refused({"dataframe_records": [{"price": 1.0}]})
        assert status == 400
        assert "'age'" in text


def test_what_no_training_row_held_is_served(served):
    task, rows, _ = served
    model = mlflow.pyfunc.load_model(CHAMPION)
    strange = rows.assign(page="never seen", shop_code=99, age=None, price=np.inf)
    assert len(model.predict(strange)) == len(rows)
    with pytest.raises(Exception, match=r"missing inputs \[.page"):
        model.predict(rows.drop(columns="page"))
    pipeline = mlflow.sklearn.load_model(CHAMPION)
    with pytest.raises(Exception, match="missing: page"):
        pipeline.predict(rows.drop(columns="page"))
    with pytest.raises(Exception, match="output: 'odds'"):
        model.predict(rows, params={"output": "odds"})
    if task == "regression":
        with pytest.raises(Exception, match="does not have this output"):
            model.predict(rows, params={"output": "probability"})


def split(rows):
    return json.loads(rows[COLUMNS].to_json(orient="split", index=False))


class Asking:
    """A server of `mlflow models serve` on loopback."""

    def __init__(self, port):
        self.port = port

    def __call__(self, request):
        status, text = self.refused(request)
        assert status == 200, text
        return json.loads(text)["predictions"]

    def refused(self, request):
        return self._ask("POST", "/invocations", json.dumps(request))

    def ready(self):
        try:
            return self._ask("GET", "/ping", None)[0] == 200
        except OSError:
            return False

    def _ask(self, verb, path, body):
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(verb, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()


@contextmanager
def serving():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, *SERVE, "--host", "127.0.0.1", "--port", str(port)]
    # Named for the server alone: where a loop is told of a server, that keeps its artifacts.
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "MLFLOW_TRACKING_URI": Settings.of(os.environ).tracking_uri,
    }
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as server:
        asking = Asking(port)
        try:
            while not asking.ready():
                assert server.poll() is None, "the server has ended"
                with pytest.raises(subprocess.TimeoutExpired):
                    server.wait(timeout=0.2)
            yield asking
        finally:
            os.killpg(server.pid, 15)
            server.wait(timeout=30)
