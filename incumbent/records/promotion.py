"""Promotions, leases, and the record of a run in MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from incumbent.records.model import Version


class PromotionKind(StrEnum):
    """The kind of a change of champion."""

    INSTALL = "install"
    PROMOTE = "promote"
    ROLL_BACK = "roll_back"
    RECOVER = "recover"


@dataclass(frozen=True)
class Promotion:
    """One change of champion: written as an intent first, then marked done."""

    id: str
    kind: PromotionKind
    version: Version
    previous: int | None
    reason: str
    done: bool


@dataclass(frozen=True)
class Lease:
    """The right to write about a model until a time. `fence` grows by one with each holder.

    A write under an older fence is refused, so that a run that lost its lease and resumes cannot
    change anything.
    """

    model: str
    fence: int
    holder: str
    until: datetime


@dataclass(frozen=True)
class RunRecord:
    """A finished run as it is stored in MLflow.

    `key` identifies its subject: of two runs with one key the first is kept; the run of a stored
    model needs none. Metrics that are None, NaN or infinite are left out; the tag
    `mlflow.note.content` is shown as Markdown; `texts` maps paths of artifacts to their content.
    """

    name: str
    key: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float | None]
    tags: Mapping[str, str]
    texts: Mapping[str, str] = field(default_factory=dict)
