"""Promise: what a model does on rows that it has not seen, which it is held to from then on."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from incumbent.data.intake import blocks_of
from incumbent.model.scoring import predictions_and_truth
from incumbent.params import ModelSpec, Task
from incumbent.records import Baseline, FittedModel, HeldOutEvaluation
from incumbent.statistics.intervals import borrow_noise, serial_mean
from incumbent.statistics.metrics import (
    METRIC_NAMES,
    best_threshold,
    gaps,
    metrics,
    row_losses,
    truth_of,
)

PREDICTION_PREFIX = "incumbent.prediction_"
BLOCK_COLUMN = "incumbent.block"
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
    baseline of the champion before, where there is one.
    """
    values, truth = predictions_and_truth(pipeline, rows, spec, kinds)
    blocks, threshold = blocks_of(rows, spec), _threshold(values, truth, spec)
    baseline = baseline_of(values, truth, blocks, spec, threshold)
    baseline = baseline if before is None else lend_noise(baseline, before, spec)
    return HeldOutEvaluation(baseline, threshold, held_out_rows(rows, values, blocks, spec, kinds))


def read_held_out(
    model: FittedModel,
) -> tuple[pd.DataFrame, NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """The held-out rows of a version: features, predictions (n, k), truth (n,), blocks (n,)."""
    rows, card = model.held_out, model.card
    said = [c for c in rows.columns if str(c).startswith(PREDICTION_PREFIX)]
    return (
        rows[list(card.profile.columns)],
        rows[said].to_numpy(np.float64),
        truth_of(rows[card.spec.target], card.spec.task, card.classes),
        rows[BLOCK_COLUMN].to_numpy(np.int64),
    )


def held_out_rows(
    rows: pd.DataFrame,
    values: NDArray[np.float64],
    blocks: NDArray[np.int64],
    spec: ModelSpec,
    kinds: dict[str, str],
) -> pd.DataFrame:
    """A seeded sample of rows that judged, with their blocks and what was said of them."""
    said = {f"{PREDICTION_PREFIX}{i}": values[:, i] for i in range(values.shape[1])}
    whole = rows[[*kinds, spec.target]].assign(**{BLOCK_COLUMN: blocks}, **said)
    drawn = np.random.default_rng(spec.training_seed).permutation(len(whole))[:HELD_OUT_ROWS]
    return whole.iloc[np.sort(drawn)].reset_index(drop=True)


def baseline_of(
    values: NDArray[np.float64],
    truth: NDArray[np.float64],
    blocks: NDArray[np.int64],
    spec: ModelSpec,
    threshold: float | None,
) -> Baseline:
    """The baseline that predictions of unseen rows make: loss, gap, and every metric."""
    name = METRIC_NAMES[spec.task]
    loss = row_losses(values, truth, spec.task)[name]
    found = metrics(values, truth, blocks, spec.task, threshold, spec.harm_confidence)
    return Baseline(
        name,
        serial_mean(loss, blocks, spec.harm_confidence),
        serial_mean(gaps(values, truth, spec.task)[:, -1], blocks, spec.harm_confidence),
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
