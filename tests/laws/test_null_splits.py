"""On random walks nobody can tell tomorrow: shuffled folds say so of nobody, purged ones do."""

import numpy as np
from scipy.stats import rankdata

from xq.validation import labels
from xq.validation.splits import Split, ranges_of

ROWS, REACH, WALKS, NEIGHBOURS = 400, 20, 200, 5
ENDS = np.minimum(np.arange(ROWS) + REACH, ROWS - 1)


def walk(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of the past twenty rows, and whether the next twenty rise."""
    steps = np.random.default_rng(seed).normal(size=ROWS + 2 * REACH)
    price = np.concatenate(([0.0], np.cumsum(steps)))
    at = np.arange(REACH, REACH + ROWS)
    features = np.stack([price[at] - price[at - back] for back in (5, 10, 20)], axis=1)
    return features, (price[at + REACH] > price[at]).astype(float)


def told(split: Split, features: np.ndarray, rose: np.ndarray) -> np.ndarray:
    """(2, n): of each tested row the share of the nearest learned ones that rose, and the truth."""
    train, test = split.train_rows, split.test_rows
    apart = np.linalg.norm(features[test, None] - features[None, train], axis=2)
    score = rose[train][np.argpartition(apart, NEIGHBOURS)[:, :NEIGHBOURS]].mean(axis=1)
    return np.stack([score, rose[test]])


def auc(answers: list[np.ndarray]) -> float:
    """Of all walks together: inside one, past and future of neighbouring rows are related."""
    score, rose = np.concatenate(answers, axis=1)
    truth = rose > 0
    up, down = truth.sum(), (~truth).sum()
    return float((rankdata(score)[truth].sum() - up * (up + 1) / 2) / (up * down))


def shuffled(seed: int) -> Split:
    held = np.random.default_rng(seed).permutation(ROWS) < ROWS // 5
    return Split(ranges_of(~held), ranges_of(held))


def test_purged_folds_find_nothing_where_shuffled_ones_find_an_edge() -> None:
    naive, purged = [], []
    for seed in range(WALKS):
        market = walk(seed)
        naive.append(told(shuffled(seed), *market))
        purged += [told(split, *market) for split in labels.folds(ENDS, 5, embargo=REACH)]
    assert auc(naive) > 0.6
    assert abs(auc(purged) - 0.5) < 0.02
