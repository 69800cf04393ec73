import numpy as np
import pytest

from incumbent.model.baseline import evaluate_baseline, read_held_out
from incumbent.model.training import train
from incumbent.model.windows import split
from tests.unit.builders import a_frame, a_spec, canonical_rows

SPEC = a_spec(timestamp="t", id="i")


@pytest.mark.parametrize(("days", "lent"), [(1, True), (4, True), (5, False)])
def test_a_baseline_of_few_days_borrows_the_noise_of_the_one_before(days, lent):
    rows, kinds = canonical_rows(a_frame(), SPEC)
    model = train(rows, SPEC, kinds)
    newest, before = rows.iloc[-8 * days :], model.card.baseline
    alone = evaluate_baseline(model.pipeline, newest, SPEC, kinds).baseline
    made = evaluate_baseline(model.pipeline, newest, SPEC, kinds, before).baseline
    for name in ("loss", "gap"):
        mine, known = getattr(made, name), getattr(before, name)
        assert (mine.value, mine.blocks) == (getattr(alone, name).value, days)
        if lent:
            assert mine.standard_error >= known.standard_error * np.sqrt(known.blocks / days)
            assert mine.known_from >= known.blocks
        else:
            assert mine == getattr(alone, name)


def test_the_rows_that_judged_are_read_back_with_what_was_said_of_them():
    rows, kinds = canonical_rows(a_frame(), SPEC)
    features, judged = read_held_out(train(rows, SPEC, kinds))
    _, tail = split(rows, SPEC)
    assert list(features.columns) == list(kinds)
    assert len(features) == len(judged.values) == len(judged.blocks) == len(tail)
    np.testing.assert_allclose(judged.values.sum(axis=1), 1)
    np.testing.assert_array_equal(judged.truth, (tail["y"] == "1").to_numpy(float))
