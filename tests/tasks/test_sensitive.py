"""No value of a sensitive column leaves the loop: not in a document, a run, a page, or the log."""

import json

import numpy as np
import pytest

from incumbent.report.reporting import page
from tests.flows.world import TRAINING_DAYS, a_spec, batch_rows, rows_of

SECRETS = {"home": "Adams", "news": "Baker", "sale": "Clark"}
UNSEEN = "Dexter"


def named(rows):
    return rows.assign(page=rows["page"].map(SECRETS))


def everything_told(loop, documents, caplog):
    """All texts that a person may read of a run."""
    runs = [vars(run) for run in loop.registry.runs]
    pages = [page(doc) for doc in documents]
    return "\n".join([json.dumps(documents), *pages, *map(str, runs), caplog.text])


@pytest.mark.parametrize("broken", ["drifted", "unseen", "recoded", "sentinel", "constant"])
def test_values_of_a_sensitive_column_are_told_nowhere(bare, delivery, caplog, broken):
    spec = a_spec(sensitive=("page",))
    bare.train(spec, delivery.reference(named(rows_of(TRAINING_DAYS))))
    rows, half = named(batch_rows(0)), np.arange(600) % 2 == 0
    change = {
        "drifted": rows["page"].mask(half, "Adams"),
        "unseen": rows["page"].mask(half, UNSEEN),
        "recoded": rows["page"].str.upper(),
        "sentinel": rows["page"].mask(half, "unknown"),
        "constant": rows["page"].mask(rows["page"].notna(), "Baker"),
    }[broken]
    documents = bare.monitor(spec, delivery.batch("b0", rows.assign(page=change)))
    told = everything_told(bare, documents, caplog)
    assert documents[0]["validation"]["failures"] or documents[0]["drift"]["columns"]
    for secret in (*SECRETS.values(), UNSEEN, "'unknown'"):
        assert secret not in told
        assert secret.upper() not in told
