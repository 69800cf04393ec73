"""Aliases: where MLflow shows which version is champion, challenger or previous.

MLflow has no compare-and-set: an alias is written, read again and held to what was written.
"""

from mlflow.exceptions import MlflowException

from incumbent.errors import AbsentError, IntegrityError
from incumbent.gateways.registry.connection import (
    NO_ALIAS,
    NO_MODEL,
    NO_VERSION,
    Connection,
    is_answer,
)
from incumbent.gateways.registry.versions import as_registered
from incumbent.records import RegisteredVersion


def aliased(connection: Connection, model: str, name: str) -> RegisteredVersion | None:
    """The version that an alias names; None where MLflow has no such alias."""
    with connection.guarded(f"read the alias {name!r} of {model!r}") as client:
        try:
            return as_registered(client.get_model_version_by_alias(model, name))
        except MlflowException as error:
            if is_answer(error, NO_MODEL) or is_answer(error, NO_ALIAS):
                return None
            raise


def point(connection: Connection, model: str, name: str, number: int) -> None:
    """Let an alias name a version.

    Raises:
        AbsentError: There is no such version.
        IntegrityError: It names another one right afterwards.
    """
    with connection.writing(f"set the alias {name!r} of {model!r}") as client:
        try:
            client.set_registered_model_alias(model, name, str(number))
        except MlflowException as error:
            if is_answer(error, NO_MODEL) or is_answer(error, NO_VERSION):
                raise _absent(model, name, number) from error
            raise
    shown = aliased(connection, model, name)
    observed = None if shown is None else shown.version.number
    if observed != number:
        raise IntegrityError(
            f"The alias {name!r} of {model!r} is not what was just written.",
            observed,
            number,
            "find out who else writes this alias; the ledger decides, and asserts it again",
        )


def _absent(model: str, name: str, number: int) -> AbsentError:
    return AbsentError(
        f"Version {number} of {model!r} is no longer in the registry.",
        f"no such version, for the alias {name!r}",
        "the versions that were registered",
        "nothing, as the files are in its run; to choose another version, run"
        f" `incumbent rollback {model} --reason TEXT`",
    )
