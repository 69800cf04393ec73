"""Who becomes champion, who may say so, and how MLflow shows a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from incumbent.records.model import Version


class PromotionKind(StrEnum):
    """How a version came to be the champion."""

    INSTALL = "install"
    PROMOTE = "promote"
    ROLL_BACK = "roll_back"


@dataclass(frozen=True)
class Promotion:
    """One change of champion: written as an intent, then done."""

    id: str
    kind: PromotionKind
    version: Version
    previous: int | None
    reason: str
    done: bool


@dataclass(frozen=True)
class Lease:
    """The right to write about a model until a time. `fence` grows by one with each holder.

    A write under an older fence is refused: whoever was taken for dead and wakes up again
    changes nothing.
    """

    model: str
    fence: int
    holder: str
    until: datetime


@dataclass(frozen=True)
class RunRecord:
    """A finished run as people find it in MLflow.

    `key` says what it is about: of two with one key the first stands; a model stored as one needs
    none. Metrics that are None, NaN
    or infinite are left out; the tag `mlflow.note.content` is shown as Markdown; `texts` are
    artifacts, path to content.
    """

    name: str
    key: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float | None]
    tags: Mapping[str, str]
    texts: Mapping[str, str] = field(default_factory=dict)
