"""Specs as people write them: a file of their own, or a deployment in prefect.yaml."""

import difflib
import json
import reprlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from incumbent.errors import MissingPathError, SpecError
from incumbent.params import MODULE_NAME, SAFE_PATH, SPEC_NAME, ModelSpec

SUFFIXES = (".yaml", ".yml", ".json")
MOST_BYTES, MOST_VALUES, MOST_SHOWN = 1 << 20, 10_000, 200
ENTRYPOINT = "flows.monitor.monitor"
_BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "of length {} or more",
    "maxLength": "of length {} or less",
}
_PATTERNS = {
    SPEC_NAME: "small letters, digits, - and _",
    MODULE_NAME: "a module's name in small letters, digits and _",
    SAFE_PATH: "a path or pattern that does not climb out with ..",
}
_KINDS = {"string": "text", "null": "nothing", "integer": "whole number"}


def read(name_or_path: str, prefect_yaml: Path) -> ModelSpec:
    """The spec in a YAML or JSON file, or of the model's `monitor` deployment.

    Args:
        name_or_path: A file (by its suffix, or because it exists), or a model's name.
        prefect_yaml: Where the deployments are; read only for a name.

    Raises:
        MissingPathError: The file, or for a name prefect.yaml, is not there.
        SpecError: A field is unknown or impossible, the file is not a mapping, no deployment
            has this name, or two that have it differ.
    """
    path = Path(name_or_path)
    if path.suffix.lower() in SUFFIXES or path.is_file():
        return _spec(_mapping(path), str(path))
    return _deployed(name_or_path, prefect_yaml)


def _deployed(name: str, prefect_yaml: Path) -> ModelSpec:
    deployments = _mapping(prefect_yaml).get("deployments")
    specs = list(_monitored(deployments if isinstance(deployments, list) else []))
    mine = [spec for spec in specs if spec["name"] == name]
    if not mine:
        raise _unknown_name(name, sorted({str(spec["name"]) for spec in specs}), prefect_yaml)
    if any(spec != mine[0] for spec in mine):
        raise SpecError(
            "Two monitor deployments of one model have different specs.",
            f"{len(mine)} deployments of {name}",
            "one spec per model, shared by a YAML anchor where there are several deployments",
            f"make them equal in {prefect_yaml}",
        )
    return _spec(mine[0], f"the deployment of {name} in {prefect_yaml}")


def _monitored(deployments: Iterable[Any]) -> Iterable[dict[str, Any]]:
    """The specs, with a name, of all deployments of the monitor flow."""
    for deployment in deployments:
        if isinstance(deployment, dict) and deployment.get("entrypoint") == ENTRYPOINT:
            spec = (deployment.get("parameters") or {}).get("spec")
            if isinstance(spec, dict) and "name" in spec:
                yield spec


def _unknown_name(name: str, names: list[str], prefect_yaml: Path) -> SpecError:
    listed = ", ".join(names) or f"none: no deployment of {ENTRYPOINT} names a model"
    return SpecError(
        f"No monitor deployment has this model{_did_you_mean(name, names)}.",
        name,
        f"a YAML or JSON file, or a model in {prefect_yaml}: {listed}",
        f"correct the name, or add a deployment of {ENTRYPOINT} with parameters.spec.name",
    )


def _mapping(path: Path) -> dict[str, Any]:
    try:
        text = _text(path)
        content = json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
        _require_small(content)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise MissingPathError(
            "No file is there.",
            path,
            "a spec in YAML or JSON, or the name of a model with a prefect.yaml in reach",
            "check the path, or run in the folder that holds prefect.yaml",
        ) from error
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise _not_a_mapping(path, " ".join(str(error).split())[:MOST_SHOWN]) from error
    if not isinstance(content, dict):
        raise _not_a_mapping(path, f"{type(content).__name__} at the top")
    return content


def _text(path: Path) -> str:
    with path.open("rb") as file:
        found = file.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES:,} bytes")
    return found.decode("utf-8-sig")


def _require_small(content: Any) -> None:
    """Refuse what a few anchors of YAML make endless, before it is compared or shown."""
    waiting, left = [content], MOST_VALUES
    while waiting:
        found = waiting.pop()
        left -= 1
        if left < 0:
            raise ValueError(f"more than {MOST_VALUES:,} values, with those that anchors repeat")
        if isinstance(found, dict):
            waiting += found.values()
        elif isinstance(found, list):
            waiting += found


def _not_a_mapping(path: Path, observed: str) -> SpecError:
    return SpecError(
        "The file cannot be read as YAML or JSON with named fields.",
        f"{path}: {observed}",
        "lines such as 'name: flights'",
        f"correct {path}",
    )


def _spec(content: Mapping[str, Any], where: str) -> ModelSpec:
    try:
        return ModelSpec.model_validate(content)
    except ValidationError as error:
        raise _spec_error(error.errors(include_url=False), where) from error


def _spec_error(errors: list[ErrorDetails], where: str) -> SpecError:
    fields = list(dict.fromkeys(_field(e) for e in errors if e["loc"]))
    return SpecError(
        f"The spec cannot be used: {', '.join(fields) or 'fields contradict each other'}.",
        "; ".join(_observed(e) for e in errors),
        "; ".join(_allowed(e) for e in errors),
        f"correct {where}",
    )


def _field(error: ErrorDetails) -> str:
    return ".".join(str(part) for part in error["loc"])


def _observed(error: ErrorDetails) -> str:
    if not error["loc"]:
        given = {
            k: error["input"].get(k) for k in ("target", "timestamp", "id", "features", "labels")
        }
        return ", ".join(f"{k} = {v!r}" for k, v in given.items() if v)
    if error["type"] == "missing":
        return f"{_field(error)} is missing"
    return f"{_field(error)} = {reprlib.repr(error['input'])}"[:MOST_SHOWN]


def _allowed(error: ErrorDetails) -> str:
    if not error["loc"]:
        return error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        names = list(ModelSpec.model_fields)
        return f"there is no field {_field(error)}{_did_you_mean(_field(error), names)}"
    described = _describe(_schema()["properties"][str(error["loc"][0])])
    return f"{_field(error)}: {described or error['msg']}"


@cache
def _schema() -> dict[str, Any]:
    return ModelSpec.model_json_schema()


def _describe(schema: Mapping[str, Any]) -> str:
    """A field's JSON schema in words.

    >>> _describe({"type": "number", "minimum": 0.5, "exclusiveMaximum": 1})
    'number, at least 0.5, less than 1'
    """
    if "$ref" in schema:
        return _describe(_schema()["$defs"][schema["$ref"].rsplit("/", 1)[-1]])
    if "anyOf" in schema:
        return " or ".join(_describe(part) for part in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(schema["enum"])
    bounds = [words.format(schema[k]) for k, words in _BOUNDS.items() if k in schema]
    if "pattern" in schema:
        bounds.append(_PATTERNS.get(schema["pattern"], f"matching {schema['pattern']}"))
    kind = "a list of text" if schema["type"] == "array" else _KINDS.get(schema["type"])
    return ", ".join([kind or str(schema["type"]), *bounds])


def _did_you_mean(given: str, names: list[str]) -> str:
    close = difflib.get_close_matches(given, names, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
