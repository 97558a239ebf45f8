"""Splits that leak, made by hand: the audit refuses them and not their honest twins."""

import numpy as np
import pytest

from xq.errors import UsageError
from xq.validation import labels
from xq.validation.splits import Split, excluded, ranges_of

ROWS, REACH, EMBARGO = 300, 6, 8
ENDS = np.minimum(np.arange(ROWS) + REACH, ROWS - 1)


def test_shuffled_folds_share_bars_and_folds_in_order_do_not() -> None:
    held = np.random.default_rng(1).permutation(ROWS) < ROWS // 5
    shuffled = Split(ranges_of(~held), ranges_of(held))
    assert labels.overlaps(shuffled, ENDS) > ROWS // 2
    assert all(labels.overlaps(split, ENDS) == 0 for split in labels.folds(ENDS, 5))


def test_a_walk_without_a_purge_shares_the_bars_of_its_last_labels() -> None:
    bare = Split((range(200),), (range(200, 250),))
    assert labels.overlaps(bare, ENDS) == REACH
    purged = list(labels.forward_folds(ENDS, 200, 50))
    assert purged
    assert all(labels.overlaps(split, ENDS) == 0 for split in purged)


def test_folds_without_an_embargo_learn_from_what_follows_the_test() -> None:
    def learned(split: Split) -> int:
        return int(excluded(ENDS, split.tests, EMBARGO)[split.train_rows].sum())

    assert sum(learned(split) for split in labels.folds(ENDS, 5)) == 4 * EMBARGO
    assert not any(learned(split) for split in labels.folds(ENDS, 5, embargo=EMBARGO))


def test_labels_that_do_not_say_when_they_end_are_not_split() -> None:
    with pytest.raises(UsageError, match="labels without their end"):
        list(labels.folds(None, 5))
