"""The types of a spec's fields: choices, names, paths and shares."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from incumbent.plain_text import has_secrets

SPEC_NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"
MODULE_NAME = r"^[a-z][a-z0-9_]{0,62}$"
# A path or pattern of files without "..", which could leave its folder.
SAFE_PATH = r"^\.?(?:[\w/:@=+*?\[\]{}(), ~-]+\.)*[\w/:@=+*?\[\]{}(), ~-]*$"


class Task(StrEnum):
    """The type of the target."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


class Trigger(StrEnum):
    """What can trigger a retraining."""

    HARM = "harm"
    DRIFT = "drift"
    SCHEDULE = "schedule"


class RuleSeverity(StrEnum):
    """What follows where a batch fails a derived rule of validation."""

    CRITICAL = "critical"
    SUSPECT = "suspect"
    WARNING = "warning"
    OFF = "off"


class ThresholdCriterion(StrEnum):
    """What the decision threshold of a binary model maximises."""

    F1 = "f1"
    BALANCED_ACCURACY = "balanced_accuracy"
    ACCURACY = "accuracy"


def _without_secrets(path: str) -> str:
    if has_secrets(path):
        raise ValueError(
            "an address without credentials: they belong in the environment, as the package of"
            " the storage reads them (AWS_SECRET_ACCESS_KEY, FSSPEC_HTTP_..., a profile)"
        )
    return path


Path = Annotated[
    str,
    Field(pattern=SAFE_PATH, min_length=1, max_length=1024),
    AfterValidator(_without_secrets),
]
VersionNumber = Annotated[int, Field(ge=1)]
ReasonText = Annotated[str, Field(min_length=1, max_length=1000)]
BatchName = Annotated[str, Field(min_length=1, max_length=1024)]
Column = Annotated[str, Field(min_length=1, max_length=256)]
Share = Annotated[float, Field(ge=0, le=1)]
Money = Annotated[float, Field(ge=1e-6, le=1e12, allow_inf_nan=False)]


class Stage(BaseModel):
    """The fields of one stage: frozen, and without further fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)
