from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incumbent.monitoring.drift.together import (
    FEWEST_ROWS,
    MOST_COLUMNS,
    MOST_ROWS,
    bins_of,
    maximal_correlation,
    moved_together,
    rows_of_frame,
    with_groups,
)
from incumbent.records import ColumnDrift, DriftReport


def normal_pair(correlation, n=100_000):
    random = np.random.default_rng(0)
    x, noise = random.normal(size=(2, n))
    return x, correlation * x + np.sqrt(1 - correlation**2) * noise


def correlation_of(x, y):
    return maximal_correlation(bins_of(x, ordered=True), bins_of(y, ordered=True))


@pytest.mark.parametrize("correlation", [-0.9, 0.0, 0.5, 0.8])
def test_of_normal_variables_it_is_the_size_of_their_correlation(correlation):
    assert correlation_of(*normal_pair(correlation)) == pytest.approx(abs(correlation), abs=0.03)


def test_of_two_by_two_categories_it_is_phi():
    # R: sqrt(chisq.test(matrix(c(30, 10, 20, 40), 2), correct = FALSE)$statistic / 100) = 0.4082483
    a, b = np.repeat([0, 0, 1, 1], [30, 20, 10, 40]), np.repeat([0, 1, 0, 1], [30, 20, 10, 40])
    assert maximal_correlation(a, b) == pytest.approx(0.4082483, abs=1e-7)


def test_a_relation_that_no_line_shows_is_seen():
    x, _ = normal_pair(0)
    assert correlation_of(x, x**2) > 0.8


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60))
def test_it_lies_between_0_and_1_and_is_the_same_both_ways(pairs):
    a, b = (np.unique(side, return_inverse=True)[1] for side in zip(*pairs, strict=True))
    found = maximal_correlation(a, b)
    assert 0 <= found <= 1
    assert found == pytest.approx(maximal_correlation(b, a), abs=1e-9)
    if len(np.unique(a)) > 1:
        assert maximal_correlation(a, a) == pytest.approx(1)


@given(
    st.lists(st.one_of(st.floats(-5, 5), st.just(np.nan), st.just(np.inf)), min_size=1),
    st.booleans(),
)
def test_every_bin_is_in_use(values, ordered):
    bins = bins_of(np.array(values), ordered=ordered)
    assert np.unique(bins).tolist() == list(range(int(bins.max()) + 1))


def test_one_row_in_two_rare_bins_is_no_relation():
    x, y = (v.copy() for v in normal_pair(0, 4_000))
    x[7] = y[7] = np.nan
    assert correlation_of(x, y) < 0.2


def test_nulls_in_the_same_rows_are_a_relation():
    x, y = (v.copy() for v in normal_pair(0, 4_000))
    x[:400] = y[:400] = np.nan
    rows = np.column_stack([x, y])
    assert moved_together(rows, ["x", "y"], [True, True]) == (("x", "y"),)


def test_groups_are_linked_through_others_and_hold_two_at_least():
    random = np.random.default_rng(0)
    x, y, alone = random.normal(size=(3, FEWEST_ROWS))
    other = random.integers(0, 3, FEWEST_ROWS).astype(float)
    rows = np.column_stack([x, other, x + y, alone, y, (other + 1) % 3])
    ordered = [True, False, True, True, True, False]
    found = moved_together(rows, list("abcdef"), ordered)
    assert found == (("a", "c", "e"), ("b", "f"))
    assert moved_together(rows[1:], list("abcdef"), ordered) == ()


@pytest.mark.parametrize("seed", range(10))
def test_independent_columns_are_in_no_group(seed):
    rows = np.random.default_rng(seed).normal(size=(FEWEST_ROWS, 10))
    assert moved_together(rows, list("abcdefghij"), [True] * 10) == ()


def a_report(alarms):
    columns = [
        ColumnDrift(f"x{i}", "numeric", 0.3, 0.0, 0.0, 0.1, alarm=i < alarms) for i in range(30)
    ]
    return DriftReport(tuple(columns), 0.1, None, alarm=True, rows={})


@pytest.mark.parametrize(("alarms", "asked"), [(0, 0), (1, 0), (2, 2), (30, MOST_COLUMNS)])
def test_only_columns_in_alarm_are_asked_for(alarms, asked):
    seen = []

    def rows_of(names, ordered):
        seen.extend(names)
        return np.tile(np.arange(1_000.0)[:, None], (1, len(names)))

    found = with_groups(a_report(alarms), rows_of)
    assert len(seen) == asked
    assert found == replace(a_report(alarms), together=(tuple(seen),) if asked else ())


def test_rows_of_a_frame_are_evenly_spaced_numbers_and_codes():
    n = 2 * MOST_ROWS + 1
    frame = pd.DataFrame({"x": np.arange(n), "c": pd.Series(["b", None, "a"] * (n // 3 + 1))[:n]})
    found = rows_of_frame(frame, ["c", "x"], [False, True])
    assert found[:3, 1].tolist() == [0, 3, 6]
    assert len(found) <= MOST_ROWS
    codes = rows_of_frame(frame.head(6), ["c"], [False])[:, 0]
    assert np.array_equal(codes, [1, np.nan, 0] * 2, equal_nan=True)
