"""Small true records for the tests of the core: a default for everything that is not the point."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from incumbent.data.intake import canonical
from incumbent.data.kinds import kinds_of
from incumbent.params import ModelSpec
from incumbent.records import (
    Action,
    Baseline,
    Batch,
    BatchEntry,
    BatchStatus,
    Conclusion,
    Decision,
    DecisionInputs,
    Estimate,
    Findings,
    HarmReport,
    HarmSignal,
    ModelCard,
    Outcome,
    Period,
    Predictions,
    Profile,
    TrainingSet,
    ValidationReport,
)

START = datetime(2013, 1, 1, tzinfo=UTC)


def a_spec(**fields: Any) -> ModelSpec:
    return ModelSpec(
        **{"name": "m", "task": "binary", "target": "y", "training_iterations": 5} | fields
    )


def an_estimate(value=0.0, low=None, high=None, **fields: Any) -> Estimate:
    found = {"standard_error": None, "n": 1_000, "blocks": 10} | fields
    return Estimate(value, low, high, **found)


def a_frame(rows=240, seed=0, **columns: Any) -> pd.DataFrame:
    """Raw rows, eight a day: a number and a category that tell something of the target."""
    random = np.random.default_rng(seed)
    x = random.normal(size=rows)
    frame = pd.DataFrame(
        {
            "i": [f"r{k}" for k in range(rows)],
            "t": pd.date_range("2013-01-01", periods=rows, freq="3h", tz="UTC"),
            "x": x,
            "c": random.choice(["a", "b", "c"], rows),
            "y": (x + random.normal(size=rows) > 0).astype(int),
        }
    )
    return frame.assign(**columns)


def canonical_rows(frame: pd.DataFrame, spec: ModelSpec) -> tuple[pd.DataFrame, dict[str, str]]:
    kinds = kinds_of(frame, spec)
    return canonical(frame, spec, kinds), kinds


def a_card(spec=None, loss=None, gap=None, **fields: Any) -> ModelCard:
    spec = spec or a_spec()
    baseline = Baseline(
        "mae" if spec.task == "regression" else "log_loss",
        loss or an_estimate(0.5, 0.49, 0.51, standard_error=0.0),
        gap or an_estimate(0.0, 0.0, 0.0, standard_error=0.0),
        {},
    )
    classes = () if spec.task == "regression" else ("0", "1")
    found = {"classes": classes, "threshold": 0.5} | fields
    return ModelCard(
        spec,
        found["classes"],
        found["threshold"],
        Profile(0, 0, {}),
        baseline,
        TrainingSet("d", 1_000, None, ()),
    )


def some_predictions(values, blocks=None, slices=None) -> Predictions:
    """Predictions of rows r0, r1, ...; a vector is the probability of the second class."""
    table = np.asarray(values, dtype=np.float64)
    if table.ndim == 1:
        table = np.column_stack([1 - table, table])
    n = len(table)
    ids = np.array([f"r{k}" for k in range(n)], dtype=object)
    days = np.arange(n, dtype=np.int64) if blocks is None else np.asarray(blocks, dtype=np.int64)
    return Predictions(ids, days, table, np.ones(n, dtype=bool), slices or {})


def a_signal(name: str, *, harmed=True, observed=0.2, threshold=0.1) -> HarmSignal:
    return HarmSignal(name, observed, None, None, threshold, harmed, f"{name} is off")


def a_harm_report(*signals: HarmSignal, enough=True, **fields: Any) -> HarmReport:
    found = {"matured": 300 if enough else 199, "rows": 400, "latency": None, "metrics": {}}
    found |= fields
    return HarmReport(
        found["matured"],
        found["rows"],
        enough,
        "log_loss",
        found["metrics"],
        an_estimate(0.5),
        signals,
        found["latency"],
        slices=found.get("slices", ()),
        unsliced=found.get("unsliced", ()),
    )


def some_inputs(spec=None, **fields: Any) -> DecisionInputs:
    found = {
        "batch": "b",
        "champion": 1,
        "outcome": Outcome.PASS,
        "drift": None,
        "harm": None,
        "age_days": None,
        "waiting": False,
    } | fields
    return DecisionInputs(spec or a_spec(), **found)


def some_findings(**fields: Any) -> Findings:
    batch = Batch("2013-01-01_2013-01-15", "d", 400, Period(START, START), "b.parquet")
    found = {
        "entry": BatchEntry(batch, 0, BatchStatus.STARTED, None),
        "validation": ValidationReport(Outcome.PASS),
        "drift": None,
        "predictions": None,
        "scored_by": None,
        "latency": None,
    } | fields
    return Findings(**found)


def a_conclusion(decision=None, harm=None, retraining=None, champion=1) -> Conclusion:
    inputs = some_inputs(harm=harm, champion=champion)
    return Conclusion(inputs, harm, decision or Decision("id", Action.NONE, ()), retraining)
