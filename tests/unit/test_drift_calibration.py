"""How often drift is reported where there is none, and where there is: with fixed seeds."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from examples.flights import build
from incumbent.data.intake import blocks_of, canonical
from incumbent.data.kinds import kinds_of
from incumbent.data.profile import count, profile
from incumbent.monitoring.drift import drift
from tests.unit.builders import a_spec

pytestmark = pytest.mark.slow
SURE = 0.999


def draw(random, n, columns):
    """Normal, heavy-tailed, tied, mostly zero, half-null numbers; few, some, many categories."""
    makers = (
        lambda: random.normal(size=n),
        lambda: random.lognormal(sigma=2, size=n),
        lambda: random.poisson(1, n) * 1.0,
        lambda: np.where(random.random(n) < 0.9, 0.0, random.exponential(size=n)),
        lambda: np.where(random.random(n) < 0.5, np.nan, random.normal(size=n)),
        lambda: ranked(random, n, 3),
        lambda: ranked(random, n, 40),
        lambda: ranked(random, n, 1_000),
    )
    table = pd.DataFrame({f"x{j}": makers[j % 8]() for j in range(columns)})
    return table, {f"x{j}": "numeric" if j % 8 < 5 else "categorical" for j in range(columns)}


def ranked(random, n, categories):
    weight = 1 / np.arange(1, categories + 1)
    return pd.Series(random.choice(categories, n, p=weight / weight.sum())).astype(str)


def most(n, rate):
    """So many events of `rate` are passed in one of a thousand runs."""
    return int(binom.ppf(SURE, n, rate))


@pytest.mark.parametrize(
    ("rows", "batch", "columns", "seeds"),
    [
        (2_000, 50, 8, 60),
        (2_000, 500, 8, 60),
        (500, 5_000, 8, 40),
        (5_000, 50, 500, 2),
        (5_000, 1_000, 1, 60),
        (100_000, 100_000, 8, 1),
    ],
)
def test_exchangeable_rows_are_silent(rows, batch, columns, seeds):
    tables = discoveries = surprises = 0
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        frame, kinds = draw(random, rows, columns)
        reference = profile(frame, kinds, None)
        found = drift(count(draw(random, batch, columns)[0], reference), reference, a_spec())
        tables += found.alarm
        discoveries += any(c.alarm for c in found.columns)
        surprises += sum(c.p < 0.05 for c in found.columns)
    assert tables <= most(seeds, 0.01)
    assert discoveries <= most(seeds, 0.05)
    assert surprises <= most(seeds * columns, 0.05)


NORMAL = {f"x{j}": "numeric" for j in range(10)}


def normal_tables(seed, n, shift):
    random = np.random.default_rng(seed)
    reference = pd.DataFrame(random.normal(size=(20_000, 10)), columns=list(NORMAL))
    batch = pd.DataFrame(random.normal(size=(n, 10)), columns=list(NORMAL))
    return reference, batch.assign(x0=batch["x0"] + shift)


@pytest.mark.parametrize(("n", "power"), [(500, 0.75), (1_000, 0.98)])
def test_a_shift_of_a_fifth_of_a_deviation_is_found(n, power):
    seeds, found = 60, 0
    for seed in range(seeds):
        frame, batch = normal_tables(seed, n, 0.2)
        reference = profile(frame, NORMAL, None)
        report = drift(count(batch, reference), reference, a_spec())
        found += {c.column: c.alarm for c in report.columns}["x0"]
    assert found >= binom.ppf(1 - SURE, seeds, power)


@pytest.mark.parametrize("seed", range(3))
def test_a_shift_of_a_fiftieth_of_a_deviation_is_none_however_many_rows(seed):
    frame, batch = normal_tables(seed, 100_000, 0.02)
    reference = profile(frame, NORMAL, None)
    report = drift(count(batch, reference), reference, a_spec())
    assert not any(c.alarm for c in report.columns)


@pytest.fixture(scope="module")
def flights(tmp_path_factory):
    return build(tmp_path_factory.mktemp("demo") / "flights")


@pytest.fixture(scope="module")
def january(flights):
    raw, spec = pd.read_parquet(flights.reference), flights_spec()
    kinds = kinds_of(raw, spec)
    frame = canonical(raw, spec, kinds)
    return frame, kinds, blocks_of(frame, spec)


def flights_spec():
    return a_spec(target="late", timestamp="timestamp", id="id")


@pytest.mark.parametrize("held_out", [1, 2, 3, 5, 7])
def test_days_of_january_held_out_of_its_calibration_are_no_drift(january, held_out):
    frame, kinds, days = january
    named = np.unique(days)[:-1]  # the last one in UTC holds an evening only
    for start in range(0, len(named) - held_out + 1, held_out):
        out = np.isin(days, named[start : start + held_out])
        reference = profile(frame[~out], kinds, days[~out])
        found = drift(count(frame[out], reference, held_out), reference, a_spec())
        assert not found.alarm


def test_early_february_has_few_columns_beyond_january(january, flights):
    frame, kinds, days = january
    reference = profile(frame, kinds, days)
    batch, spec = pd.read_parquet(flights.batches[0]), flights_spec()
    report = drift(count(canonical(batch, spec, kinds), reference, 16), reference, spec)
    assert sum(c.alarm for c in report.columns) <= 3
    assert not report.alarm


def test_july_has_drifted_from_january(january, flights):
    frame, kinds, days = january
    reference = profile(frame, kinds, days)
    batch, spec = pd.read_parquet(flights.batches[10]), flights_spec()
    report = drift(count(canonical(batch, spec, kinds), reference, 16), reference, spec)
    assert {"temp", "dewp"} <= {c.column for c in report.columns if c.alarm}
    assert report.alarm
