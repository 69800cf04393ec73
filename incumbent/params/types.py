"""The types of the fields of a spec: choices, names, paths, shares."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

SPEC_NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"
MODULE_NAME = r"^[a-z][a-z0-9_]{0,62}$"
# A path or pattern of files, in which no ".." climbs out of where it starts.
SAFE_PATH = r"^\.?(?:[\w/:@=+*?\[\]{}(), ~-]+\.)*[\w/:@=+*?\[\]{}(), ~-]*$"


class Task(StrEnum):
    """What the target is."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


class Trigger(StrEnum):
    """What may start a retraining."""

    HARM = "harm"
    DRIFT = "drift"
    SCHEDULE = "schedule"


class ThresholdCriterion(StrEnum):
    """What the decision threshold of a binary model makes as large as possible."""

    F1 = "f1"
    BALANCED_ACCURACY = "balanced_accuracy"
    ACCURACY = "accuracy"


Path = Annotated[str, Field(pattern=SAFE_PATH, min_length=1, max_length=1024)]
ReasonText = Annotated[str, Field(min_length=1, max_length=1000)]
Column = Annotated[str, Field(min_length=1, max_length=256)]
Share = Annotated[float, Field(ge=0, le=1)]
Money = Annotated[float, Field(ge=1e-6, le=1e12, allow_inf_nan=False)]
