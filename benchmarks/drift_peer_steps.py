"""One peer of the benchmark of drift, in its own environment: from files to columns in alarm.

Each peer runs with its own defaults: its choice of tests and of thresholds.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.drift_steps import LEVEL, Alarms, measured

Step = Callable[[], Alarms]


def evidently(reference: str, batch: str) -> Step:
    """The preset for drift: by the number of rows, Wasserstein or Jensen-Shannon from 0.1."""
    from evidently import DataDefinition, Dataset, Report  # noqa: PLC0415 - only it is installed
    from evidently.presets import DataDriftPreset  # noqa: PLC0415 - the same

    def step() -> Alarms:
        tables = [pd.read_parquet(path) for path in (batch, reference)]
        numbers, texts = _numbers(tables[0]), _texts(tables[0])
        what = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
        given = [Dataset.from_pandas(table, data_definition=what) for table in tables]
        found = Report([DataDriftPreset()]).run(*given).dict()["metrics"]
        columns = [m for m in found if "column" in m["config"]]
        return {m["config"]["column"] for m in columns if m["value"] >= m["config"]["threshold"]}

    return step


def nannyml(reference: str, batch: str) -> Step:
    """Univariate drift in chunks as long as the batch: the batch is one."""
    import nannyml as nml  # noqa: PLC0415 - the same

    def step() -> Alarms:
        there, here = pd.read_parquet(reference), pd.read_parquet(batch)
        names = list(there)
        calculator = nml.UnivariateDriftCalculator(column_names=names, chunk_size=len(here))
        found = calculator.fit(there).calculate(here).filter(period="analysis").to_df()
        return {name for name in names if found[name].xs("alert", axis=1, level=1).to_numpy().any()}

    return step


def whylogs(reference: str, batch: str) -> Step:
    """Sketches of both tables, and the scores of drift between them; one may be stored."""
    import whylogs as why  # noqa: PLC0415 - the same
    from whylogs.core import DatasetProfileView  # noqa: PLC0415 - the same
    from whylogs.viz.drift.column_drift_algorithms import (  # noqa: PLC0415 - the same
        calculate_drift_scores,
    )

    def view(path: str) -> Any:
        if path.endswith(".parquet"):
            return why.log(pd.read_parquet(path)).profile().view()
        return DatasetProfileView.read(path)

    def step() -> Alarms:
        found = calculate_drift_scores(view(batch), view(reference), with_thresholds=True)
        return {n for n, score in found.items() if score and score["drift_category"] == "DRIFT"}

    return step


def keep_whylogs(reference: str, stored: str) -> Step:
    """The sketches of a reference, made and written."""
    import whylogs as why  # noqa: PLC0415 - the same

    def step() -> Alarms:
        why.log(pd.read_parquet(reference)).profile().view().write(stored)
        return None

    return step


def alibi_detect(reference: str, batch: str) -> Step:
    """Kolmogorov-Smirnov and chi-square by column, p below .05, texts given as codes."""
    from alibi_detect.cd import TabularDrift  # noqa: PLC0415 - the same

    def step() -> Alarms:
        there, here = pd.read_parquet(reference), pd.read_parquet(batch)
        names, texts = list(there), _texts(there)
        for name in texts:
            known = pd.Index(pd.unique(pd.concat([there[name], here[name]])))
            there[name], here[name] = (known.get_indexer(t[name]) for t in (there, here))
        codes = {names.index(name): None for name in texts}
        detector = TabularDrift(there.to_numpy(), p_val=LEVEL, categories_per_feature=codes)
        found = detector.predict(here.to_numpy(), drift_type="feature")["data"]
        return {names[i] for i in np.flatnonzero(found["is_drift"])}

    return step


def deepchecks(reference: str, batch: str) -> Step:
    """The check of drift by feature, with the limit of its suites: a score of 0.2."""
    from deepchecks.tabular import Dataset  # noqa: PLC0415 - the same
    from deepchecks.tabular.checks import FeatureDrift  # noqa: PLC0415 - the same

    limit = 0.2

    def step() -> Alarms:
        tables = [pd.read_parquet(path) for path in (reference, batch)]
        given = [Dataset(table, cat_features=_texts(table)) for table in tables]
        found = FeatureDrift(n_top_columns=len(tables[0].columns)).run(*given).value
        return {name for name, score in found.items() if score["Drift score"] > limit}

    return step


def _numbers(table: pd.DataFrame) -> list[str]:
    return [name for name in table if name.startswith("n")]


def _texts(table: pd.DataFrame) -> list[str]:
    return [name for name in table if name.startswith("c")]


STEPS: dict[str, Callable[[str, str], Step]] = {
    "evidently": evidently,
    "nannyml": nannyml,
    "whylogs": whylogs,
    "keep_whylogs": keep_whylogs,
    "alibi-detect": alibi_detect,
    "deepchecks": deepchecks,
}

if __name__ == "__main__":
    print(json.dumps(measured(STEPS[sys.argv[1]](*sys.argv[2:]), 0)))  # noqa: T201 - read by the process that started this one
