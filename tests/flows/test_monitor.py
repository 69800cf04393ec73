"""The loop, end to end, on real parts: Prefect, MLflow, Great Expectations, the ledger."""

from dataclasses import replace

import numpy as np
import pytest

from flows.monitor import monitor
from incumbent.data.intake import blocks_of
from incumbent.data.profile import profile
from incumbent.digest import table_digest
from incumbent.monitoring.harm import CALIBRATION, LOSS, RISK, SKILL
from incumbent.records import PromotionKind
from tests.fakes.gateway import client_of, runs_of
from tests.flows.world import TRAINING_DAYS, batch_rows, rows_of

pytestmark = [pytest.mark.integration, pytest.mark.slow]

CHANGED = batch_rows(0, changed=True)
SIGNALS = {LOSS, RISK, CALIBRATION, SKILL}


def runs_in(gateways):
    """MLflow's runs of the model, by name."""
    found = {}
    for run in runs_of(client_of(gateways.registry), "shop"):
        found.setdefault(run.info.run_name, []).append(run)
    return found


def test_harm_is_answered_with_a_retraining_once(gateways, delivery, spec):
    path = delivery.batch("b0", CHANGED)
    (first,) = monitor(spec, path)
    (second,) = monitor(spec, path)
    assert second == first | {"duplicate": True}
    assert first["verdict"]["verdict"] == "promote"
    assert first["champion"] == {"version_before": 1, "version_after": 2}
    harm = [r for r in first["decision"]["reasons"] if r["signal"] in SIGNALS]
    assert harm
    assert all(abs(reason["observed"]) > reason["threshold"] for reason in harm)

    promotions = gateways.ledger.promotions("shop")
    assert [p.kind for p in promotions] == [PromotionKind.INSTALL, PromotionKind.PROMOTE]
    assert all(p.done for p in promotions)
    assert [
        gateways.registry.aliased("shop", a).version.number for a in ("champion", "previous")
    ] == [2, 1]
    runs = runs_in(gateways)
    assert {name: len(found) for name, found in runs.items()} == {
        "train shop": 1,
        "timeline": 1,
        "monitor b0": 1,
        "shadow v1 b0": 1,
        "train b0": 1,
    }
    client, (timeline,) = client_of(gateways.registry), runs["timeline"]
    for name in ("log_loss", "accuracy", "precision", "recall", "auc", "drift_score", "retrained"):
        assert [m.step for m in client.get_metric_history(timeline.info.run_id, name)] == [0]

    champion = gateways.registry.load(gateways.ledger.champion("shop"))
    card, rows = champion.model.card, gateways.registry.training_rows(champion.version)
    assert table_digest(rows) == card.training.digest
    assert len(rows) == len(rows_of(TRAINING_DAYS)) + len(CHANGED)
    assert card.training.batches == (first["batch"]["digest"],)
    kinds = {name: column.kind for name, column in card.profile.columns.items()}
    known = profile(rows, kinds, blocks_of(rows, card.spec))
    same = {"weights": card.profile.weights, "known_rows": card.profile.known_rows}
    assert replace(known, **same) == card.profile


def test_shuffled_labels_are_not_learnt(gateways, delivery, spec):
    rows = batch_rows(0)
    rows["bought"] = np.random.default_rng(0).permutation(rows["bought"])
    (doc,) = monitor(spec, delivery.batch("b0", rows))
    assert doc["decision"]["action"] == "notify"
    assert "unrelated" in [r["signal"] for r in doc["decision"]["blocked"]]
    assert doc["gain"]["saved"]["value"] > 0  # less confidence was learnt: it alone would pass


def test_a_world_in_which_nothing_known_holds_is_learnt(gateways, delivery, spec):
    rows = batch_rows(0)
    rows["bought"] = (rows["age"].fillna(0) > 0).astype("int64")  # told the champion nothing so far
    (doc,) = monitor(spec, delivery.batch("b0", rows))
    assert "unrelated" in [r["signal"] for r in doc["decision"]["reasons"]]
    assert doc["decision"]["action"] == "retrain"
