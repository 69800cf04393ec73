"""Prefect behind a proxy that begins to misbehave in the middle of a flow."""

import json
import sys
from itertools import product
from threading import Thread
from urllib.parse import urlsplit

import pytest
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_CLIENT_MAX_RETRIES,
    temporary_settings,
)

from incumbent import cli
from incumbent.records import BatchStatus
from tests.fakes.proxy import BAD_GATEWAY, CUT, EMPTY, NOT_FOUND, PAGE, Proxy
from tests.flows.world import batch_rows, written

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.attack]

# Requests that a run makes of Prefect: when it begins, when a task ends, when it shows a page.
PLACES = {"the run": "/flow_runs", "the page": "/artifacts"}
FAULTS = {
    "a page": PAGE,
    "an empty object": EMPTY,
    "a bad gateway": BAD_GATEWAY,
    "no such page": NOT_FOUND,
    "nothing": CUT,
}


@pytest.fixture
def proxy(prefect):
    found = Proxy(urlsplit(prefect).port)
    Thread(target=found.serve_forever, args=(0.01,), daemon=True).start()
    settings = {PREFECT_API_URL: f"{found.url}/api", PREFECT_CLIENT_MAX_RETRIES: 0}
    with temporary_settings(settings):
        yield found
    found.shutdown()
    found.server_close()


# What it answers to a page that is stored, Prefect's client does not look at.
PAIRS = [pair for pair in product(PLACES, FAULTS) if pair != ("the page", "an empty object")]


@pytest.mark.parametrize(("place", "fault"), PAIRS)
def test_an_outage_of_prefect_ends_with_4_and_the_batch_is_taken_again(
    place, fault, proxy, gateways, spec, delivery, tmp_path, monkeypatch, capsys
):
    path = written(spec, tmp_path)
    delivery.batch("b0", batch_rows(0))
    monkeypatch.setattr(sys, "argv", ["incumbent", "monitor", path, "--json"])
    proxy.answer(FAULTS[fault], PLACES[place])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capsys.readouterr()
    assert ended.value.code == 4
    assert json.loads(out)["error"]["next"]
    assert "Traceback" not in err
    assert {e.status for e in gateways.ledger.batches("shop")} <= {BatchStatus.STARTED}

    proxy.behave()
    cli.main()
    (document,) = json.loads(capsys.readouterr().out)["batches"]
    assert document["batch"]["id"] == "b0"
    assert [e.status for e in gateways.ledger.batches("shop")] == [BatchStatus.HANDLED]
