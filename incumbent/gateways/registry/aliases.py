"""Aliases: where MLflow shows which version is champion, challenger or previous.

MLflow has no compare-and-set: an alias is written, read again and held to what was written.
"""

from mlflow.exceptions import MlflowException

from incumbent.errors import IntegrityError
from incumbent.gateways.registry.connection import NO_ALIAS, NO_MODEL, Connection, is_answer
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
        IntegrityError: It names another one right afterwards.
    """
    with connection.writing(f"set the alias {name!r} of {model!r}") as client:
        client.set_registered_model_alias(model, name, str(number))
    shown = aliased(connection, model, name)
    observed = None if shown is None else shown.version.number
    if observed != number:
        raise IntegrityError(
            f"The alias {name!r} of {model!r} is not what was just written.",
            observed,
            number,
            "find out who else writes this alias; the ledger decides, and asserts it again",
        )
