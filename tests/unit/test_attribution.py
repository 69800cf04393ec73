from collections import Counter

import numpy as np
import pytest
from scipy.stats import binom

from incumbent.monitoring.attribution import Sample, attribute, prior_alone
from incumbent.records import Cause
from tests.unit.shifts import draw, fitted, sample_of

CONFIDENCE = 0.95
SEEDS = 6
ROWS = 1_500


def attributions(seeds=SEEDS, **moved):
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        model = fitted(random)
        reference = sample_of(model, *draw(random, ROWS))
        batch = sample_of(model, *draw(random, ROWS, **moved))
        yield attribute(reference, batch, CONFIDENCE, seed=0)


def share(found, part):
    """The share of the change that all seeds together give to a part."""
    parts = {
        name: abs(np.mean([getattr(a, name).value for a in found]))
        for name in ("covariate", "conditional")
    }
    return parts[part] / sum(parts.values())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "moved"), [("covariate", {"shift": 1.0}), ("conditional", {"concept": 0.4})]
)
def test_what_moved_alone_is_given_the_change(part, moved):
    found = list(attributions(seeds=3, **moved))
    assert share(found, part) >= 0.8
    assert Counter(a.cause.value for a in found).most_common(1)[0][0] == part
    for a in found:
        assert a.covariate.value + a.conditional.value == pytest.approx(a.change.value)


@pytest.mark.slow
def test_other_shares_of_the_classes_are_named():
    named = sum(a.cause is Cause.PRIOR for a in attributions(prior=0.5))
    assert named >= binom.ppf(0.01, SEEDS, 0.9)


@pytest.mark.slow
def test_where_nothing_moved_nothing_is_named():
    named = sum(a.cause is not Cause.NONE for a in attributions())
    assert named <= binom.ppf(0.99, SEEDS, 2 * (1 - CONFIDENCE))


@pytest.fixture(scope="module")
def world():
    random = np.random.default_rng(1)
    return random, fitted(random)


def test_with_too_few_rows_nothing_is_split(world):
    random, model = world
    few = sample_of(model, *draw(random, 199))
    found = attribute(few, sample_of(model, *draw(random, 500)), CONFIDENCE, seed=0)
    assert (found.cause, found.covariate, found.conditional) == (Cause.AMBIGUOUS, None, None)


def test_samples_without_a_row_in_common_are_ambiguous(world):
    random, model = world
    reference = sample_of(model, *draw(random, 500))
    far = sample_of(model, *draw(random, 500, shift=30.0))
    found = attribute(reference, far, CONFIDENCE, seed=0)
    assert found.overlap < 0.1
    assert (found.cause, found.conditional) == (Cause.AMBIGUOUS, None)


def test_a_class_that_the_reference_lacks_is_no_prior_shift(world):
    random, model = world
    reference, batch = (sample_of(model, *draw(random, 500)) for _ in range(2))
    negative = reference.truth == 0
    lacking = Sample(
        reference.features[negative],
        reference.losses[negative],
        reference.truth[negative],
        reference.blocks[negative],
    )
    assert prior_alone(lacking, batch, CONFIDENCE, seed=0) is None


def test_a_regression_has_no_shares_of_classes(world):
    random, model = world
    reference, batch = (sample_of(model, *draw(random, 500)) for _ in range(2))
    plain = Sample(reference.features, reference.losses, None, reference.blocks)
    assert prior_alone(plain, batch, CONFIDENCE, seed=0) is None


def test_the_same_seed_gives_the_same_answer(world):
    random, model = world
    samples = [sample_of(model, *draw(random, 400)) for _ in range(2)]
    assert attribute(*samples, CONFIDENCE, seed=3) == attribute(*samples, CONFIDENCE, seed=3)


def test_missing_features_are_no_obstacle(world):
    random, model = world
    samples = [sample_of(model, *draw(random, 400)) for _ in range(2)]
    for sample in samples:
        sample.features[::5, 0] = np.nan
    assert attribute(*samples, CONFIDENCE, seed=0).conditional is not None
