"""Examination: what the doctor finds, as a table among the run's artifacts."""

from collections.abc import Mapping
from typing import Any

from prefect import task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from incumbent import doctor
from incumbent.params import ModelSpec
from incumbent.plain_text import plain


@task(name="examination", cache_policy=NO_CACHE)
def examine(spec: ModelSpec, environment: Mapping[str, str]) -> dict[str, Any]:
    """The document of the examination, shown as a table."""
    doc = doctor.examine(spec, environment)
    rows = [{k: plain(str(v)) for k, v in finding.items()} for finding in doc["findings"]]
    create_table_artifact(rows, key=f"{spec.name.replace('_', '-')}-doctor")
    return doc
