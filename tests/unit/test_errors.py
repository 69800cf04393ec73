import pickle
import re

import pytest

from incumbent import errors

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.IncumbentError)
]


def made(kind=errors.IncumbentError):
    return kind("No rows are left.", 0, "at least 1", "check the source")


def test_a_message_says_what_observed_allowed_and_next():
    assert str(made()) == (
        "No rows are left. Observed: 0. Allowed: at least 1. Next: check the source."
    )


def test_the_document_has_the_four_keys_as_text():
    assert made().document() == {
        "error": {
            "what": "No rows are left.",
            "observed": "0",
            "allowed": "at least 1",
            "next": "check the source",
        }
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_drawing_shows_every_kind_with_its_exit_code(kind):
    codes, code = {}, None
    for line in errors.__doc__.splitlines():
        if found := re.match(r"[\s│├└─]*(\w+Error)(?:\s+(\d))?", line):
            code = int(found[2] or code)
            codes[found[1]] = code
    assert codes[kind.__name__] == kind.exit_code


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.IncumbentError, 1),
        (errors.IntegrityError, 1),
        (errors.UsageError, 2),
        (errors.MissingPathError, 2),
        (errors.SpecError, 2),
        (errors.ChampionExistsError, 2),
        (errors.NoChampionError, 2),
        (errors.QuarantineError, 3),
        (errors.UnreadableError, 3),
        (errors.OutOfReachError, 4),
    ],
)
def test_exit_codes_are_the_contract(kind, code):
    assert kind.exit_code == code


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_survives_the_way_between_processes(kind):
    there_and_back = pickle.loads(pickle.dumps(made(kind)))  # noqa: S301 - our own bytes
    assert type(there_and_back) is kind
    assert there_and_back.document() == made(kind).document()
