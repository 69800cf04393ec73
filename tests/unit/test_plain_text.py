"""No secret and no sign that a terminal or a page obeys leaves by any door."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from incumbent.cli import show
from incumbent.cli.arguments import plain_path
from incumbent.errors import IncumbentError, UsageError
from incumbent.gateways.ledger import Ledger
from incumbent.log import LOGGER, warn
from incumbent.plain_text import bare_address, plain, plain_lines, without_secrets
from incumbent.report import drift_page, reporting
from tests.flows.world import a_spec

SECRET = "s3cr3t"  # noqa: S105 - what must not be seen
ADDRESSES = (
    f"postgresql://me:{SECRET}@db/incumbent",
    f"postgresql://me:{SECRET}@{SECRET}@db/incumbent",
    f"postgresql://me:{SECRET}/{SECRET}@db/incumbent",
    f"postgresql://db/incumbent?user=me&password={SECRET}",
    f"https://{SECRET}@mlflow.example/x",
    f"https://mlflow.example/x?token={SECRET}#top",
    f"https://mlflow.example/x?a=1&sig={SECRET}",
    f"s3://key:{SECRET}@bucket/lake/*.parquet",
    f"host=db password={SECRET} user=me",
)
# An escape code, a bell, a direction override, a sign without width, and half a character.
HOSTILE = "shop\x1b[2J\x07\u202egnp\u200b\udcff"
SHOWN = r"shop\x1b[2J\x07\u202egnp\u200b\udcff"


@pytest.mark.parametrize("address", ADDRESSES)
class TestSecrets:
    def test_none_is_left_in_a_text(self, address):
        shown = without_secrets(f"no route to {address}: timed out")
        assert SECRET not in shown
        assert shown.startswith("no route to ")
        assert without_secrets(shown) == shown

    def test_none_is_left_in_an_error(self, address):
        error = IncumbentError(f"what {address}", address, address, f"set {address}")
        assert SECRET not in str(error)
        assert SECRET not in str(error.document())

    def test_none_is_left_in_the_log(self, address, caplog):
        with caplog.at_level(logging.WARNING, LOGGER):
            warn("left out: %s", OSError(f"cannot reach {address}"))
        assert "left out: " in caplog.text
        assert SECRET not in caplog.text

    def test_none_is_left_on_the_terminal(self, address, capsys):
        show.error(UsageError("what", address, "allowed", "next"))
        show.promotion(
            {"model": "m", "champion": {"version_before": 1, "version_after": 2}, "reason": address}
        )
        out, err = capsys.readouterr()
        assert "Reason" in out
        assert SECRET not in out + err


@pytest.mark.parametrize("address", [a for a in ADDRESSES if "://" in a])
def test_an_address_with_credentials_is_no_place_of_data(address):
    for field in ("source", "labels"):
        with pytest.raises(ValidationError):
            a_spec(**{field: address})
    with pytest.raises(UsageError) as caught:
        plain_path(address)
    assert SECRET not in str(caught.value)
    assert SECRET not in bare_address(address)


def test_a_database_out_of_reach_is_told_without_its_password():
    for url in (
        f"postgresql+psycopg://me:{SECRET}@127.0.0.1:9/x",
        f"postgresql+psycopg://127.0.0.1:9/x?user=me&password={SECRET}",
        f"mysql://me:{SECRET}@127.0.0.1/x",
    ):
        with pytest.raises(IncumbentError) as caught:
            Ledger(url).models()
        assert SECRET not in str(caught.value)


def test_what_is_obeyed_is_written_out():
    assert plain(HOSTILE) == SHOWN
    assert plain("naïve café 中文 ✓") == "naïve café 中文 ✓"
    assert plain_lines("a\x1b\nb") == "a\\x1b\nb"


@given(st.text())
def test_a_plain_text_is_printable_and_stays_as_it_is(text):
    assert plain(text).isprintable()
    assert plain(plain(text)) == plain(text)
    assert plain(text).encode().decode() == plain(text)


def test_the_terminal_obeys_no_text_from_data(capsys):
    failure = {
        "severity": "critical",
        "expectation": "values",
        "column": HOSTILE,
        "observed": HOSTILE,
        "expected": HOSTILE,
    }
    reason = {"signal": "drift", "text": HOSTILE}
    show.monitor(
        [
            {
                "batch": {"id": HOSTILE, "rows": 1},
                "duplicate": False,
                "validation": {"failures": [failure]},
                "decision": {"action": "none", "reasons": [reason], "blocked": [reason]},
                "verdict": None,
                "harm": None,
                "skew": None,
            }
        ]
    )
    show.error(UsageError(HOSTILE, HOSTILE, HOSTILE, HOSTILE))
    out, err = capsys.readouterr()
    for text, times in ((out, 6), (err, 4)):
        assert text.count(SHOWN) == times
        assert all(line.isprintable() for line in text.splitlines())


def test_pages_hold_no_hidden_signs():
    assert reporting._escaped(HOSTILE).count("\\u202e") == 1
    assert reporting._escaped(HOSTILE).isprintable()
    assert drift_page._readable(HOSTILE) == SHOWN
