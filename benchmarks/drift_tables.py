"""Tables for the benchmark of drift: heavy tails, ties, nulls, rare categories."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

NUMBERS = 20
CATEGORIES = (3, 5, 10, 20, 50, 100, 200, 300, 500, 1_000)
NULL_SHARE = 0.02
ZERO_SHARE = 0.7
DRIFTED = ("n0", "n1", "n5", "c2", "c5")
GROUP_ROWS = 1_000_000


def numbers(random: np.random.Generator, n: int, kind: int) -> NDArray[np.float64]:
    """One of five kinds of numbers: normal, heavy tails, counts, rounded, mostly zero."""
    draws = (
        lambda: random.normal(size=n),
        lambda: random.lognormal(sigma=1.5, size=n),
        lambda: random.poisson(5, n).astype(np.float64),
        lambda: random.standard_t(3, n).round(2),
        lambda: np.where(random.random(n) < ZERO_SHARE, 0.0, random.exponential(size=n)),
    )
    return draws[kind % len(draws)]()


def categories(random: np.random.Generator, n: int, distinct: int, tilt: float) -> pd.Series:
    """Texts whose shares fall as 1 / rank^tilt."""
    weight = 1 / np.arange(1, distinct + 1) ** tilt
    codes = random.choice(distinct, n, p=weight / weight.sum())
    names = [f"value_{i}" for i in range(distinct)]
    return pd.Series(pd.Categorical.from_codes(codes, names)).astype(str)


def wide(seed: int, n: int, *, drifted: bool = False) -> pd.DataFrame:
    """30 columns, 20 of numbers with 2% nulls and 10 of categories; 5 can drift."""
    random = np.random.default_rng(seed)
    table = {}
    for j in range(NUMBERS):
        moves = drifted and f"n{j}" in DRIFTED
        values = numbers(random, n, j) * (1.3 if moves else 1.0) + (0.2 if moves else 0.0)
        table[f"n{j}"] = pd.Series(np.where(random.random(n) < NULL_SHARE, np.nan, values))
    for j, distinct in enumerate(CATEGORIES):
        tilt = 0.8 if drifted and f"c{j}" in DRIFTED else 1.0
        table[f"c{j}"] = categories(random, n, distinct, tilt)
    return pd.DataFrame(table)


def write(path: Path, seed: int, rows: int, *, drifted: bool = False) -> Path:
    """A table as Parquet in row groups of at most a million rows, made once."""
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    group = pa.Table.from_pandas(wide(seed, min(rows, GROUP_ROWS), drifted=drifted))
    with pq.ParquetWriter(path, group.schema) as writer:
        for _ in range(max(1, rows // GROUP_ROWS)):
            writer.write_table(group, row_group_size=GROUP_ROWS)
    return path
