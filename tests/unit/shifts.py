"""A small world whose inputs, answers or shares of classes can be moved one at a time."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from incumbent.monitoring.attribution import Sample
from incumbent.params import Task
from incumbent.statistics.metrics import row_losses

BLOCKS = 30


def draw(random, n, *, shift=0.0, concept=0.0, prior=None):
    """Features (n, 3) and classes (n,): a shift of the first one, another rule, other shares."""
    if prior is not None:
        features, truth = draw(random, 12 * n)
        positive, negative = np.flatnonzero(truth == 1), np.flatnonzero(truth == 0)
        drawn = [
            random.choice(positive, round(prior * n), replace=False),
            random.choice(negative, n - round(prior * n), replace=False),
        ]
        kept = random.permutation(np.concatenate(drawn))
        return features[kept], truth[kept]
    features = random.normal(size=(n, 3))
    features[:, 0] += shift
    score = 1.2 * (1 - 2 * concept) * features[:, 0] + features[:, 1]
    score += 1.5 * concept * features[:, 2] - 1.7
    return features, (random.random(n) < 1 / (1 + np.exp(-score))).astype(float)


def fitted(random, n=4_000):
    """A model of the unmoved world."""
    features, truth = draw(random, n)
    model = HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=8, random_state=0)
    return model.fit(features, truth)


def sample_of(model, features, truth):
    """Rows as the attribution takes them."""
    values = model.predict_proba(features)
    losses = row_losses(values, truth, Task.BINARY)["log_loss"]
    known = np.column_stack([features, values[:, 1]])
    return Sample(known, losses, truth, np.arange(len(truth)) % BLOCKS)
