"""How a model comes to be: split by time, fit, judge on the tail, refit on all.

The recipe is a gradient boosting whose pipeline reads raw rows, so that training and serving share
one artifact: the canonical form is made inside it, categories are encoded, rare and unseen ones
together, and missing values are a branch of the trees.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

from incumbent.data.intake import blocks_of, period_of
from incumbent.data.kinds import CATEGORICAL, NUMERIC
from incumbent.data.label_domain import limits_of
from incumbent.data.profile import profile
from incumbent.data.profile.known_rows import known_rows, row_columns
from incumbent.digest import table_digest
from incumbent.errors import UsageError
from incumbent.model.baseline import PREDICTION_PREFIX, evaluate_baseline
from incumbent.model.canonical_form import CanonicalForm
from incumbent.model.scoring import classes_of, predict, predictions_and_truth
from incumbent.model.windows import split
from incumbent.params import ModelSpec, Task
from incumbent.records import FittedModel, HeldOutEvaluation, ModelCard, TrainingSet
from incumbent.statistics.metrics import METRIC_NAMES, row_losses, truth_of

MOST_CATEGORIES = 250  # the learner takes at most 255 codes a column
GOLDEN_ROWS = 100
IMPORTANCE_ROWS = 2_000
TWO_CLASSES = 2


def fit(
    rows: pd.DataFrame,
    spec: ModelSpec,
    kinds: dict[str, str],
    weights: NDArray[np.float64] | None = None,
) -> Pipeline:
    """Fit the recipe on canonical rows with labels.

    Args:
        rows: Shape (n, columns), target included.
        spec: The recipe's settings (`training_...`).
        kinds: The features and whether each is numeric or categorical.
        weights: How much each row counts, shape (n,); None: all alike.

    A feature without any value is left out: nothing can be learnt of it.

    Raises:
        UsageError: Fewer than two classes to tell apart, or nothing to tell them by.
    """
    _require_classes(rows[spec.target], spec)
    known = {n: kind for n, kind in kinds.items() if rows[n].notna().any()}
    _require_features(known, kinds)
    names = {k: [n for n, kind in known.items() if kind == k] for k in (CATEGORICAL, NUMERIC)}
    # Counting categories is slow in scikit-learn: they are counted where there are too many alone.
    many = any(rows[n].nunique() > MOST_CATEGORIES for n in names[CATEGORICAL])
    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        max_categories=MOST_CATEGORIES if many else None,
    )
    columns = ColumnTransformer(
        [("categories", encoder, names[CATEGORICAL]), ("numbers", "passthrough", names[NUMERIC])]
    )
    learner = _learner(spec, list(range(len(names[CATEGORICAL]))))
    form = CanonicalForm(dict(kinds))
    pipeline = Pipeline([("canonical", form), ("columns", columns), ("learner", learner)])
    return pipeline.fit(rows[list(kinds)], rows[spec.target], learner__sample_weight=weights)


def evaluate_recipe(
    rows: pd.DataFrame, spec: ModelSpec, kinds: dict[str, str]
) -> HeldOutEvaluation:
    """The recipe fitted on the older rows, and evaluated on the held-out newest ones."""
    head, tail = split(rows, spec)
    return evaluate_baseline(fit(head, spec, kinds), tail, spec, kinds)


def train(rows: pd.DataFrame, spec: ModelSpec, kinds: dict[str, str]) -> FittedModel:
    """The first champion: evaluated on the held-out tail, then fitted on all rows."""
    evaluation = evaluate_recipe(rows, spec, kinds)
    return assemble(fit(rows, spec, kinds), rows, spec, evaluation=evaluation, batches=())


def assemble(
    pipeline: Pipeline,
    rows: pd.DataFrame,
    spec: ModelSpec,
    *,
    evaluation: HeldOutEvaluation,
    batches: tuple[str, ...],
) -> FittedModel:
    """A fitted pipeline with its card: profile of its rows, their digest, golden rows."""
    kinds = dict(pipeline.named_steps["canonical"].kinds)
    blocks = None if spec.timestamp is None else blocks_of(rows, spec)
    known = profile(rows, kinds, blocks)
    training = TrainingSet(table_digest(rows), len(rows), period_of(rows, spec), batches)
    card = ModelCard(
        spec,
        classes_of(pipeline, spec.task),
        evaluation.threshold,
        replace(
            known,
            weights=importances(pipeline, rows, spec, kinds),
            known_rows=known_rows(rows[row_columns(kinds, spec)], spec.id),
        ),
        evaluation.baseline,
        training,
        fitted_loss(pipeline, rows, spec, kinds),
        limits_of(rows[spec.target]) if spec.task is Task.REGRESSION else None,
    )
    pipeline = with_threshold(pipeline, evaluation.threshold)
    golden = golden_rows(pipeline, rows, spec, kinds)
    return FittedModel(card, pipeline, golden, evaluation.held_out)


def with_threshold(pipeline: Pipeline, threshold: float | None) -> Pipeline:
    """The same model, whose `predict` cuts the probability of the second class at a threshold.

    Its probabilities stay what they are. None: a model without one, which comes back as it is.
    """
    if threshold is None:
        return pipeline
    learner = pipeline[-1]
    cut = FixedThresholdClassifier(
        FrozenEstimator(learner),
        threshold=threshold,
        pos_label=learner.classes_[1],
        response_method="predict_proba",
    )
    cut.fit(np.zeros((TWO_CLASSES, learner.n_features_in_)), learner.classes_)
    return Pipeline([*pipeline.steps[:-1], (pipeline.steps[-1][0], cut)])


def fitted_loss(
    pipeline: Pipeline, rows: pd.DataFrame, spec: ModelSpec, kinds: dict[str, str]
) -> float:
    """Mean primary loss on at most `IMPORTANCE_ROWS` of the rows that a model was fitted on."""
    drawn = np.random.default_rng(spec.training_seed).permutation(len(rows))[:IMPORTANCE_ROWS]
    some = rows.iloc[np.sort(drawn)]
    losses = row_losses(*predictions_and_truth(pipeline, some, spec, kinds), spec.task)
    return float(losses[METRIC_NAMES[spec.task]].mean())


def importances(
    pipeline: Pipeline, rows: pd.DataFrame, spec: ModelSpec, kinds: dict[str, str]
) -> dict[str, float]:
    """How much the loss rises when one feature is shuffled, at least 0, by feature.

    Permutation importance (Breiman 2001, section 10) of the primary loss on at most
    `IMPORTANCE_ROWS` rows, drawn and shuffled with the spec's seed.
    """
    random = np.random.default_rng(spec.training_seed)
    drawn = np.sort(random.permutation(len(rows))[:IMPORTANCE_ROWS])
    some, order = rows.iloc[drawn], random.permutation(len(drawn))
    truth = truth_of(some[spec.target], spec.task, classes_of(pipeline, spec.task))
    features = some[list(kinds)]

    def loss(table: pd.DataFrame) -> float:
        losses = row_losses(predict(pipeline, table, spec.task), truth, spec.task)
        return float(losses[METRIC_NAMES[spec.task]].mean())

    whole = loss(features)
    shuffled = (features.assign(**{n: features[n].to_numpy()[order]}) for n in kinds)
    rises = (loss(table) - whole for table in shuffled)
    return {n: rise if 0 < rise < np.inf else 0.0 for n, rise in zip(kinds, rises, strict=True)}


def golden_rows(
    pipeline: Pipeline, rows: pd.DataFrame, spec: ModelSpec, kinds: dict[str, str]
) -> pd.DataFrame:
    """A few rows with the predictions that the stored model must repeat."""
    step = max(1, len(rows) // GOLDEN_ROWS)
    features = rows[list(kinds)].iloc[::step].head(GOLDEN_ROWS).reset_index(drop=True)
    values = predict(pipeline, features, spec.task)
    predicted = {f"{PREDICTION_PREFIX}{i}": values[:, i] for i in range(values.shape[1])}
    return features.assign(**predicted)


def _learner(
    spec: ModelSpec, categorical: list[int]
) -> HistGradientBoostingClassifier | HistGradientBoostingRegressor:
    settings = {
        "max_iter": spec.training_iterations,
        "learning_rate": spec.training_learning_rate,
        "max_leaf_nodes": spec.training_leaves,
        "categorical_features": categorical,
        "early_stopping": False,
        "random_state": spec.training_seed,
    }
    if spec.task is Task.REGRESSION:
        return HistGradientBoostingRegressor(**settings)
    return HistGradientBoostingClassifier(**settings)


def _require_classes(target: pd.Series, spec: ModelSpec) -> None:
    if spec.task is Task.REGRESSION:
        return
    classes = sorted(target.unique())
    few, many = len(classes) < TWO_CLASSES, len(classes) > TWO_CLASSES
    if few or (spec.task is Task.BINARY and many):
        raise UsageError(
            f"The target {spec.target!r} does not fit the task.",
            f"classes {classes[:10]}",
            "two classes" if spec.task is Task.BINARY else "at least two classes",
            "check `target` and `task`, or train on rows that hold every class",
        )


def _require_features(known: dict[str, str], kinds: dict[str, str]) -> None:
    if not known:
        raise UsageError(
            "There is no feature to learn from.",
            f"{len(kinds)} features, none with a value",
            "at least one column with values besides target, timestamp and id",
            "check `features`, or train on rows that hold them",
        )
