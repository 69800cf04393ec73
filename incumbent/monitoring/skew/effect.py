"""What skew does to the champion: other predictions, and answers that it would not give again."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from incumbent.data.intake import as_number, as_text
from incumbent.data.profile import kinds_in
from incumbent.model.scoring import labels_of, predict
from incumbent.monitoring.skew import Sides
from incumbent.monitoring.skew.pair import Floats, Mask, Pair
from incumbent.monitoring.skew.shown import MOST_EXAMPLES, examples_of
from incumbent.records import AnswerSkew, FittedModel, Kind, ScoreSkew

ANSWER = 1e-6  # difference up to which a number is the answer that was given


def served_rows(model: FittedModel, sides: Sides) -> pd.DataFrame:
    """The joined rows as the champion reads what was served, shape (n, features).

    A feature that the serving table has not keeps its offline value; served text in the place of a
    number is null.
    """
    served, kinds = offline_rows(model, sides), kinds_in(model.card.profile)
    columns = {p.feature: _column(p, kinds[p.feature]) for p in sides.pairs if p.feature in kinds}
    return served.assign(**columns)


def offline_rows(model: FittedModel, sides: Sides) -> pd.DataFrame:
    """The same rows as they are offline, canonical, shape (n, features)."""
    features = sides.offline[list(model.card.profile.columns)]
    return features.iloc[sides.rows.offline].reset_index(drop=True)


def score_skew(model: FittedModel, served: pd.DataFrame, offline: pd.DataFrame) -> ScoreSkew | None:
    """How far the champion's predictions of served rows are from those of the offline rows.

    Args:
        model: The champion.
        served: Canonical rows as they were served, shape (n, features).
        offline: The same rows of the batch, in the same order.

    Returns:
        None without rows.
    """
    if len(served) == 0:
        return None
    task = model.card.spec.task
    ours, theirs = (predict(model.pipeline, rows, task) for rows in (served, offline))
    apart = np.abs(ours - theirs).max(axis=1)
    labels = labels_of(model.card, ours), labels_of(model.card, theirs)
    flipped = None if labels[0] is None else float(np.mean(labels[0] != labels[1]))
    return ScoreSkew(len(served), float(apart.mean()), float(apart.max()), flipped)


def answer_skew(
    model: FittedModel, served: pd.DataFrame, given: pd.Series, ids: NDArray[np.object_]
) -> AnswerSkew | None:
    """Whether the champion gives the logged answers to the logged requests.

    Args:
        model: The champion.
        served: Canonical rows as they were served, shape (n, features).
        given: The logged answers, shape (n,): the class, the probability of the last class, or the
            value. Rows without one are left out.
        ids: The ids of the rows, shape (n,).

    Returns:
        None where no answer was logged.

    Raises:
        UnreadableError: Answers that are neither classes nor numbers.
    """
    known = given.notna().to_numpy()
    count = int(known.sum())
    if count == 0:
        return None
    ours, theirs, wrong = _beside(model, served[known], given[known])
    some = np.flatnonzero(wrong)[:MOST_EXAMPLES].tolist()
    rows = ((ids[known][k], theirs[k], ours[k]) for k in some)
    examples = examples_of(rows)
    return AnswerSkew(count, int(wrong.sum()), float(wrong.mean()), examples)


def _beside(
    model: FittedModel, served: pd.DataFrame, given: pd.Series
) -> tuple[list[object], list[object], Mask]:
    """The champion's answers, the logged ones, and which of them differ, shape (n,) each."""
    values = predict(model.pipeline, served, model.card.spec.task)
    texts, labels = as_text(given).to_numpy(dtype=object), labels_of(model.card, values)
    if labels is not None and np.isin(texts.astype(str), model.card.classes).all():
        return labels.tolist(), texts.tolist(), np.asarray(labels != texts)
    numbers: Floats = as_number(given).to_numpy(np.float64)
    size = np.maximum(1.0, np.abs(values[:, -1]))
    same = np.abs(values[:, -1] - numbers) <= ANSWER * size
    return values[:, -1].tolist(), numbers.tolist(), np.asarray(~same)


def _column(pair: Pair, kind: str) -> pd.Series:
    if pair.levels is None:
        return pd.Series(pair.serving)
    texts = pd.Series([pair.as_written(value) for value in pair.serving.tolist()], dtype="str")
    return pd.to_numeric(texts, errors="coerce") if kind == Kind.NUMERIC else texts
