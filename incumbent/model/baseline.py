"""Baseline: the loss of a model on rows that it has not seen, with which later batches compare."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from incumbent.data.intake import blocks_of, noise_blocks
from incumbent.model.scoring import classes_of, predictions_and_truth
from incumbent.params import ModelSpec, Task
from incumbent.records import Baseline, FittedModel, HeldOutEvaluation
from incumbent.statistics.intervals import borrow_noise, serial_mean
from incumbent.statistics.metrics import (
    METRIC_NAMES,
    Scored,
    best_threshold,
    gaps,
    metrics,
    row_losses,
    truth_of,
)

PREDICTION_PREFIX = "incumbent.prediction_"
BLOCK_COLUMN = "incumbent.block"
VALUE = "value"  # the only output of a regression
HELD_OUT_ROWS = 4_000


def evaluate_baseline(
    pipeline: Pipeline,
    rows: pd.DataFrame,
    spec: ModelSpec,
    kinds: dict[str, str],
    before: Baseline | None = None,
) -> HeldOutEvaluation:
    """The baseline of a model, and its decision threshold, from rows it has not seen.

    Rows of fewer than five days do not show the noise between days: it is then borrowed from the
    baseline of the champion before. Where there is none, rows of a single day have the noise
    between their hours. Rows of a class that the model was not fitted on are left out: it was seen
    first among the newest rows, and the loss of what nobody could know would hide every later harm.
    """
    rows = of_known_classes(rows, pipeline, spec)
    values, truth = predictions_and_truth(pipeline, rows, spec, kinds)
    blocks = noise_blocks(rows, spec) if before is None else blocks_of(rows, spec)
    scored, threshold = Scored(values, truth, blocks), _threshold(values, truth, spec)
    baseline = baseline_of(scored, spec, threshold)
    baseline = baseline if before is None else lend_noise(baseline, before, spec)
    outputs = classes_of(pipeline, spec.task) or (VALUE,)
    return HeldOutEvaluation(
        baseline, threshold, held_out_rows(rows[[*kinds, spec.target]], scored, spec, outputs)
    )


def of_known_classes(rows: pd.DataFrame, pipeline: Pipeline, spec: ModelSpec) -> pd.DataFrame:
    """The rows whose class a model can predict; all of them for a regression."""
    if spec.task is Task.REGRESSION:
        return rows
    known = rows[spec.target].isin(classes_of(pipeline, spec.task))
    return rows if known.all() else rows[known].reset_index(drop=True)


def read_held_out(model: FittedModel) -> tuple[pd.DataFrame, Scored]:
    """The features of the held-out rows of a version, and predictions of them.

    They are those of the model that was judged. A class that only the rows which judged it have is
    one of the version, and not of that model: its probability is 0.
    """
    rows, card = model.held_out, model.card
    columns = [f"{PREDICTION_PREFIX}{name}" for name in card.classes or (VALUE,)]
    scored = Scored(
        rows.reindex(columns=columns, fill_value=0.0).to_numpy(np.float64),
        truth_of(rows[card.spec.target], card.spec.task, card.classes),
        rows[BLOCK_COLUMN].to_numpy(np.int64),
    )
    return rows[list(card.profile.columns)], scored


def held_out_rows(
    rows: pd.DataFrame, scored: Scored, spec: ModelSpec, outputs: tuple[str, ...]
) -> pd.DataFrame:
    """A seeded sample of held-out rows, with their blocks and the predictions of them.

    Args:
        rows: The features and the target, shape (n, columns).
        scored: The predictions, shape (n, k).
        spec: The seed.
        outputs: The classes that the k columns stand for, or the value.
    """
    predicted = (f"{PREDICTION_PREFIX}{name}" for name in outputs)
    columns = dict(zip(predicted, scored.values.T, strict=True))
    whole = rows.assign(**{BLOCK_COLUMN: scored.blocks}, **columns)
    drawn = np.random.default_rng(spec.training_seed).permutation(len(whole))[:HELD_OUT_ROWS]
    return whole.iloc[np.sort(drawn)].reset_index(drop=True)


def baseline_of(scored: Scored, spec: ModelSpec, threshold: float | None) -> Baseline:
    """The baseline that predictions of unseen rows make: loss, gap, and every metric."""
    name = METRIC_NAMES[spec.task]
    loss = row_losses(scored.values, scored.truth, spec.task)[name]
    gap = gaps(scored.values, scored.truth, spec.task)[:, -1]
    found = metrics(scored, spec.task, threshold, spec.harm_confidence)
    return Baseline(
        name,
        serial_mean(loss, scored.blocks, spec.harm_confidence),
        serial_mean(gap, scored.blocks, spec.harm_confidence),
        {k: e.value for k, e in found.items() if np.isfinite(e.value)},
    )


def lend_noise(baseline: Baseline, known: Baseline, spec: ModelSpec) -> Baseline:
    """A baseline from fewer than five days, with the noise between days of another one."""
    return replace(
        baseline,
        loss=borrow_noise(baseline.loss, known.loss, spec.harm_confidence),
        gap=borrow_noise(baseline.gap, known.gap, spec.harm_confidence),
    )


def _threshold(
    values: NDArray[np.float64], truth: NDArray[np.float64], spec: ModelSpec
) -> float | None:
    if spec.task is not Task.BINARY:
        return None
    return best_threshold(values[:, 1], truth == 1, spec.training_threshold)
