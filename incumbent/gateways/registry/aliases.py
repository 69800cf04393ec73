"""Aliases: where MLflow shows which version is champion, challenger or previous.

MLflow has no compare-and-set: an alias is written, read again and held to what was written.
"""

from mlflow.exceptions import MlflowException

from incumbent.errors import IntegrityError
from incumbent.gateways.registry.connection import NO_ALIAS, NO_MODEL, Connection, is_answer


def alias(connection: Connection, model: str, name: str) -> int | None:
    """Number of the version that an alias names; None where MLflow has no such alias."""
    with connection.guarded(f"read the alias {name!r} of {model!r}") as client:
        try:
            return int(client.get_model_version_by_alias(model, name).version)
        except MlflowException as error:
            if is_answer(error, NO_MODEL) or is_answer(error, NO_ALIAS):
                return None
            raise


def point(connection: Connection, model: str, name: str, number: int) -> None:
    """Let an alias name a version.

    Raises:
        IntegrityError: It names another one right afterwards.
    """
    with connection.guarded(f"set the alias {name!r} of {model!r}") as client:
        client.set_registered_model_alias(model, name, str(number))
    _require(model, name, alias(connection, model, name), number)


def unpoint(connection: Connection, model: str, name: str) -> None:
    """Take an alias away; where there is none, nothing happens.

    Raises:
        IntegrityError: It is there again right afterwards.
    """
    with connection.guarded(f"remove the alias {name!r} of {model!r}") as client:
        try:
            client.delete_registered_model_alias(model, name)
        except MlflowException as error:
            if not is_answer(error, NO_MODEL):
                raise
    _require(model, name, alias(connection, model, name), None)


def _require(model: str, name: str, observed: int | None, wanted: int | None) -> None:
    if observed != wanted:
        raise IntegrityError(
            f"The alias {name!r} of {model!r} is not what was just written.",
            observed,
            wanted,
            "find out who else writes this alias; the ledger decides, and asserts it again",
        )
