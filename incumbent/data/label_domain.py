"""The values that a label may have: the classes of a model, or plausible values of a regression.

A label that names a class in another way (`True`, ` Yes`, `1.0`) is that class. One that names
none ("pending"), or a value far beyond all of the training set, is no label: it would cost a loss
that says nothing of the model, and a retraining would learn it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from incumbent.data.wording import flag_of
from incumbent.params import ModelSpec, Task
from incumbent.records import ModelCard

REACH = 10.0  # widths between the outer percentiles of training that a value may lie beyond them
OUTER = (0.01, 0.99)


@dataclass(frozen=True)
class LabelDomain:
    """What a label may be.

    Attributes:
        task: The type of the target.
        classes: The classes, as text; empty for a regression.
        limits: Lowest and highest plausible value of a regression; None: any.
    """

    task: Task
    classes: tuple[str, ...] = ()
    limits: tuple[float, float] | None = None

    def read(self, labels: pd.Series) -> pd.Series:
        """The class or the value of each label, shape (n,); missing where it is none.

        >>> domain = LabelDomain(Task.BINARY, ("0", "1"))
        >>> domain.read(pd.Series(["1", "True", " no", "0.0", "pending"])).tolist()
        ['1', '1', '0', '0', nan]
        """
        if self.task is Task.REGRESSION:
            low, high = self.limits or (-np.inf, np.inf)
            return labels.where((labels >= low) & (labels <= high))
        named = labels.map({text: self._class_of(text) for text in labels.dropna().unique()})
        return named.astype("str").where(named.notna())

    def _class_of(self, text: str) -> str | None:
        """The class that a text names: as it is, in another case, as a number, or as a flag."""
        if text in self.classes:
            return text
        for form in (_folded, _number, flag_of):
            said = form(text)
            found = [name for name in self.classes if said is not None and form(name) == said]
            if len(found) == 1:
                return found[0]
        return None


def domain_of(card: ModelCard, spec: ModelSpec) -> LabelDomain:
    """What a label of a model may be: a class that it knows, or one that the spec adds."""
    classes = (*card.classes, *(name for name in spec.classes if name not in card.classes))
    return LabelDomain(card.spec.task, classes, card.label_limits)


def domain_of_target(target: pd.Series, spec: ModelSpec) -> LabelDomain:
    """The same from the labels of a training set, canonical."""
    if spec.task is Task.REGRESSION:
        return LabelDomain(spec.task, (), limits_of(target))
    classes = sorted({*target.dropna().unique(), *spec.classes})
    return LabelDomain(spec.task, tuple(classes))


def limits_of(target: pd.Series) -> tuple[float, float] | None:
    """The plausible values of a regression, from its training set; None without values.

    >>> limits_of(pd.Series(range(101), dtype="float64"))
    (-979.0, 1079.0)
    """
    known = target.dropna().to_numpy(np.float64)
    if len(known) == 0:
        return None
    low, high = np.quantile(known, OUTER)
    room = REACH * (high - low)
    return float(min(low - room, known.min())), float(max(high + room, known.max()))


def _folded(text: str) -> str | None:
    return text.strip().casefold() or None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None
