"""The last checks before a version becomes the champion, and the name of that change."""

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from incumbent.digest import text_digest
from incumbent.model.baseline import PREDICTION_PREFIX
from incumbent.model.scoring import classes_of, predict
from incumbent.params import ModelSpec, Task
from incumbent.records import Champion

DISTANCE_ROWS = 5_000
GOLDEN_TOLERANCE = 1e-9


def promotion_id(model: str, over: str | None, training_digest: str, spec: ModelSpec) -> str:
    """SHA-256 of what is promoted over what: the same step twice has the same id.

    Of the rows and the spec, not of the artifact: two dumps of one model differ in bytes. Over
    a promotion, not a version: what was rolled back from can be promoted again.

    Args:
        model: Name of the model.
        over: Id of the promotion that made the present champion; None for the first.
        training_digest: Digest of the rows that the version was fitted on.
        spec: The recipe and the policy.
    """
    return text_digest([model, str(over), training_digest, spec.model_dump_json()])


def golden_failure(champion: Champion) -> str | None:
    """Why a version read back does not repeat its golden predictions; None if it does."""
    golden, card = champion.model.golden, champion.model.card
    features = golden[list(card.profile.columns)]
    predicted = [c for c in golden.columns if c.startswith(PREDICTION_PREFIX) and c not in features]
    again = predict(champion.model.pipeline, features, card.spec.task)
    wanted = golden[predicted].to_numpy()
    if again.shape == wanted.shape and np.allclose(again, wanted, rtol=0, atol=GOLDEN_TOLERANCE):
        return None
    return "the stored model does not repeat its golden predictions"


def distance_failure(
    judged: Pipeline,
    refitted: Pipeline,
    shared: pd.DataFrame,
    newest: pd.DataFrame,
    spec: ModelSpec,
) -> str | None:
    """Why the refitted model is too far from the judged one; None if it is near enough.

    Mean total variation of the class probabilities, or mean absolute difference in standard
    deviations of the target. On rows that both were fitted on it must stay within the bound;
    on the newest, which only the refitted one has learnt, a value may move by the judged
    model's own mean error on top: the way to the truth.

    Args:
        judged: The model that the shadow judged.
        refitted: The same recipe, fitted on the newest rows as well.
        shared: Rows that both were fitted on, shape (n, columns).
        newest: Rows that judged, with their target, shape (m, columns).
        spec: The bound.
    """
    shared = shared.iloc[:: math.ceil(max(len(shared), 1) / DISTANCE_ROWS)]
    bounds = {
        "rows that both were fitted on": (shared, spec.promotion_distance),
        "the newest rows": (newest, spec.promotion_distance + _own_error(judged, newest, spec)),
    }
    for name, (rows, allowed) in bounds.items():
        distance = distance_of(judged, refitted, rows, spec)
        if not (math.isfinite(distance) and distance <= allowed):
            return (
                f"the refitted model lies {distance:.3f} from the judged one on {name},"
                f" allowed {allowed:.3f}"
            )
    return None


def distance_of(judged: Pipeline, refitted: Pipeline, rows: pd.DataFrame, spec: ModelSpec) -> float:
    """Mean distance of two models' predictions on rows; NaN without rows."""
    if rows.empty:
        return math.nan
    before, after = (predict(model, rows, spec.task) for model in (judged, refitted))
    before = align(before, classes_of(judged, spec.task), classes_of(refitted, spec.task))
    if spec.task is Task.REGRESSION:
        return float(np.abs(after - before).mean()) / _scale(rows, spec)
    return float(np.abs(after - before).sum(axis=1).mean()) / 2


def _own_error(judged: Pipeline, rows: pd.DataFrame, spec: ModelSpec) -> float:
    if spec.task is not Task.REGRESSION or rows.empty:
        return 0.0
    predicted = predict(judged, rows, spec.task)[:, 0]
    return float(np.abs(predicted - rows[spec.target].to_numpy(float)).mean()) / _scale(rows, spec)


def _scale(rows: pd.DataFrame, spec: ModelSpec) -> float:
    return float(rows[spec.target].std(ddof=0)) or 1.0


def align(
    values: NDArray[np.float64], classes: tuple[str, ...], wanted: tuple[str, ...]
) -> NDArray[np.float64]:
    """Class probabilities in the order of other classes; a class that is not there has none."""
    if classes == wanted:
        return values
    position = pd.Index(classes).get_indexer(pd.Index(wanted))
    return np.where(position >= 0, values[:, position], 0.0)
