"""Arguments of the commands: a spec, input files, an output file."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from pydantic import TypeAdapter, ValidationError

from incumbent.errors import UsageError
from incumbent.params import SAFE_PATH, ReasonText
from incumbent.plain_text import has_secrets

DEPLOYMENTS = Path("prefect.yaml")

SPEC = click.argument("spec")


def checked(kind: Any) -> Callable[[click.Context, click.Parameter, str], str]:
    """A callback that refuses what the form of a run would: a text that is too short or long."""

    def check(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
        try:
            return str(TypeAdapter(kind).validate_python(value))
        except ValidationError as error:
            raise click.BadParameter(error.errors()[0]["msg"]) from error

    return check


REASON = click.option(
    "--reason", required=True, callback=checked(ReasonText), help="The reason, kept in the ledger."
)


class OutputFile(click.Path):
    """A file to write: refused before any work where it cannot be written."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The path, once its folder is known to take a file."""
        path = str(super().convert(value, param, ctx))
        folder = Path(path).absolute().parent
        if not folder.is_dir():
            self.fail(f"There is no folder {folder}; make it first.", param, ctx)
        if not os.access(folder, os.W_OK):
            self.fail(f"The folder {folder} may not be written to.", param, ctx)
        return path


OUTPUT = OutputFile()


def read_spec(name_or_path: str) -> Any:
    """The spec that a name or a file stands for."""
    from incumbent.gateways import specs

    return specs.read(name_or_path, DEPLOYMENTS)


def require_path(path: str | None) -> tuple[str, ...]:
    """The files of a path or pattern; one that is not there is refused before anything starts."""
    from incumbent.gateways import sources

    return () if path is None else sources.require(plain_path(path))


def plain_path(path: str) -> str:
    """A path as a run takes it: without "..", and of the signs that a form lets through.

    Raises:
        UsageError: It has others.
    """
    plain = path if "://" in path else str(Path(path).resolve())
    if has_secrets(plain):
        raise UsageError(
            "The address has credentials in it.",
            path,
            "an address without",
            "set them in the environment, as the package of the storage reads them",
        )
    if not re.fullmatch(SAFE_PATH, plain):
        raise UsageError(
            "The path has signs that a run does not take.",
            path,
            "letters, digits, spaces and any of _ . / : @ = + * ? [ ] { } ( ) , ~ -",
            "rename the file or its folder",
        )
    return plain
