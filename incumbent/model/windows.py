"""Windows: which rows a model is fitted on, how much each counts, and which are held out."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from incumbent.data.intake import blocks_of, noise_blocks
from incumbent.errors import UsageError
from incumbent.params import ModelSpec

FEWEST_DAYS = 4


def recency(rows: pd.DataFrame, spec: ModelSpec) -> NDArray[np.float64] | None:
    """How much each row counts in a retraining: half as much for every half-life of age.

    w = 2^(-a / (h S)), with a row's age a and the span S of all rows in days (in rows where
    there is no timestamp), and h the spec's half-life. With h = 1/2 the oldest row counts a
    quarter, and a world that stands still loses 13% of its rows: (sum w)^2 / (n sum w^2) = .87.

    Returns:
        Weights in (0, 1], shape (n,); None where all rows count alike.
    """
    ages = _ages(rows, spec)
    span = float(ages.max(initial=0.0))
    if spec.training_half_life == 0 or span == 0:
        return None
    return np.asarray(0.5 ** (ages / (spec.training_half_life * span)), dtype=np.float64)


def newer_half(rows: pd.DataFrame, spec: ModelSpec) -> NDArray[np.bool_] | None:
    """Which rows are of the newer half of the days, shape (n,).

    None below four days, or without timestamps: a batch is then not cut in two.
    """
    if spec.timestamp is None:
        return None
    days = blocks_of(rows, spec)
    distinct = np.unique(days)
    if len(distinct) < FEWEST_DAYS:
        return None
    return np.asarray(days >= distinct[len(distinct) // 2])


def split(rows: pd.DataFrame, spec: ModelSpec) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Older rows to fit, newest to judge; a day is never cut in two.

    Rows of a single day are cut between hours, and those of a single hour between rows. Rows
    without timestamps are taken to be in the order of time.

    Raises:
        UsageError: There are fewer than two rows: nothing can be held out.
    """
    if spec.timestamp is not None:
        rows = rows.sort_values(spec.timestamp, kind="stable")
    cut = _cut(rows, spec)
    if not 0 < cut < len(rows):
        raise UsageError(
            "The training data cannot be split by time.",
            f"{len(rows)} labelled rows",
            "at least two rows, so that the newest can be held out",
            "train on a longer history",
        )
    return rows.iloc[:cut], rows.iloc[cut:]


def sample(rows: pd.DataFrame, spec: ModelSpec) -> pd.DataFrame:
    """At most `training_max_rows` of the rows, in their order.

    Each row draws a number from the spec's seed and its id (from all its values where there is no
    id), and the rows with the smallest numbers are kept. A sample of a sample and further rows is
    therefore the sample of all of them (bottom-k sampling; Cohen and Kaplan, 2007): a champion's
    training set can be extended without the rows that it left out.

    >>> spec = ModelSpec(name="m", task="binary", target="y", id="i", training_max_rows=1_000)
    >>> rows = pd.DataFrame({"i": [f"r{k}" for k in range(3_000)]})
    >>> once = sample(rows, spec)
    >>> again = sample(pd.concat([sample(rows[:2_000], spec), rows[2_000:]]), spec)
    >>> len(once), once.equals(again)
    (1000, True)
    """
    most = spec.training_max_rows
    if len(rows) <= most:
        return rows
    named = rows if spec.id is None else rows[[spec.id]]
    names = pd.util.hash_pandas_object(named, index=False, categorize=False).to_numpy()
    drawn = pd.util.hash_array(names ^ pd.util.hash_array(np.array([spec.training_seed])))
    kept = np.argsort(drawn, kind="stable")[:most]
    return rows.iloc[np.sort(kept)].reset_index(drop=True)


def newest_of_each(rows: pd.DataFrame, spec: ModelSpec) -> pd.DataFrame:
    """Rows without those whose id comes again later: a correction replaces what it corrects."""
    if spec.id is None:
        return rows.reset_index(drop=True)
    return rows.drop_duplicates(subset=spec.id, keep="last").reset_index(drop=True)


def one_day_warning(rows: pd.DataFrame, spec: ModelSpec) -> str | None:
    """What it costs to be trained on rows of a single day; None for any others."""
    if spec.timestamp is None or len(np.unique(blocks_of(rows, spec))) > 1:
        return None
    return (
        "all training rows are of one day: the noise of the baseline is that between hours or rows,"
        " and its intervals are too narrow where days differ; train on more days once there are any"
    )


def _cut(rows: pd.DataFrame, spec: ModelSpec) -> int:
    """Where the held-out tail begins: at the start of its first day, if that leaves anything."""
    at = int(len(rows) * (1 - spec.training_holdout))
    if spec.timestamp is None or at >= len(rows):
        return at
    days = noise_blocks(rows, spec)
    if not (np.diff(days) >= 0).all():  # rows of one hour, dealt into blocks in turn
        return at
    start, end = (int(np.searchsorted(days, days[at], side=s)) for s in ("left", "right"))
    return start or end


def _ages(rows: pd.DataFrame, spec: ModelSpec) -> NDArray[np.float64]:
    if spec.timestamp is None:
        return np.arange(len(rows), dtype=np.float64)[::-1]
    days = blocks_of(rows, spec)
    return np.asarray(days.max(initial=0) - days, dtype=np.float64) if len(days) else np.empty(0)
