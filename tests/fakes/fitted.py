"""Small fitted models, made without the stages that make real ones."""

from datetime import UTC, datetime
from itertools import count

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

from incumbent.digest import table_digest
from incumbent.params import ModelSpec, Task
from incumbent.records import (
    Baseline,
    ColumnProfile,
    Estimate,
    FittedModel,
    ModelCard,
    Period,
    Profile,
    TrainingSet,
)

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)
BASELINE = Baseline(
    "log_loss",
    Estimate(0.5, 0.4, 0.6, 0.05, 60, 6),
    Estimate(0.0, None, None, None, 60, 1),
    {"accuracy": 0.75},
)
NAMES = (f"model-{i}" for i in count())


def rows_of(task: Task) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    n = 60
    frame = pd.DataFrame(
        {
            "delay": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "distance": rng.normal(size=n),
            "carrier": pd.Series(rng.choice(["AA", "UA", ""], n)).replace("", np.nan).astype("str"),
            "at": pd.date_range("2024-01-01", periods=n, freq="3h", tz="UTC").as_unit("us"),
        }
    )
    score = frame["distance"] + rng.normal(size=n)
    if task is Task.REGRESSION:
        return frame.assign(late=score)
    if task is Task.MULTICLASS:
        return frame.assign(
            late=pd.cut(score, [-9, -0.5, 0.5, 9], labels=["0", "1", "2"]).astype("str")
        )
    return frame.assign(late=pd.Series(np.where(score > 0, "1", "0")).astype("str"))


def pipeline_of(task: Task, categorical: list[str], numeric: list[str]) -> Pipeline:
    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=250
    )
    learner = (
        HistGradientBoostingRegressor if task is Task.REGRESSION else HistGradientBoostingClassifier
    )
    columns = ColumnTransformer(
        [("categories", encoder, categorical), ("numbers", "passthrough", numeric)]
    )
    places = list(range(len(categorical)))
    return Pipeline(
        [
            ("columns", columns),
            ("learner", learner(max_iter=5, categorical_features=places, random_state=0)),
        ]
    )


def fitted_on(
    rows: pd.DataFrame, task: Task, features: list[str], pipeline: Pipeline | None = None
) -> FittedModel:
    kinds = {f: "numeric" if f in {"delay", "distance"} else "categorical" for f in features}
    split = [[f for f in features if kinds[f] == k] for k in ("categorical", "numeric")]
    pipeline = pipeline or pipeline_of(task, *split)
    pipeline.fit(rows[features], rows["late"])
    cut, counts = np.array([0.0]), np.array([30, 0, 30])
    columns = {f: ColumnProfile(kinds[f], len(rows), 0, cut, (), counts) for f in features}
    card = ModelCard(
        ModelSpec(name=next(NAMES), task=task, target="late", timestamp="at"),
        () if task is Task.REGRESSION else tuple(pipeline.classes_.tolist()),
        0.5 if task is Task.BINARY else None,
        Profile(len(rows), 8, columns),
        BASELINE,
        TrainingSet(table_digest(rows), len(rows), Period(NOW, NOW), ()),
    )
    golden = rows[features].head(5).assign(prediction_0=0.25)
    held_out = rows[[*features, "late"]].assign(**{"incumbent.block": 0})
    return FittedModel(card, pipeline, golden, held_out)
