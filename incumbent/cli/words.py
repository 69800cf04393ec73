"""What the words of a call stand for: a spec, files, a path as a run takes it."""

import re
from pathlib import Path
from typing import Any

import click

from incumbent.errors import UsageError
from incumbent.params import SAFE_PATH

DEPLOYMENTS = Path("prefect.yaml")

SPEC = click.argument("spec")


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
    if not re.fullmatch(SAFE_PATH, plain):
        raise UsageError(
            "The path has signs that a run does not take.",
            path,
            "letters, digits, spaces and any of _ . / : @ = + * ? [ ] { } ( ) , ~ -",
            "rename the file or its folder",
        )
    return plain
